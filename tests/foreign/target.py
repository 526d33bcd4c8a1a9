"""A service that a client is pointed at, with images loaded, and the environment in which the client runs."""

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from foreign.images import write_archives
from foreign.outcomes import Outcome, of_junit, of_lines
from service import Service, running

SUITE_SECONDS = 900
TEST_SECONDS = 60
_PLUGIN = "restore"


@dataclass(frozen=True)
class Target:
    """A running service, and a folder for what a client writes."""

    service: Service
    folder: Path
    archives: Mapping[str, Path]

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a client: a home of its own, and the service as its engine."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder / "home"),
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
            "DOCKER_HOST": self.service.address,
            "DOCKER_SOCKET": str(self.service.socket),
            "ENGINE_SOCKET": str(self.service.socket),
            "ARCHIVES": json.dumps({name: str(file) for name, file in self.archives.items()}),
        }

    def suite(self, python: Path, checkout: Path, *arguments: str) -> list[Outcome]:
        """Run tests of a checkout by pytest, as they are."""
        report = self.folder / "report.xml"
        plugin = ("-p", _PLUGIN, "-p", "no:cacheprovider", "-o", "addopts=", "--timeout", str(TEST_SECONDS))
        command = [str(python), "-m", "pytest", "-q", *plugin, "--junit-xml", str(report), *arguments]
        environment = self.environment | {"PYTHONPATH": str(Path(__file__).parent / "plugins")}
        done = self._run(command, checkout, environment)
        if not report.is_file():
            raise RuntimeError(f"pytest reported nothing:\n{done.stdout}{done.stderr}")
        return of_junit(report)

    def script(self, *command: str, **more: str) -> list[Outcome]:
        """Run a program that prints a line of JSON for each call that it made."""
        return of_lines(self.output(*command, **more))

    def output(self, *command: str, **more: str) -> str:
        """Run a program that must succeed; return what it printed."""
        done = self._run(list(command), self.folder, self.environment | more)
        if done.returncode != 0:
            raise RuntimeError(f"{command[0]} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def _run(self, command: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, timeout=SUITE_SECONDS, check=False
        )


@contextmanager
def target(folder: Path) -> Iterator[Target]:
    """Serve a new data root below a folder, with the images loaded."""
    archives = write_archives(folder / "archives")
    # Without a file of settings, docker-py keeps its contexts in the folder where it runs.
    settings = folder / "home" / ".docker" / "config.json"
    settings.parent.mkdir(parents=True)
    settings.write_text("{}")
    with running(folder / "data") as service:
        for archive in archives.values():
            answer = service.call("POST", "/images/load", archive.read_bytes())
            assert answer.status == 200, answer.body
        yield Target(service, folder, archives)
