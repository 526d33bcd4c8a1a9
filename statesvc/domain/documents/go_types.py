"""Go's types as Pydantic types: bounds, null elements, arrays of fixed length, Docker's own unmarshallers."""

from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin

from pydantic import BeforeValidator, Field

T = TypeVar("T")


def _null_strings_are_empty(value: object) -> object:
    if type(value) is list and None in value:
        return ["" if element is None else element for element in value]
    return value


def _null_lists_stay_lists(value: object) -> object:
    if type(value) is list:
        return [_null_strings_are_empty([] if element is None else element) for element in value]
    return value


def _one_string_is_a_list(value: object) -> object:
    return [value] if type(value) is str else _null_strings_are_empty(value)


def _null_values_are_empty(value: object) -> object:
    if isinstance(value, dict) and None in value.values():
        return {key: "" if element is None else element for key, element in value.items()}
    return value


def _null_structs_are_zero(value: object) -> object:
    # `None in value` would compare documents, field by field.
    if type(value) is list and any(element is None for element in value):
        return [{} if element is None else element for element in value]
    return value


def _content_is_ignored(value: object) -> object:
    return {} if value is None or isinstance(value, dict) else value


def _fit_two(value: object) -> object:
    if type(value) is list:
        return [0 if element is None else element for element in (*value, 0, 0)[:2]]
    return value


Int = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]
"""int and int64: Go's int has 64 bits on every machine that Docker Engine runs on."""

Uint16 = Annotated[int, Field(ge=0, le=2**16 - 1)]
Uint32 = Annotated[int, Field(ge=0, le=2**32 - 1)]
Uint64 = Annotated[int, Field(ge=0, le=2**64 - 1)]

Strings = Annotated[list[str], BeforeValidator(_null_strings_are_empty)]
"""[]string."""

StringLists = Annotated[list[list[str]], BeforeValidator(_null_lists_stay_lists)]
"""[][]string."""

StrSlice = Annotated[list[str], BeforeValidator(_one_string_is_a_list)]
"""strslice.StrSlice: a string stands for a list of one."""

StringMap = Annotated[dict[str, str], BeforeValidator(_null_values_are_empty)]
"""map[string]string."""

EmptyObject = Annotated[dict[str, object], BeforeValidator(_content_is_ignored)]
"""struct{}: any object, or null; its content is ignored."""

Structs = Annotated[list[T], BeforeValidator(_null_structs_are_zero)]
"""A slice of structs: null is a zero struct. A slice of pointers is a plain list, which refuses null."""

Pair = Annotated[list[Uint64], BeforeValidator(_fit_two)]
"""[2]uint: longer arrays are cut, shorter ones are filled up with zeros."""


def bare_type(annotation: Any) -> Any:
    """Return the type in an annotation, without None and Annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return bare_type(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return bare_type(next(member for member in get_args(annotation) if member is not NoneType))
    return annotation


def is_nilable(annotation: Any) -> bool:
    """Return whether Go's type is a pointer, a slice or a map, which null sets to nil."""
    return NoneType in get_args(annotation)
