"""Archives of Docker before 1.10: a folder for each layer, with a configuration of its own, and a file `repositories`.

Such an image is given the configuration that Docker makes of it, with the layers and the history of all its folders,
and so has Docker's ID (moby image/v1 MakeConfigFromV1Config and HistoryFromConfig).
"""

from collections.abc import Mapping

from statesvc.domain.documents import Config, Document
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.go.text import dumps
from statesvc.domain.image_config import HistoryEntry, read_first_json
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.entries import Entries
from statesvc.services.images.archive.manifest import Item, check_count

REPOSITORIES = "repositories"
_FOLDERS_MAX = 128  # no more layers can be mounted on each other
_DROPPED = frozenset({"id", "parent", "Size", "parent_id", "layer_id", "throwaway"})


class _Layer(Document):
    id: str = ""
    parent: str = ""
    created: str | None = None
    author: str = ""
    comment: str = ""
    container_config: Config | None = None


def items(entries: Entries) -> list[Item]:
    """Return the images that `repositories` names, and those that no other is built on, by their folders.

    Docker records those that others are built on as well, but shows them only where it is asked for all.
    Raises InvalidParameter for what does not fit together.
    """
    layers = _Layers(entries)
    folders = entries.folders()
    parents = {layers.layer(folder).parent for folder in folders}
    tags: dict[str, list[str]] = {folder: [] for folder in folders if folder not in parents}
    for name, of_name in _object(entries, REPOSITORIES).items():
        if not isinstance(of_name, dict) or not all(isinstance(folder, str) for folder in of_name.values()):
            raise InvalidParameter(f"invalid archive: {REPOSITORIES} must have the folder of each tag of a repository")
        for tag, folder in of_name.items():
            tags.setdefault(folder, []).append(f"{name}:{tag}")
    check_count(len(tags) + sum(map(len, tags.values())))
    found, size = [], 0
    for folder, texts in sorted(tags.items()):
        found.append(layers.image(folder, texts))
        size += len(found[-1].config)
        if size > LIMITS.archive_documents_bytes:
            most = LIMITS.archive_documents_bytes
            raise InvalidParameter(f"invalid archive: its images' configurations have more than {most} bytes")
    return found


class _Layers:
    """The folders of an archive, each read once."""

    def __init__(self, entries: Entries) -> None:
        self._entries = entries
        self._read: dict[str, tuple[_Layer, dict[str, object]]] = {}

    def layer(self, folder: str) -> _Layer:
        """Return the layer in a folder. Raises InvalidParameter if there is none."""
        return self._found(folder)[0]

    def image(self, folder: str, tags: list[str]) -> Item:
        """Return the image whose highest layer is in a folder, under the configuration that Docker makes of it."""
        folders = self._folders(folder)
        layers = [f"{one}/layer.tar" for one in folders]
        own = _object(self._entries, f"{folder}/json")
        configuration = {key: value for key, value in own.items() if key not in _DROPPED}
        configuration["rootfs"] = {"type": "layers", "diff_ids": [self._entries.layer(name).diff_id for name in layers]}
        configuration["history"] = [self._found(one)[1] for one in folders]
        return Item(dumps(dict(sorted(configuration.items()))), tags, layers, is_told=False)

    def _folders(self, folder: str) -> list[str]:
        """Return the folders of the layers, the lowest first. Raises InvalidParameter if one is its own ancestor."""
        found: list[str] = []
        while folder:
            if len(found) >= _FOLDERS_MAX:
                raise InvalidParameter(f"invalid archive: an image has more than {_FOLDERS_MAX} layers")
            found.append(folder)
            folder = self.layer(folder).parent
        return found[::-1]

    def _found(self, folder: str) -> tuple[_Layer, dict[str, object]]:
        if folder not in self._read:
            layer = decode_value(_Layer, dict(_object(self._entries, f"{folder}/json")))
            self._read[folder] = layer, _history(layer)
        return self._read[folder]


def _history(layer: _Layer) -> dict[str, object]:
    ran = layer.container_config.Cmd if layer.container_config else None
    entry = HistoryEntry(
        created=layer.created, created_by=" ".join(ran or ()), author=layer.author, comment=layer.comment
    )
    return entry.to_dict()


def _object(entries: Entries, name: str) -> Mapping[str, object]:
    raw = entries.document(name)
    value = None if raw is None else read_first_json(raw, name)
    if not isinstance(value, dict):
        raise InvalidParameter(f'invalid archive: it does not contain "{name}", or that is no object')
    return value
