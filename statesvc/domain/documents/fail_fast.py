"""Validators for large documents: each list and each map ends at its first mistake, so that mistakes stay few."""

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic_core import SchemaValidator

from statesvc.domain.documents.document import Document


@cache
def failing_fast(model: type[Document]) -> SchemaValidator:
    """Return the validator of a document that looks at nothing behind the first mistake in a list or a map."""
    # Nested documents would bring their own validators, which list every mistake.
    return SchemaValidator(_failing_fast(model.__pydantic_core_schema__), _use_prebuilt=False)


def _failing_fast(schema: Any) -> Any:
    if isinstance(schema, Mapping):
        made = {key: _failing_fast(value) for key, value in schema.items()}
        return made | {"fail_fast": True} if schema.get("type") in {"list", "dict"} else made
    if isinstance(schema, list | tuple):
        return type(schema)(map(_failing_fast, schema))
    return schema
