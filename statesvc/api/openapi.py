"""The API as an OpenAPI description: docs/openapi.yaml is what `description` returns, and a test holds that.

Methods, paths and bodies are those of the routes; parameters are those that the docstring of a handler names.
"""

import re
from collections.abc import Iterable, Iterator

from pydantic.json_schema import models_json_schema

from statesvc import __version__
from statesvc.api.routing import OWN, Route
from statesvc.domain.api_version import NEWEST, OLDEST, render
from statesvc.domain.documents import Document

Json = dict[str, object]

_SCHEMAS = "#/components/schemas/"
_FAILED: Json = {"$ref": "#/components/responses/Error"}
_QUERY = re.compile(r"/\S*\?([\w=&-]+)")
_TEXT: Json = {"type": "string"}
_NUMBERS = frozenset({"after", "before", "h", "limit", "t", "untilSeq", "w"})
_SWITCHES = frozenset(
    """all details digests follow force link logs manifests noprune one-shot pause quiet shared-size size stderr stdin
    stdout stream timestamps v verbose""".split()
)
_REPEATED = frozenset({"changes", "names", "platforms", "type"})
_MEANINGS = {
    "filters": "JSON: an object of names of filters, each with an array of values",
    "platform": "an operating system with architecture and variant, as in `linux/arm64/v8`; JSON in newer versions",
    "t": "how many seconds to wait before the container is killed",
    "condition": "`not-running`, `next-exit` or `removed`",
    "since": "seconds since 1970, RFC 3339, or a duration before now",
    "until": "seconds since 1970, RFC 3339, or a duration before now",
}
_ERROR: Json = {
    "type": "object",
    "required": ["message"],
    "properties": {
        "message": {"type": "string", "description": "what was wrong, beginning with what Docker reports"},
        "errors": {
            "type": "array",
            "description": "every mistake of the request",
            "items": {
                "type": "object",
                "required": ["code", "field", "message"],
                "properties": {
                    "code": _TEXT,
                    "field": {"type": "string", "description": "where it is, as a JSON pointer"},
                    "message": _TEXT,
                    "value": {"description": "what was sent"},
                },
            },
        },
        "oldest": {"type": "integer", "description": "the first event that is kept (410)"},
        "damaged": {"type": "boolean", "description": "whether the stored object cannot be read (500)"},
    },
}
_ABOUT = (
    "Docker's Engine API over the state that statesvc keeps, and an API of the service's own under `{own}`. Docker's "
    "paths may begin with a version, as in `/v{newest}/info`: {oldest} to {newest} are answered. docs/api.md and "
    "docs/compatibility.md have more."
)


def description(routes: Iterable[Route]) -> Json:
    """Return the description of these routes, in OpenAPI 3.1."""
    routes = list(routes)
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    about = _ABOUT.format(own=OWN, oldest=render(OLDEST), newest=render(NEWEST))
    return {
        "openapi": "3.1.0",
        "info": {"title": "statesvc", "version": __version__, "description": about},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _schemas(routes),
            "responses": {"Error": {"description": "what was wrong", "content": _json("Error")}},
        },
    }


def parameters(route: Route) -> list[str]:
    """Return the names of the query parameters that the docstring of a route's handler has, or its documentation."""
    found = _QUERY.search(route.handler.__doc__ or "")
    named = re.findall(r"([\w-]+)=", found[1]) if found else ()
    return list(dict.fromkeys([*named, *(route.endpoint.query if route.endpoint else ())]))


def _operation(route: Route) -> Json:
    operation: Json = {
        "tags": ["statesvc" if route.path.startswith(OWN) else route.path.split("/")[1]],
        "operationId": re.sub(r"\W+", "_", f"{route.method.lower()}{route.path}").strip("_"),
    }
    if route.endpoint:
        operation["summary"] = route.endpoint.purpose
    if taken := list(_parameters(route)):
        operation["parameters"] = taken
    if route.body:
        operation["requestBody"] = {"content": _content(route.body)}
    return operation | {"responses": _responses(route)}


def _parameters(route: Route) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        yield {"name": name, "in": "path", "required": True, "schema": _TEXT}
    meanings = _MEANINGS | dict(route.endpoint.query if route.endpoint else {})
    for name in parameters(route):
        meaning: Json = {"description": meanings[name]} if name in meanings else {}
        yield {"name": name, "in": "query", **meaning, "schema": _schema(name)}


def _schema(parameter: str) -> Json:
    if parameter in _REPEATED:
        return {"type": "array", "items": _TEXT}
    if parameter in _NUMBERS:
        return {"type": "integer"}
    return {"type": "boolean"} if parameter in _SWITCHES else _TEXT


def _content(body: type[Document] | str) -> Json:
    if isinstance(body, str):
        return {body: {"schema": {"type": "string", "format": "binary"}}}
    return _json(body.__name__)


def _responses(route: Route) -> Json:
    # What an answer looks like in each version is Docker's to say; `default` is every error.
    success = "204" if route.endpoint and route.endpoint.answer is None else "2XX"
    known = route.endpoint.errors if route.endpoint else {}
    failed = {str(status): {"description": why, "content": _json("Error")} for status, why in known.items()}
    return {success: {"description": "done"}, **failed, "default": _FAILED}


def _json(schema: str) -> Json:
    return {"application/json": {"schema": {"$ref": f"{_SCHEMAS}{schema}"}}}


def _schemas(routes: Iterable[Route]) -> Json:
    bodies = {route.body: None for route in routes if route.body and not isinstance(route.body, str)}
    _, found = models_json_schema([(body, "validation") for body in bodies], ref_template=_SCHEMAS + "{model}")
    return {"Error": _ERROR, **{name: _untitled(schema) for name, schema in sorted(found["$defs"].items())}}


def _untitled(schema: object, *, of_properties: bool = False) -> object:
    """Return a schema without the titles that Pydantic makes of the names of fields."""
    if isinstance(schema, list):
        return [_untitled(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        key: _untitled(value, of_properties=key == "properties")
        for key, value in schema.items()
        if of_properties or key != "title"
    }
