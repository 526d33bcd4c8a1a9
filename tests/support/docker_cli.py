"""Runs the `docker` command line in tests."""

import subprocess
from dataclasses import dataclass

Done = subprocess.CompletedProcess[str]


@dataclass(frozen=True)
class DockerCli:
    """The `docker` command line with one service as its engine."""

    program: str
    environment: dict[str, str]

    def try_(self, *args: str, stdin: bytes | None = None) -> Done:
        """Run a command that may fail."""
        command = [self.program, *args]
        done = subprocess.run(command, env=self.environment, input=stdin, capture_output=True, timeout=60, check=False)
        return Done(command, done.returncode, done.stdout.decode(), done.stderr.decode())

    def __call__(self, *args: str, stdin: bytes | None = None) -> str:
        """Run a command that must succeed; return its output."""
        done = self.try_(*args, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout.rstrip("\n")

    def refused(self, *args: str) -> str:
        """Run a command that must fail; return its error output."""
        done = self.try_(*args)
        assert done.returncode != 0, done.stdout
        return done.stderr

    def begin(self, *args: str) -> subprocess.Popen[str]:
        """Start a command that runs until the test ends it."""
        return subprocess.Popen(
            [self.program, *args],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
