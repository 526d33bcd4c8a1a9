"""A disk whose power can be cut: an ext4 on a loop device, and copies of its image at the moment of the cut.

The image has what the kernel has handed to the device. What programs wrote and did not sync is only in the page cache
above it, and is missing in a copy of the image, as it would be on a disk after a power cut. The copy is taken again if
the kernel wrote to the device meanwhile, so that it shows one moment.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

SIZE = 192 << 20
TRIES = 50


def obstacle() -> str:
    """Return why no disk can be made here, "" if one can."""
    if os.geteuid() != 0:
        return "power cuts are left out: they need root, for a loop device and a mount"
    missing = [program for program in ("mkfs.ext4", "losetup", "mount", "umount") if shutil.which(program) is None]
    if missing:
        return f"power cuts are left out: {', '.join(missing)} is not here"
    if not Path("/dev/loop-control").exists():
        return "power cuts are left out: there are no loop devices here"
    return ""


def _run(*command: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(map(str, command))}: {done.stderr.strip()}")
    return done.stdout.strip()


@dataclass
class Disk:
    """A mounted file system in an image file."""

    image: Path
    mounted: Path
    cuts: int = 0
    _device: str = field(default="", init=False)

    @contextmanager
    def open(self) -> Iterator["Disk"]:
        """Make the file system, and keep it mounted inside the block."""
        with self.image.open("wb") as image:
            image.truncate(SIZE)
        _run("mkfs.ext4", "-q", "-F", self.image)
        self.mounted.mkdir()
        self._mount()
        try:
            yield self
        finally:
            self._unmount()

    def copy_of_now(self) -> Path:
        """Return a copy of the image as the device has it now, and had it while it was copied."""
        copy = self.image.with_suffix(".cut")
        for _ in range(TRIES):
            before = self._writes()
            _run("cp", "--sparse=always", self.image, copy)
            if self._writes() == before:
                return copy
            time.sleep(0.01)
        raise OSError(f"{self._device} is written to all the time: no copy shows one moment")

    def lose_power(self, copy: Path) -> None:
        """Put the copy in the place of the disk, and mount it: ext4 replays its journal. No file may be open."""
        self._unmount()
        copy.rename(self.image)
        self._mount()
        self.cuts += 1

    def _writes(self) -> tuple[str, str]:
        """Return how many writes the device has finished and how many are under way."""
        counters = Path(f"/sys/block/{Path(self._device).name}/stat").read_text().split()
        return counters[4], counters[8]

    def _mount(self) -> None:
        self._device = _run("losetup", "--find", "--show", self.image)
        try:
            _run("mount", "-t", "ext4", "-o", "noatime", self._device, self.mounted)
        except OSError:
            _run("losetup", "--detach", self._device)
            raise

    def _unmount(self) -> None:
        _run("umount", self.mounted)
        _run("losetup", "--detach", self._device)
