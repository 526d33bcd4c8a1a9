"""Mount points: where in a container a volume, a directory of the host or a tmpfs is mounted."""

import hashlib
import re
from typing import NamedTuple

import orjson

# What tells these folders from those of a layer, whose names are random.
_MARK = "0" * 8
_UNPACKED = re.compile(rf"/({_MARK}[0-9a-f]{{56}})/merged")


class MountPoint(NamedTuple):
    """What is mounted where. (A NamedTuple: one is made for every mount of a request, in half a dataclass's time.)

    `source` is the path on the host; `named` says that the user, not the service, named the volume. `shows_name` is
    false for an anonymous volume that `Binds` asks for: it has a name, but Docker shows none.
    """

    type: str
    destination: str
    source: str = ""
    name: str = ""
    driver: str = ""
    mode: str = ""
    rw: bool = True
    propagation: str = ""
    named: bool = True
    shows_name: bool = True

    @classmethod
    def of_document(cls, text: str, volume: str | None = None, *, named: bool) -> "MountPoint":
        """Return the mount point whose document this is, of a volume whose name the document need not have."""
        entry = orjson.loads(text)
        shown = entry.get("Name", "")
        return cls(
            entry["Type"],
            entry["Destination"],
            entry["Source"],
            shown or volume or "",
            entry.get("Driver", ""),
            entry["Mode"],
            entry["RW"],
            entry["Propagation"],
            named,
            shows_name=bool(shown) or not volume,
        )

    def document(self) -> str:
        """Return Docker's MountPoint as JSON."""
        return orjson.dumps(self.entry()).decode()

    def entry(self, *, listed: bool = False) -> dict[str, object]:
        """Return Docker's MountPoint. In a list, Docker leaves out the source of a volume it named itself."""
        entry: dict[str, object] = {"Type": self.type}
        if self.name and self.shows_name:
            entry["Name"] = self.name
        entry["Source"] = self.source if self.named or not listed else ""
        entry["Destination"] = self.destination
        if self.driver:
            entry["Driver"] = self.driver
        entry |= {"Mode": self.mode, "RW": self.rw, "Propagation": self.propagation}
        return entry


def unpacked_at(root: str, image_id: str) -> str:
    """Return where in the folder of a storage driver an engine is to unpack an image that is mounted."""
    return f"{root}/{folder_of_image(image_id)}/merged"


def folder_of_image(image_id: str) -> str:
    """Return the name of the folder of an image: not its ID, as Docker's are names of layers."""
    return _MARK + hashlib.sha256(image_id.encode()).hexdigest()[len(_MARK) :]


def folder_in(source: str) -> str:
    """Return the name of the folder of an image in a path as `unpacked_at` makes it, "" in another path."""
    match = _UNPACKED.search(source)
    return match[1] if match else ""
