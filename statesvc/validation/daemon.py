"""Reads Docker's daemon.json, and has its rules (moby daemon/config, daemon/runtime_unix.go).

Docker stops at the first problem; here all are reported. What Docker takes is taken; what has no effect, as it is
misspelt perhaps, gives a warning.
"""

import codecs
import difflib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from statesvc.domain.daemon_config import CGROUP_DRIVERS, DaemonConfig
from statesvc.domain.documents import LogConfig, Ulimit
from statesvc.domain.go.text import refuse_constant
from statesvc.domain.go.values import ram_in_bytes
from statesvc.domain.runtimes import RUNC, SHIM, STOCK, Runtime, is_shim, is_shim_name
from statesvc.errors import InvalidParameter, Problem, pointer
from statesvc.validation import log_config
from statesvc.validation.daemon_settings import OBJECTS, PROXIES, REMOVED, SETTINGS, WITHOUT_EFFECT, mismatches
from statesvc.validation.log_drivers import DRIVERS
from statesvc.validation.rules import RuleWarning, daemon_rule

_CONFIG = "moby daemon/config/config.go"
_LINUX = "moby daemon/config/config_linux.go"
_RUNTIMES = "moby daemon/runtime_unix.go setupRuntimes"
DOCUMENT = daemon_rule("document", "", "The file is one JSON object, or empty.", _CONFIG)
KEY = daemon_rule("key", "/K", "Docker Engine knows the setting.", f"{_CONFIG} findConfigurationConflicts")
UNUSED = daemon_rule("unused-key", "/K", "The setting has an effect in the file.", _CONFIG, warns=True)
TYPE = daemon_rule("type", "/K", "The value has the type that the setting needs.", _CONFIG)
RUNTIME = daemon_rule("runtime", "/runtimes/K", "A runtime has either a path or a runtimeType.", _RUNTIMES)
RUNTIME_NAME = daemon_rule("runtime-name", "/runtimes/K", f"Not empty; {RUNC} and {SHIM} are reserved.", _RUNTIMES)
RUNTIME_KEY = daemon_rule(
    "runtime-key", "/runtimes/K/K", "path, runtimeArgs, runtimeType or options.", "statesvc", warns=True
)
RUNTIME_ARGS = daemon_rule(
    "runtime-args", "/runtimes/K/runtimeArgs", "A list of strings without NUL, for a runtime with a path.", _RUNTIMES
)
RUNTIME_TYPE = daemon_rule(
    "runtime-type", "/runtimes/K/runtimeType", "A shim's name, or its absolute path.", "containerd", warns=True
)
RUNTIME_OPTIONS = daemon_rule(
    "runtime-options", "/runtimes/K/options", "An object, for a runtime with a runtimeType.", _RUNTIMES
)
DEFAULT_RUNTIME = daemon_rule("default-runtime", "/default-runtime", "One of the runtimes, or a shim's name.", _CONFIG)
SHM_SIZE = daemon_rule(
    "shm-size", "/default-shm-size", "A size such as 64m, as a string.", "moby opts/opts.go MemBytes"
)
IPC_MODE = daemon_rule("ipc-mode", "/default-ipc-mode", "private or shareable.", f"{_LINUX} verifyDefaultIpcMode")
CGROUPNS = daemon_rule(
    "cgroupns-mode", "/default-cgroupns-mode", "private or host.", f"{_LINUX} verifyDefaultCgroupNsMode"
)
CGROUP_PARENT = daemon_rule(
    "cgroup-parent",
    "/cgroup-parent",
    "With systemd, it is a .slice.",
    "moby daemon/daemon_unix.go verifyDaemonSettings",
)
EXEC_OPTION = daemon_rule(
    "exec-opt", "/exec-opts/N", "native.cgroupdriver is cgroupfs or systemd.", "moby daemon/daemon_unix.go getCD"
)
LABEL = daemon_rule(
    "label", "/labels/N", "A label is key=value, and has one value.", f"{_CONFIG} GetConflictFreeLabels"
)
LOG = daemon_rule("log", "/log-opts", "A built-in log driver has the options.", "moby daemon/logger/factory.go")
LOG_PLUGIN = daemon_rule("log-plugin", "/log-driver", "The log driver is built in.", "statesvc", warns=True)
ULIMIT = daemon_rule("ulimit", "/default-ulimits/K", "A ulimit has a name, and whole numbers Hard and Soft.", _CONFIG)

_SHOWN = 80
# A file can have any number of unknown keys: each search takes a millisecond, and each problem a line of the log.
_SUGGESTIONS = 10
_LISTED = 100
_SENTENCE = 1_000
_RUNTIME_KEYS = {key.lower(): key for key in ("path", "runtimeArgs", "runtimeType", "options")}

