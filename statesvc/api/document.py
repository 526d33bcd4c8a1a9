"""The API as a document: docs/api.md is what `markdown` returns, and a test holds that."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

import orjson

from statesvc.api.endpoint import Endpoint
from statesvc.api.routing import OWN, Route
from statesvc.domain.api_version import NEWEST, OLDEST, render

_HEAD = """# API

Made by `make docs` from the routes in `statesvc/api/`; tests hold it to them, and the examples to real answers.

```sh
curl -s --unix-socket /run/statesvc/statesvc.sock http://localhost/statesvc/v1/health
```

The service answers on its Unix socket. Docker's paths are Docker's Engine API; under `/statesvc/v1/` is an API of the
service's own, for operations that Docker's does not have. [openapi.yaml](openapi.yaml) has all routes with their
parameters and bodies, for programs.

- **Spelling.** Fields are in PascalCase as Docker's: `Id`, `DryRun`, `LoadedAt`. In requests the case of the letters
  does not matter. Unknown fields are ignored, as in Docker's API, except in an import, where a misspelt `DryRun` would
  change something. Keys of maps are data and keep their own spelling: names of runtimes, kinds, and in `Values` the
  columns of a row. Query parameters are in camelCase: `untilSeq`.
- **Times** are RFC 3339 text in UTC; a field whose name ends in `Nano` holds nanoseconds since 1970.
- **Errors** have Docker's body, in lower case as Docker's, with additions: `errors` lists every mistake of a
  request, `oldest` is the first event that is kept (410), and `damaged` is true where the stored object cannot be read
  (500, as for a bug).

  ```json
  {"message": "before is 'x': it must be a number, 0 or more",
   "errors": [{"code": "number", "field": "/before", "message": "before is 'x': …", "value": "x"}]}
  ```

  Besides the errors listed below, any request may get 400 if it is malformed, and 503 if the database cannot be read
  or written now.
- **Answers are true.** 2xx is durable. After 4xx, and 503 with `nothing was changed`, nothing was. Where neither is
  certain, as after a commit that the disk did not confirm, `unsure` is true and the message says so: look whether it
  was done before you repeat it. 503 has `Retry-After` where the reason may pass by itself.
- In the examples `…` stands for more of the same.
"""

_PROTOCOL = """\
Requests and reports of an engine about the containers that it runs; [engine-protocol.md](engine-protocol.md) has
bodies, answers and errors.
"""

_DOCKER = """\
As in Docker's reference, version {oldest} to {newest}; [compatibility.md](compatibility.md) lists the differences. An
operation that needs an engine answers 501, with a message that it needs one.
"""


def markdown(routes: Iterable[Route]) -> str:
    """Return the document: the endpoints of the own API, those of the engine protocol, and the routes of Docker's."""
    routes = list(routes)
    own = [(route, route.endpoint) for route in routes if route.endpoint]
    protocol = [route for route in routes if route.path.startswith(OWN) and not route.endpoint]
    docker = [route for route in routes if not route.path.startswith(OWN)]
    sections = "\n".join("\n".join(_section(route, endpoint)) for route, endpoint in own)
    return (
        f"{_HEAD}\n## The service's own endpoints\n\n{_contents(own)}\n{sections}"
        f"\n## The engine protocol\n\n{_PROTOCOL}\n{_list(protocol)}"
        f"\n## Docker's API\n\n{_DOCKER.format(oldest=render(OLDEST), newest=render(NEWEST))}\n{_by_noun(docker)}"
    )


def _contents(own: Iterable[tuple[Route, Endpoint]]) -> str:
    rows = [
        f"| `{route.method} {route.path}` | {endpoint.purpose.partition('. ')[0].rstrip('.')} |"
        for route, endpoint in own
    ]
    return "\n".join(["| | |", "|---|---|", *rows]) + "\n"


def _section(route: Route, endpoint: Endpoint) -> Iterator[str]:
    yield f"### `{route.method} {route.path}`\n\n{endpoint.purpose}\n"
    if endpoint.query:
        yield _table("query", {f"`{key}`": text for key, text in endpoint.query.items()})
    if endpoint.body is not None:
        yield f"Body:\n\n```json\n{_json(endpoint.body)}\n```\n"
    if endpoint.answer is None:
        yield "Answer: 204, without a body.\n"
    else:
        kind = "Answer, one object a line" if endpoint.lines else "Answer"
        yield f"{kind}:\n\n```json\n{_json(endpoint.answer)}\n```\n"
    if endpoint.errors:
        yield _table("error", {str(status): text for status, text in endpoint.errors.items()})


def _table(title: str, rows: Mapping[str, str]) -> str:
    return "\n".join([f"| {title} | |", "|---|---|", *(f"| {key} | {text} |" for key, text in rows.items())]) + "\n"


def _json(example: object) -> str:
    return orjson.dumps(example, option=orjson.OPT_INDENT_2).decode()


def _list(routes: Iterable[Route]) -> str:
    return "\n".join(f"- `{route.method} {route.path}`" for route in routes) + "\n"


def _by_noun(routes: Iterable[Route]) -> str:
    nouns: defaultdict[str, list[str]] = defaultdict(list)
    for route in routes:
        nouns[route.path.split("/")[1]].append(f"`{route.method} {route.path}`")
    rows = [f"| {noun} | {', '.join(paths)} |" for noun, paths in sorted(nouns.items())]
    return "\n".join(["| noun | routes |", "|---|---|", *rows]) + "\n"
