"""Installs what foreign clients consist of, in pinned versions: each in a folder of its own below .clients."""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]
PARTS = Path(__file__).parent / "parts"
CALLS = Path(__file__).parent / "calls"
FOLDER = CHECKOUT / ".clients"


class Missing(Exception):
    """What a client needs is not on this machine; the message says what to do."""


def program(name: str, to_do: str) -> str:
    """Return the path of a program. Raises Missing."""
    found = shutil.which(name)
    if found is None:
        raise Missing(f"{name} is not installed: {to_do}")
    return found


def python(name: str) -> Path:
    """Return the Python of an environment with the packages of parts/NAME.txt."""
    requirements = PARTS / f"{name}.txt"

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "venv", str(folder))
        _run(str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(requirements))

    return _once(name, requirements.read_bytes(), install) / "bin" / "python"


def source(name: str, package: str) -> Path:
    """Return the folder of a source package of PyPI (`aiodocker==0.27.0`), unpacked."""

    def install(folder: Path) -> None:
        # Not ":all:", which would build what is needed to read the package from source, too: for minutes.
        options = ("--quiet", "--no-deps", "--no-binary", package.partition("==")[0], "--dest", str(folder))
        _run(sys.executable, "-m", "pip", "download", *options, package)
        with tarfile.open(next(folder.glob("*.tar.gz"))) as archive:
            # An attribute and not extractall(filter=), which Debian 12's Python 3.11.2 does not know yet.
            archive.extraction_filter = getattr(tarfile, "data_filter", None)
            archive.extractall(folder)

    return next(path for path in _once(name, package.encode(), install).iterdir() if path.is_dir())


def collections() -> Path:
    """Return a folder with the collections that parts/collections.txt names, out of the package on its first line."""
    recipe = PARTS / "collections.txt"
    package, *wanted = recipe.read_text().split()

    def install(folder: Path) -> None:
        _run(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", str(folder), package)
        wheel = next(folder.glob("*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            paths = tuple(f"ansible_collections/{name.replace('.', '/')}/" for name in wanted)
            archive.extractall(folder, (name for name in archive.namelist() if name.startswith(paths)))
        wheel.unlink()

    return _once("ansible-collections", recipe.read_bytes(), install)


def node_modules() -> Path:
    """Return a folder with the packages of parts/package-lock.json, which names no registry. Raises Missing."""
    npm = program("npm", "apt-get install npm")

    def install(folder: Path) -> None:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(PARTS / name, folder)
        _run(npm, "ci", "--silent", "--ignore-scripts", "--no-audit", "--no-fund", cwd=folder)

    return _once("node", (PARTS / "package-lock.json").read_bytes(), install)


def debian(package: str) -> Path:
    """Return the folder that a package of Debian is unpacked in: nothing is installed or started. Raises Missing."""
    get, unpack = (program(name, f"{package} is had from Debian's packages only") for name in ("apt-get", "dpkg-deb"))

    def install(folder: Path) -> None:
        try:
            _run(get, "download", "-qq", package, cwd=folder)
        except Missing:  # as on a new machine, which has no lists of packages
            _run(get, "update", "-qq")
            _run(get, "download", "-qq", package, cwd=folder)
        _run(unpack, "-x", str(next(folder.glob("*.deb"))), str(folder))

    return _once(package, package.encode(), install)


def _once(name: str, recipe: bytes, install: Callable[[Path], None]) -> Path:
    """Install into a new folder, unless that is done with the same recipe; what was stopped midway is made again."""
    folder, done = FOLDER / name, FOLDER / name / ".installed"
    digest = hashlib.sha256(recipe).hexdigest()
    if done.is_file() and done.read_text() == digest:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    install(folder)
    done.write_text(digest)
    return folder


def _run(*command: str, cwd: Path | None = None) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise Missing(f"{' '.join(command)} failed:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
