"""Matches the keys of JSON objects to the fields of documents, and merges repeated keys, as Go's encoding/json does.

A field is found by its exact name, else by its name folded in case; the keys of maps are never folded. A key that comes
again adds to a struct or a map and replaces anything else. null sets a pointer, a slice or a map to nil and leaves the
rest alone.
"""

from collections.abc import Callable, Iterable
from functools import cache
from typing import Annotated, Any, get_args, get_origin

from pydantic import TypeAdapter, ValidationError

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import bare_type, is_nilable

JsonObject = dict[str, Any]
_Pairs = Iterable[tuple[str, Any]]
_Reader = Callable[[Any], Any]


class Repeated(JsonObject):
    """A JSON object in which a key comes twice: the last value of each, and in `pairs` all of them in order."""

    __slots__ = ("pairs",)

    def __init__(self, pairs: _Pairs) -> None:
        self.pairs = list(pairs)
        super().__init__(self.pairs)

    def extend(self, pairs: _Pairs) -> None:
        """Add the pairs of a later object for the same struct or map."""
        more = list(pairs)
        self.pairs += more
        self.update(more)


def object_of(pairs: list[tuple[str, Any]]) -> JsonObject:
    """Return the JSON object of these pairs; repeated keys are kept."""
    found = dict(pairs)
    return found if len(found) == len(pairs) else Repeated(pairs)


def fold(model: type[Document], source: JsonObject) -> JsonObject:
    """Return the fields that the object sets, in the model's spelling. Types are checked by the model, not here."""
    return _fields_of(model).fold(source)


class _Field:
    """One field of a document: how it is read, and what a second value for it does."""

    def __init__(self, model: type[Document], name: str) -> None:
        info = model.model_fields[name]
        self.name = info.alias or name
        self.nilable = is_nilable(info.annotation)
        self.read = _reader(info.annotation)
        kind = bare_type(info.annotation)
        self.merges = _is_document(kind) or get_origin(kind) is dict
        self._type: Any = Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
        self._adapter: TypeAdapter[Any] | None = None

    def accepts(self, value: object) -> bool:
        """Return whether the value is valid for this field."""
        if self._adapter is None:
            self._adapter = TypeAdapter(self._type)
        try:
            self._adapter.validate_python(self.read(value) if self.read else value, strict=True)
        except ValidationError:
            return False
        return True


class _Fields:
    """The fields of a document, by the names they may have in JSON."""

    def __init__(self, model: type[Document]) -> None:
        own = [_Field(model, name) for name in model.model_fields if name not in model.EMBEDDED]
        self._exact = {field.name: field for field in own}
        self._folded = {_folded(field.name): field for field in own}
        self._readers = tuple((field.name, field.read) for field in own if field.read)
        self._embedded = {
            name: bare_type(model.model_fields[name].annotation)
            for name in model.model_fields
            if name in model.EMBEDDED
        }
        # Where two embedded structs have a field of the same name, Go ignores both; Config and HostConfig share none.
        self._owners = {key: name for name, part in self._embedded.items() for key in _fields_of(part).names()}
        self._owners |= dict.fromkeys(self.names(), "")
        self.fold = self._unpack if self._embedded else self._read

    def names(self) -> Iterable[str]:
        return (*self._exact, *self._folded)

    def _read(self, source: JsonObject) -> JsonObject:
        """Return the fields that the object sets, including those of nested documents and maps."""
        if type(source) is dict and source.keys() <= self._exact.keys():
            found = {name: value for name, value in source.items() if value is not None}
        else:
            found = self._match(source)
        for name, read in self._readers:
            if value := found.get(name):
                found[name] = read(value)
        return found

    def _unpack(self, source: JsonObject) -> JsonObject:
        """Do the same for a document with embedded ones; any key of an embedded one makes it present, even null."""
        owners = self._owners
        parts: dict[str, list[tuple[str, Any]]] = {"": []}
        for pair in _pairs_of(source):
            owner = owners.get(pair[0])
            if owner is None and (owner := owners.get(_folded(pair[0]))) is None:
                continue
            if owner in parts:
                parts[owner].append(pair)
            else:
                parts[owner] = [pair]
        found = self._read(object_of(parts.pop("")))
        for owner, pairs in parts.items():
            found[owner] = fold(self._embedded[owner], object_of(pairs))
        return found

    def _match(self, source: JsonObject) -> JsonObject:
        found: JsonObject = {}
        refused: set[str] = set()
        for key, value in _pairs_of(source):
            field = self._exact.get(key) or self._folded.get(_folded(key))
            if field is None:
                continue
            if field.name in found:
                _set_again(field, found, value, refused)
            elif value is not None:
                found[field.name] = value
        return found


def _set_again(field: _Field, found: JsonObject, value: object, refused: set[str]) -> None:
    name, earlier = field.name, found[field.name]
    if name in refused or (value is None and not field.nilable):
        return
    if field.merges and isinstance(earlier, dict) and isinstance(value, dict):
        if not isinstance(earlier, Repeated):
            earlier = found[name] = Repeated(earlier.items())
        earlier.extend(_pairs_of(value))
    elif not field.accepts(earlier):
        # Go decodes on after a wrong value and refuses the body in the end. The value is kept, so that it is reported.
        refused.add(name)
    elif value is None:
        del found[name]
    else:
        found[name] = value


def _reader(annotation: Any) -> _Reader | None:
    kind = bare_type(annotation)
    if _is_document(kind):
        read = _fields_of(kind).fold
        return lambda value: read(value) if isinstance(value, dict) else value
    if get_origin(kind) is dict:
        return _map_reader(get_args(kind)[1])
    element = _reader(get_args(kind)[0]) if get_origin(kind) is list else None
    if element is None:
        return None
    return lambda value: [element(member) for member in value] if type(value) is list else value


def _map_reader(annotation: Any) -> _Reader:
    read = _reader(annotation)
    adapter: TypeAdapter[Any] = TypeAdapter(dict[str, annotation])

    def accepts(value: object) -> bool:
        try:
            adapter.validate_python({"": value}, strict=True)
        except ValidationError:
            return False
        return True

    def read_map(value: Any) -> Any:
        if type(value) is dict:
            return {key: read(member) for key, member in value.items()} if read else value
        if not isinstance(value, Repeated):
            return value
        pairs = [(key, read(member) if read else member) for key, member in value.pairs]
        # The last value of a key counts, unless an earlier one has the wrong type: that must be reported.
        return dict(pairs) | {key: member for key, member in pairs if not accepts(member)}

    return read_map


def _pairs_of(source: JsonObject) -> _Pairs:
    return source.pairs if isinstance(source, Repeated) else source.items()


def _is_document(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Document)


def _folded(key: str) -> str:
    # Go folds two letters into ASCII: U+212A (K), as lower() does, and U+017F (s).
    return key.lower().replace("\u017f", "s")


@cache
def _fields_of(model: type[Document]) -> _Fields:
    return _Fields(model)
