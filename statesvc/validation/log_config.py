"""Rules of HostConfig.LogConfig, and its defaults (moby daemon/logs.go, daemon/logger/factory.go)."""

from collections.abc import Iterator, Mapping

from statesvc.domain.documents import LogConfig
from statesvc.domain.go.values import parse_bool, quote, ram_in_bytes
from statesvc.errors import Problem
from statesvc.validation.log_drivers import DRIVERS
from statesvc.validation.rules import rule

_TYPE = "/HostConfig/LogConfig/Type"
_OPTION = "/HostConfig/LogConfig/Config/K"
_SOURCE = "moby daemon/logger/factory.go ValidateLogOpts"
REMOVED = rule(
    "log-driver-removed", _TYPE, "logentries is no longer a driver.", "moby daemon/create.go containerCreate"
)
DRIVER = rule("log-driver", _TYPE, "It is a built-in driver, or the plugin that daemon.json names.", _SOURCE)
MODE = rule("log-mode", _OPTION, "The mode is blocking or non-blocking.", _SOURCE)
BUFFER = rule("log-buffer", _OPTION, "A buffer needs the mode non-blocking, and is a size such as 1m.", _SOURCE)
CACHE = rule("log-cache", _OPTION, "cache-disabled is true or false.", "moby loggerutils/cache validateLogCacheOpts")

_CACHE_OPTIONS = frozenset({"cache-disabled", "cache-compress", "cache-max-file", "cache-max-size"})
_SHARED_OPTIONS = _CACHE_OPTIONS | {"mode", "max-buffer-size"}


def with_defaults(log: LogConfig, default: LogConfig) -> LogConfig:
    """Return the configuration with the default driver and its options, where the container names no other.

    If the container names another driver, only the default's `cache-*` options are inherited.
    """
    kind = log.Type or default.Type
    options = default.Config or {}
    taken = options if kind == default.Type else {key: options[key] for key in options.keys() & _CACHE_OPTIONS}
    if log.Type and log.Config is not None and not taken:
        return log
    return LogConfig(Type=kind, Config={**taken, **(log.Config or {})})


def removed_problems(log: LogConfig) -> Iterator[Problem]:
    """Yield the use of a removed driver, which Docker refuses before all other rules."""
    if log.Type == "logentries":
        yield REMOVED.broken("the logentries logging driver has been deprecated and removed", log.Type)


def problems(log: LogConfig, default: str = "") -> Iterator[Problem]:
    """Yield the other problems of a configuration with its defaults, which Docker finds after it has the image.

    The `default` driver may be a plugin: whether the engine has it, and what options it takes, is not known here.
    """
    if log.Type in {"none", "logentries"}:
        return
    options = log.Config or {}
    if not options.keys().isdisjoint(_SHARED_OPTIONS):
        yield from _shared_problems(options)
        options = {key: value for key, value in options.items() if key not in _SHARED_OPTIONS}
    validate = DRIVERS.get(log.Type)
    if validate is None and log.Type == default:
        return
    if validate is None:
        message = f"error looking up logging plugin {log.Type}: plugin {quote(log.Type)} not found"
        yield DRIVER.broken(message, log.Type)
        return
    yield from validate(options)


def _shared_problems(options: Mapping[str, str]) -> Iterator[Problem]:
    """Yield the problems of the options that every driver has."""
    mode = options.get("mode", "")
    if mode not in {"", "blocking", "non-blocking"}:
        yield MODE.broken(f"logger: logging mode not supported: {mode}", mode, at="mode")
    if (size := options.get("max-buffer-size")) is not None:
        yield from _buffer_problems(size, mode)
    if disabled := options.get("cache-disabled"):
        try:
            parse_bool(disabled)
        except ValueError:
            message = f"invalid value for option cache-disabled: {disabled}"
            yield CACHE.broken(message, disabled, at="cache-disabled")


def _buffer_problems(size: str, mode: str) -> Iterator[Problem]:
    at = "max-buffer-size"
    if mode != "non-blocking":
        yield BUFFER.broken("logger: max-buffer-size option is only supported with 'mode=non-blocking'", size, at=at)
    try:
        ram_in_bytes(size)
    except ValueError as error:
        yield BUFFER.broken(f"error parsing option max-buffer-size: {error}", size, at=at)