T = TypeVar("T")


def read(text: str) -> DaemonConfig:
    """Read a daemon.json. Raises InvalidParameter with every problem, each with its JSON pointer."""
    if not text.strip():
        return DaemonConfig()
    try:
        # Python would accept NaN, halves of surrogate pairs and numbers of any length: none can be stored.
        written = json.loads(text, parse_constant=refuse_constant, parse_int=_int64)
        json.dumps(written, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _refusal([DOCUMENT.broken(f"the configuration is not JSON: {error}")]) from None
    if not isinstance(written, dict):
        raise _refusal([DOCUMENT.broken("the configuration must be a JSON object")])
    file = _File(written)
    config = file.config(text)
    if file.problems:
        raise _refusal(file.problems)
    return config


def decoded(raw: bytes) -> str:
    """Return the text of a daemon.json: UTF-8, or what its byte order mark names. Raises InvalidParameter."""
    encodings = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
    encoding = next((name for mark, name in encodings.items() if raw.startswith(mark)), "utf-8")
    try:
        return raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise _refusal([DOCUMENT.broken(f"the configuration is not text: {error}")]) from None


def _int64(digits: str) -> int:
    number = int(digits)
    if not -(2**63) <= number < 2**63:
        raise ValueError(f"the number {digits} has more than 64 bits")
    return number


def _refusal(problems: list[Problem]) -> InvalidParameter:
    listed = tuple(
        one if len(one.message) <= _SENTENCE else replace(one, message=f"{one.message[:_SENTENCE]}…")
        for one in problems[:_LISTED]
    )
    more = f"; and {len(problems) - _LISTED} more" if len(problems) > _LISTED else ""
    return InvalidParameter("; ".join(problem.message for problem in listed) + more, listed)


def _listed(warnings: list[RuleWarning]) -> tuple[RuleWarning, ...]:
    if len(warnings) <= _LISTED:
        return tuple(warnings)
    return (*warnings[:_LISTED], UNUSED.warning(f"and {len(warnings) - _LISTED} more warnings"))


class _Suggestions:
    """Suggests a known key for an unknown one, for the first few of a file."""

    def __init__(self) -> None:
        self._left = _SUGGESTIONS

    def nearest(self, key: str, known: Iterable[str]) -> str:
        # What is far longer than any known key is near to none, and takes long to compare.
        if not self._left or len(key) > _SHOWN:
            return ""
        self._left -= 1
        near = difflib.get_close_matches(key.lower().replace("_", "-"), known, n=1)
        return f": did you mean {near[0]!r}?" if near else ""


class _File:
    """A daemon.json while it is read: returns the settings, and collects the problems."""

    def __init__(self, written: dict[str, Any]) -> None:
        self._written = written
        self.problems: list[Problem] = []
        self._warnings: list[RuleWarning] = []
        self._suggestions = _Suggestions()

    def config(self, text: str) -> DaemonConfig:
        self._unknown_keys()
        self._types()
        stock = DaemonConfig()
        runtimes = self._runtimes()
        driver = self._cgroup_driver()
        return DaemonConfig(
            text,
            runtimes,
            self._default_runtime(runtimes),
            self._shm_size(stock.shm_size),
            self._choice(IPC_MODE, "default-ipc-mode", ("private", "shareable")) or stock.ipc_mode,
            self._choice(CGROUPNS, "default-cgroupns-mode", ("private", "host")),
            self._cgroup_parent(driver),
            driver,
            self._setting("userns-remap", ""),
            self._labels(),
            self._log(stock.log),
            self._ulimits(),
            self._setting("live-restore", default=False),
            _listed(self._warnings),
        )

    def _setting(self, key: str, default: T) -> T:
        """Return a setting, which must have the type of its default; null stands for the default, as in Docker."""
        value = self._written.get(key)
        if value is None:
            return default
        if type(value) is not type(default):
            self._broken_type(key, value, default)
            return default
        return value

    def _strings(self, key: str) -> list[str]:
        values: list[Any] = self._setting(key, [])
        if all(isinstance(value, str) for value in values):
            return values
        self._broken_type(key, values, [""])
        return []

    def _object(self, key: str) -> dict[str, Any]:
        return self._setting(key, {})

    def _broken_type(self, key: str, value: object, like: object) -> None:
        kind = "a list of strings" if like == [""] else _KINDS[type(like)]
        self.problems.append(TYPE.broken(f"{key} must be {kind}, not {_shown(value)}", value, at=key))

    def _unknown_keys(self) -> None:
        for key, value in self._written.items():
            if isinstance(value, dict) and key not in OBJECTS:
                # Docker takes the fields of any object for settings, and reads none of them there.
                for inner in value:
                    self._known(key, inner)
                if key not in SETTINGS:
                    self._warnings.append(UNUSED.warning(f"{key!r} is no setting, so what is in it has no effect"))
            else:
                self._known(key)

    def _known(self, *at: str) -> None:
        key = at[-1]
        if at[0] == "proxies" and key in PROXIES:
            return
        if key in WITHOUT_EFFECT:
            instead = f": write {WITHOUT_EFFECT[key]!r}" if WITHOUT_EFFECT[key] else ""
            self._warnings.append(UNUSED.warning(f"{key!r} has no effect in the file{instead}"))
        elif key in REMOVED:
            message = f"{key!r} is no setting of Docker Engine 28 any more: leave it out"
            self.problems.append(_within(KEY.broken(message, key, at=at[0]), *at[1:]))
        elif key not in SETTINGS:
            message = f"unknown setting {key!r}{self._suggestions.nearest(key, SETTINGS)}"
            self.problems.append(_within(KEY.broken(message, key, at=at[0]), *at[1:]))

    def _types(self) -> None:
        for key, value in self._written.items():
            for (first, *inner), wrong, kind in mismatches(SETTINGS.get(key, object), value, key):
                shown = "" if key == "proxies" else f", not {_shown(wrong)}"  # which may hold a password
                within = "".join(f"/{part}" for part in inner)
                problem = TYPE.broken(f"{key}{within} must be {kind}{shown}", shown and wrong, at=first)
                self.problems.append(_within(problem, *inner))

    def _choice(self, rule: Any, key: str, choices: tuple[str, ...]) -> str:
        value = self._setting(key, "")
        if value and value not in choices:
            message = f"{key} is {value!r}, which is not one of: {', '.join(choices)}"
            self.problems.append(rule.broken(message, value))
        return value

    def _runtimes(self) -> dict[str, Runtime]:
        found = {runtime.name: runtime for runtime in STOCK}
        for name, entry in self._object("runtimes").items():
            runtime, problems = _runtime(name, entry, self._warnings, self._suggestions)
            self.problems += problems
            # A wrong one counts as configured, so that `default-runtime` may name it without a second problem.
            found.setdefault(name, runtime)
        return found

    def _default_runtime(self, runtimes: Mapping[str, Runtime]) -> str:
        name = self._setting("default-runtime", "") or RUNC
        if name not in runtimes and not is_shim_name(name):
            message = f"the default runtime {name!r} is not among the runtimes: {', '.join(sorted(runtimes))}"
            self.problems.append(DEFAULT_RUNTIME.broken(message, name))
        return name

    def _shm_size(self, default: int) -> int:
        text = self._setting("default-shm-size", "")
        if self._written.get("default-shm-size", "") is None:  # the only setting for which null does not do
            self.problems.append(SHM_SIZE.broken("default-shm-size is null: write a size such as 64m, or leave it out"))
        try:
            return ram_in_bytes(text) if text else default
        except ValueError as error:
            self.problems.append(SHM_SIZE.broken(f"default-shm-size: {error}", text))
            return default

    def _cgroup_driver(self) -> str:
        driver = ""
        for at, option in enumerate(self._strings("exec-opts")):
            key, equals, value = option.partition("=")
            if not equals:
                self.problems.append(EXEC_OPTION.broken(f"exec-opts: {option!r} is not key=value", option, at=at))
            elif key.strip().lower() == "native.cgroupdriver":
                driver = value.strip()
                if driver not in CGROUP_DRIVERS:
                    message = f"native.cgroupdriver is {driver!r}, which is not one of: {', '.join(CGROUP_DRIVERS)}"
                    self.problems.append(EXEC_OPTION.broken(message, option, at=at))
        return driver

    def _cgroup_parent(self, driver: str) -> str:
        parent = self._setting("cgroup-parent", "")
        if parent and driver == "systemd" and (parent == ".slice" or not parent.endswith(".slice")):
            message = f'cgroup-parent is {parent!r}: for systemd it must be a slice, named as "xxx.slice"'
            self.problems.append(CGROUP_PARENT.broken(message, parent))
        return parent

    def _labels(self) -> tuple[str, ...]:
        values: dict[str, str] = {}
        for at, label in enumerate(self._strings("labels")):
            key, equals, value = label.partition("=")
            if not equals:
                self.problems.append(LABEL.broken(f"labels: {label!r} is not key=value", label, at=at))
            elif values.setdefault(key, value) != value:
                message = f"labels: {key!r} has two values, {values[key]!r} and {value!r}"
                self.problems.append(LABEL.broken(message, label, at=at))
        return tuple(f"{key}={value}" for key, value in values.items())

    def _log(self, stock: LogConfig) -> LogConfig:
        options = self._object("log-opts")
        if not all(isinstance(value, str) for value in options.values()):
            message = "log-opts must be an object of strings: write numbers and flags in quotes"
            self.problems.append(LOG.broken(message))
            return stock
        log = LogConfig(Type=self._setting("log-driver", "") or stock.Type, Config=options)
        found = (*log_config.removed_problems(log), *log_config.problems(log, default=log.Type))
        self.problems += (LOG.broken(f"log-driver {log.Type}: {problem.message}") for problem in found)
        if log.Type not in {*DRIVERS, "none"}:
            text = f"the log driver {log.Type!r} is not built in: the engine must have it as a plugin"
            self._warnings.append(LOG_PLUGIN.warning(text))
        return log

    def _ulimits(self) -> dict[str, Ulimit]:
        found = {}
        for name, entry in self._object("default-ulimits").items():
            lower = {key.lower(): value for key, value in entry.items()} if isinstance(entry, dict) else {}
            limits = [lower.get(key, 0) for key in ("hard", "soft")]
            called = lower.get("name") or name
            if not lower or not isinstance(called, str) or any(type(limit) is not int for limit in limits):
                message = (
                    f'default-ulimits: {name!r} must be an object such as {{"Name": "{name}", "Hard": 1, "Soft": 1}}'
                )
                self.problems.append(ULIMIT.broken(message, entry, at=name))
            else:
                found[name] = Ulimit(Name=called, Hard=limits[0], Soft=limits[1])
        return found


_KINDS: dict[type, str] = {str: "a string", bool: "true or false", list: "a list", dict: "an object"}


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def _within(problem: Problem, *inner: str | int) -> Problem:
    return replace(problem, field=problem.field + pointer(*inner))


def _runtime(
    name: str, entry: Any, warnings: list[RuleWarning], suggestions: _Suggestions
) -> tuple[Runtime, list[Problem]]:
    if name in {RUNC, SHIM}:
        return Runtime(name), [RUNTIME_NAME.broken(f"runtime {name!r}: the name is reserved", name, at=name)]
    if not name:
        return Runtime(name), [RUNTIME_NAME.broken("a runtime needs a name", name, at=name)]
    if not isinstance(entry, dict):
        message = f"runtime {name!r}: it must be an object with path or runtimeType"
        return Runtime(name), [RUNTIME.broken(message, entry, at=name)]
    written = {}
    for key, value in entry.items():
        known = _RUNTIME_KEYS.get(key.lower())  # Go matches the names of fields in any case
        if known is None:
            message = (
                f"runtime {name!r}: the key {key!r} has no effect{suggestions.nearest(key, _RUNTIME_KEYS.values())}"
            )
            warnings.append(RUNTIME_KEY.warning(message))
        elif value is not None:
            written[known] = value
    return _judged(name, written, warnings)


def _judged(name: str, written: dict[str, Any], warnings: list[RuleWarning]) -> tuple[Runtime, list[Problem]]:
    problems = []
    path, args = written.get("path", ""), written.get("runtimeArgs", [])
    kind, options = written.get("runtimeType", ""), written.get("options")
    subject = f"runtime {name!r}:"
    if not isinstance(path, str) or not isinstance(kind, str):
        problems.append(RUNTIME.broken(f"{subject} path and runtimeType must be strings", at=name))
    elif bool(path) == bool(kind):
        problems.append(RUNTIME.broken(f"{subject} exactly one of path and runtimeType is required", at=name))
    elif kind and not is_shim(kind):
        message = f"{subject} containerd finds no shim by {kind!r}: a name needs a dot, a path must be absolute"
        warnings.append(RUNTIME_TYPE.warning(message))
    if not isinstance(args, list) or not all(isinstance(arg, str) for arg in args):
        problems.append(RUNTIME_ARGS.broken(f"{subject} runtimeArgs must be a list of strings", at=name))
    elif args and kind:
        problems.append(RUNTIME_ARGS.broken(f"{subject} runtimeArgs go with path, not with runtimeType", at=name))
    elif any("\0" in word for word in (path if isinstance(path, str) else "", *args)):
        problems.append(
            RUNTIME_ARGS.broken(f"{subject} neither path nor runtimeArgs can hold a NUL character", at=name)
        )
    if options is not None and not isinstance(options, dict):
        problems.append(RUNTIME_OPTIONS.broken(f"{subject} options must be an object", at=name))
    elif options and not kind:
        problems.append(RUNTIME_OPTIONS.broken(f"{subject} options go with runtimeType, not with path", at=name))
    if problems:
        return Runtime(name), problems
    return Runtime(name, path or None, tuple(args), kind or None, options), []
