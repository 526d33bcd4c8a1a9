"""The part of Docker's daemon.json that concerns container state: the runtimes and the default among them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from statesvc.errors import InvalidParameter, Problem

RUNC = "runc"
SHIM = "io.containerd.runc.v2"


@dataclass(frozen=True, slots=True)
class Runtime:
    """How containers of one runtime name are run: a binary with arguments, or a shim type with options."""

    name: str
    path: str | None = None
    args: tuple[str, ...] = ()
    type: str | None = None
    options: Mapping[str, Any] | None = None


STOCK = (Runtime(RUNC, path=RUNC), Runtime(SHIM, path=RUNC))


@dataclass(frozen=True, slots=True)
class DaemonConfig:
    """A configuration as the user wrote it (`text`), and what follows from it."""

    text: str = "{}"
    runtimes: Mapping[str, Runtime] = field(default_factory=lambda: {runtime.name: runtime for runtime in STOCK})
    default_runtime: str = RUNC


def parse(text: str) -> DaemonConfig:
    """Read a daemon.json. Raises InvalidParameter with every problem that was found, each with its JSON pointer."""
    try:
        written = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidParameter(f"the configuration is not JSON: {error}") from None
    if not isinstance(written, dict):
        raise InvalidParameter("the configuration must be a JSON object")
    problems: list[Problem] = []
    runtimes = {runtime.name: runtime for runtime in STOCK}
    declared = written.get("runtimes") or {}
    if isinstance(declared, dict):
        for name, entry in declared.items():
            runtime = _runtime(name, entry, problems)
            if runtime:
                runtimes[name] = runtime
    else:
        problems.append(Problem("runtime", "/runtimes", "runtimes must be an object of runtimes by name", None))
    default = written.get("default-runtime") or RUNC
    if default not in runtimes:
        message = f"the default runtime {default!r} is not among the runtimes: {', '.join(sorted(runtimes))}"
        problems.append(Problem("default-runtime", "/default-runtime", message, default))
    if problems:
        raise InvalidParameter("; ".join(problem.message for problem in problems), tuple(problems))
    return DaemonConfig(text, runtimes, default)


def _runtime(name: str, entry: Any, problems: list[Problem]) -> Runtime | None:
    where = "/runtimes/" + name.replace("~", "~0").replace("/", "~1")

    def problem(field_name: str, sentence: str, value: object = None) -> None:
        problems.append(Problem("runtime", where + field_name, f"runtime {name!r}: {sentence}", value))

    if name in {RUNC, SHIM}:
        problem("", "the name is reserved", name)
        return None
    if not isinstance(entry, dict):
        problem("", "it must be an object with path or runtimeType")
        return None
    path, args = entry.get("path") or "", entry.get("runtimeArgs") or []
    type_, options = entry.get("runtimeType") or "", entry.get("options")
    before = len(problems)
    if not isinstance(path, str) or not isinstance(type_, str):
        problem("", "path and runtimeType must be strings")
    elif bool(path) == bool(type_):
        problem("", "exactly one of path and runtimeType is required")
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args) or (args and type_):
        problem("/runtimeArgs", "runtimeArgs must be a list of strings, and go with path")
    if options is not None and not (type_ and isinstance(options, dict)):
        problem("/options", "options must be an object, and go with runtimeType")
    if len(problems) > before:
        return None
    return Runtime(name, path or None, tuple(args), type_ or None, options)
