"""Archives of Docker before 1.10: a folder for each layer, with a configuration of its own, and a file `repositories`.

Such an image is given the configuration that Docker makes of it, with the layers and the history of all its folders,
and so has Docker's ID (moby image/v1 MakeConfigFromV1Config and HistoryFromConfig).
"""

from collections.abc import Mapping

from statesvc.domain.documents import Config, Document
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.go.text import dumps
from statesvc.domain.image_config import HistoryEntry, read_json
from statesvc.errors import InvalidParameter
from statesvc.services.images.archive.entries import Entries
from statesvc.services.images.archive.manifest import Item, checked

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
    """Return the images that `repositories` names. Raises InvalidParameter for what does not fit together."""
    tags: dict[str, list[str]] = {}
    for name, of_name in _object(entries, REPOSITORIES).items():
        if not isinstance(of_name, dict) or not all(isinstance(folder, str) for folder in of_name.values()):
            raise InvalidParameter(f"invalid archive: {REPOSITORIES} must have the folder of each tag of a repository")
        for tag, folder in of_name.items():
            tags.setdefault(folder, []).append(f"{name}:{tag}")
    return checked([_image(entries, folder, texts) for folder, texts in tags.items()])


def _image(entries: Entries, folder: str, tags: list[str]) -> Item:
    folders = _folders(entries, folder)
    layers = [f"{one}/layer.tar" for one in folders]
    configuration = {key: value for key, value in _object(entries, f"{folder}/json").items() if key not in _DROPPED}
    configuration["rootfs"] = {"type": "layers", "diff_ids": [entries.layer(name).diff_id for name in layers]}
    configuration["history"] = [_history(entries, one) for one in folders]
    return Item(dumps(dict(sorted(configuration.items()))), tags, layers)


def _folders(entries: Entries, folder: str) -> list[str]:
    """Return the folders of the layers, the lowest first. Raises InvalidParameter if one is its own ancestor."""
    found: list[str] = []
    while folder:
        if len(found) >= _FOLDERS_MAX:
            raise InvalidParameter(f"invalid archive: an image has more than {_FOLDERS_MAX} layers")
        found.append(folder)
        folder = _layer(entries, folder).parent
    return found[::-1]


def _layer(entries: Entries, folder: str) -> _Layer:
    return decode_value(_Layer, dict(_object(entries, f"{folder}/json")))


def _history(entries: Entries, folder: str) -> dict[str, object]:
    layer = _layer(entries, folder)
    ran = layer.container_config.Cmd if layer.container_config else None
    entry = HistoryEntry(
        created=layer.created, created_by=" ".join(ran or ()), author=layer.author, comment=layer.comment
    )
    return entry.to_dict()


def _object(entries: Entries, name: str) -> Mapping[str, object]:
    raw = entries.document(name)
    value = None if raw is None else read_json(raw, name)
    if not isinstance(value, dict):
        raise InvalidParameter(f'invalid archive: it does not contain "{name}", or that is no object')
    return value
