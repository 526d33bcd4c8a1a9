"""The base of Docker's documents: frozen models in Docker's field names, written as Go's encoding/json writes them."""

from typing import Any, ClassVar, Self, get_args, get_origin

import orjson
from pydantic import BaseModel, ConfigDict

from statesvc.domain.documents.go_types import bare_type, is_nilable

_new, _set = object.__new__, object.__setattr__  # looked up once: a request is copied many times


class Document(BaseModel):
    """A struct of Docker's API. A field that is absent has Go's zero value; None is a nil slice, map or pointer."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", validate_by_name=True, validate_by_alias=True)

    OMIT_EMPTY: ClassVar[frozenset[str]] = frozenset()
    """The fields that Go tags omitempty."""

    EMBEDDED: ClassVar[frozenset[str]] = frozenset()
    """The fields that are Go's embedded structs: in JSON, their fields stand among the document's own."""

    _compound: ClassVar[tuple[str, ...]] = ()
    _omit_zero: ClassVar[tuple[str, ...]] = ()
    _omit_nil: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def __pydantic_init_subclass__(cls, **_kwargs: object) -> None:
        kinds = {name: field.annotation for name, field in cls.model_fields.items()}
        pointers = {name for name, kind in kinds.items() if is_nilable(kind) and bare_type(kind) in (int, bool)}
        cls._compound = tuple(name for name, kind in kinds.items() if _is_compound(bare_type(kind)))
        cls._omit_zero = tuple(name for name in kinds if name in cls.OMIT_EMPTY - pointers)
        # A pointer to zero is not empty: {"Init": false} and {"StopTimeout": 0} are written.
        cls._omit_nil = tuple(name for name in kinds if name in cls.OMIT_EMPTY & pointers)

    def to_dict(self) -> dict[str, object]:
        """Return the document as Go encodes it: Docker's order, maps sorted. Lists are shared: do not modify them."""
        encoded = self.__dict__.copy()
        for name in self._omit_zero:
            if not encoded[name]:
                del encoded[name]
        for name in self._omit_nil:
            if encoded[name] is None:
                del encoded[name]
        # Last: a nested document that encodes to {} is not nil, so omitempty keeps it.
        for name in self._compound:
            if value := encoded.get(name):
                encoded[name] = _encode(value)
        return encoded

    def to_json(self) -> bytes:
        """Return the document as compact JSON in UTF-8, the same bytes for equal documents."""
        return orjson.dumps(self.to_dict())

    def copy_with(self, **changes: object) -> Self:
        """Return a copy with some fields replaced, the document itself if none is.

        The values are trusted, not validated; an unknown name raises TypeError.
        """
        if not changes:
            return self
        fields = self.__dict__
        state = fields | changes
        if len(state) != len(fields):
            raise TypeError(f"{type(self).__name__} has no field {', '.join(sorted(changes.keys() - fields.keys()))}")
        copy = _new(type(self))
        # What BaseModel.model_construct does, without its loop over all fields.
        _set(copy, "__dict__", state)
        _set(copy, "__pydantic_fields_set__", {*self.__pydantic_fields_set__, *changes})
        _set(copy, "__pydantic_extra__", None)
        _set(copy, "__pydantic_private__", None)
        return copy


def _is_compound(kind: Any) -> bool:
    if get_origin(kind) is list:
        return _is_compound(bare_type(get_args(kind)[0]))
    return get_origin(kind) is dict or (isinstance(kind, type) and issubclass(kind, Document))


def _encode(value: object) -> object:
    if isinstance(value, Document):
        return value.to_dict()
    if isinstance(value, dict):
        # Go sorts keys by their UTF-8 bytes, which is the order of code points, which is Python's.
        return {key: _encode(element) for key, element in sorted(value.items())}
    if isinstance(value, list):
        return [_encode(element) for element in value]
    return value
