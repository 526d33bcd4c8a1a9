"""The options of Docker's built-in log drivers on Linux (moby daemon/logger/*/, each ValidateLogOpt)."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from statesvc.domain.go.values import atoi, parse_bool, parse_duration, parse_uint, quote, ram_in_bytes
from statesvc.errors import Problem
from statesvc.validation import log_addresses
from statesvc.validation.rules import rule

_OPTION = "/HostConfig/LogConfig/Config/K"
_SOURCE = "moby daemon/logger, ValidateLogOpt of each driver"
UNKNOWN = rule("log-option", _OPTION, "A driver knows its own options only.", _SOURCE)
VALUE = rule("log-option-value", _OPTION, "The driver understands the value.", _SOURCE)
REQUIRED = rule("log-option-required", _OPTION, "awslogs needs a group, gelf an address.", _SOURCE)
CONFLICT = rule("log-option-conflict", _OPTION, "Some options exclude each other.", _SOURCE)

Options = Mapping[str, str]

_EXTRA = ("env", "env-regex", "labels", "labels-regex")
_TAGGED = (*_EXTRA, "tag")
_LOCAL = ("compress", "max-file", "max-size")
_JSON_FILE = (*_LOCAL, *_TAGGED)
_FACILITIES = frozenset(
    """kern user mail daemon auth syslog lpr news uucp cron authpriv ftp
    local0 local1 local2 local3 local4 local5 local6 local7""".split()
)
_SYSLOG = ("address", "facility", "tls-ca-cert", "tls-cert", "tls-key", "tls-skip-verify", "format")
_FLUENTD = (
    "address", "async", "async-connect", "async-reconnect-interval", "buffer-limit", "max-retries", "request-ack",
    "retry-wait", "sub-second-precision",
)  # fmt: skip
_AWS = (
    "create-group", "create-stream", "credentials-endpoint", "datetime-format", "endpoint",
    "force-flush-interval-seconds", "format", "group", "max-buffered-events", "multiline-pattern", "region", "stream",
)  # fmt: skip
_SPLUNK = (
    "caname", "capath", "format", "gzip", "gzip-level", "index", "index-acknowledgment", "insecureskipverify",
    "source", "sourcetype", "token", "url", "verify-connection",
)  # fmt: skip
_GCP = ("gcp-log-cmd", "gcp-meta-id", "gcp-meta-name", "gcp-meta-zone", "gcp-project")
_GELF_UDP = ("gelf-compression-level", "gelf-compression-type")
_GELF_TCP = ("gelf-tcp-max-reconnect", "gelf-tcp-reconnect-delay")


def _unknown(options: Options, known: Collection[str], text: Callable[[str], str]) -> Iterator[Problem]:
    for key in options:
        if key not in known:
            yield UNKNOWN.broken(text(key), key, at=key)


def _plain(driver: str) -> Callable[[str], str]:
    return lambda key: f"unknown log opt '{key}' for {driver} log driver"


def _prefixed(driver: str, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"{driver}-{name}" for name in names)


def _value(options: Options, key: str, read: Callable[[str], object], before: str = "") -> Iterator[Problem]:
    """Yield a problem if the value cannot be read; an empty one counts as absent."""
    try:
        if options.get(key):
            read(options[key])
    except ValueError as error:
        yield VALUE.broken(f"{before}{error}", options[key], at=key)


def json_file(options: Options) -> Iterator[Problem]:
    """Yield what json-file refuses. Values are read when a container is started."""
    yield from _unknown(options, _JSON_FILE, _plain("json-file"))


def local(options: Options) -> Iterator[Problem]:
    """Yield what local refuses. Values are read when a container is started."""
    yield from _unknown(options, _LOCAL, lambda key: f"unknown log opt '{key}' for log driver local")


def journald(options: Options) -> Iterator[Problem]:
    """Yield what journald refuses."""
    yield from _unknown(options, _TAGGED, _plain("journald"))


def splunk(options: Options) -> Iterator[Problem]:
    """Yield what splunk refuses. Values are read when a container is started."""
    yield from _unknown(options, (*_prefixed("splunk", _SPLUNK), *_TAGGED), _plain("splunk"))


def gcplogs(options: Options) -> Iterator[Problem]:
    """Yield what gcplogs refuses."""
    yield from _unknown(
        options, (*_GCP, *_EXTRA), lambda key: f"{quote(key)} is not a valid option for the gcplogs driver"
    )


def syslog(options: Options) -> Iterator[Problem]:
    """Yield what syslog refuses."""
    yield from _unknown(options, (*_prefixed("syslog", _SYSLOG), *_TAGGED), _plain("syslog"))
    yield from _value(options, "syslog-address", log_addresses.syslog)
    yield from _value(options, "syslog-facility", _facility)
    if options.get("syslog-format", "") not in {"", "rfc3164", "rfc5424", "rfc5424micro"}:
        yield VALUE.broken("Invalid syslog format", options["syslog-format"], at="syslog-format")


def _facility(text: str) -> None:
    try:
        known = text in _FACILITIES or 0 <= atoi(text) <= 23
    except ValueError:
        known = False
    if not known:
        raise ValueError("invalid syslog facility")


def fluentd(options: Options) -> Iterator[Problem]:
    """Yield what fluentd refuses."""
    yield from _unknown(options, (*_prefixed("fluentd", _FLUENTD), *_TAGGED), _plain("fluentd"))
    yield from _value(options, "fluentd-address", log_addresses.fluentd)
    yield from _value(options, "fluentd-buffer-limit", ram_in_bytes)
    yield from _value(options, "fluentd-retry-wait", parse_duration)
    yield from _value(options, "fluentd-max-retries", _retries)
    if options.get("fluentd-async") and options.get("fluentd-async-connect"):
        message = "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect"
        yield CONFLICT.broken(message, at="fluentd-async")
    yield from _value(options, "fluentd-async", parse_bool)
    yield from _value(options, "fluentd-async-connect", parse_bool)
    interval = "fluentd-async-reconnect-interval"
    yield from _value(options, interval, _reconnect_interval, f"invalid value for {interval}: ")
    yield from _value(options, "fluentd-sub-second-precision", parse_bool)
    yield from _value(options, "fluentd-request-ack", parse_bool)


def _retries(text: str) -> None:
    if parse_uint(text, 32) > 2**31 - 1:
        raise ValueError("invalid fluentd-max-retries: value out of range")


def _reconnect_interval(text: str) -> None:
    if (interval := parse_duration(text)) and not 10**8 <= interval <= 10**10:
        raise ValueError(f"value ({quote(text)}) must be between 100ms and 10s")


def gelf(options: Options) -> Iterator[Problem]:
    """Yield what gelf refuses. It reads its address first, and the other options depend on it."""
    try:
        scheme = log_addresses.gelf(options.get("gelf-address", "")).scheme
    except ValueError as error:
        scheme = ""
        broken = VALUE if options.get("gelf-address") else REQUIRED
        yield broken.broken(str(error), options.get("gelf-address", ""), at="gelf-address")
    yield from _unknown(
        options, ("gelf-address", *_GELF_UDP, *_GELF_TCP, *_TAGGED),
        lambda key: f"unknown log opt {quote(key)} for gelf log driver",
    )  # fmt: skip
    for key, value in options.items():
        if key in (*_GELF_UDP, *_GELF_TCP):
            yield from _gelf_option(key, value, scheme)


def _gelf_option(key: str, text: str, scheme: str) -> Iterator[Problem]:
    over_tcp = key in _GELF_TCP
    if scheme and scheme != ("tcp" if over_tcp else "udp"):
        message = f"{quote(key)} is only valid for TCP" if over_tcp else "compression is only supported on UDP"
        yield CONFLICT.broken(message, at=key)
    elif over_tcp and not _is_between(text, 0, 2**63):
        yield VALUE.broken(f"{quote(key)} must be a positive integer", text, at=key)
    elif not over_tcp and not (
        text in {"gzip", "zlib", "none"} if key == "gelf-compression-type" else _is_between(text, -1, 9)
    ):
        message = f"unknown value {quote(text)} for log opt {quote(key)} for gelf log driver"
        yield VALUE.broken(message, text, at=key)


def _is_between(text: str, low: int, high: int) -> bool:
    try:
        return low <= atoi(text) <= high
    except ValueError:
        return False


def awslogs(options: Options) -> Iterator[Problem]:
    """Yield what awslogs refuses."""
    yield from _unknown(options, (*_prefixed("awslogs", _AWS), "tag"), _plain("awslogs"))
    if not options.get("awslogs-group"):
        yield REQUIRED.broken("must specify a value for log opt 'awslogs-group'", "", at="awslogs-group")
    for key in ("awslogs-create-group", "awslogs-create-stream"):
        yield from _value(options, key, parse_bool, f"must specify valid value for log opt '{key}': ")
    for key in ("awslogs-force-flush-interval-seconds", "awslogs-max-buffered-events"):
        if options.get(key) and not _is_between(options[key], 1, 2**63):
            message = f"must specify a positive integer for log opt '{key}': {options[key]}"
            yield VALUE.broken(message, options[key], at=key)
    yield from _aws_conflicts(options)


def _aws_conflicts(options: Options) -> Iterator[Problem]:
    written, pattern, form = "awslogs-datetime-format", "awslogs-multiline-pattern", "awslogs-format"
    if written in options and pattern in options:
        message = f"you cannot configure log opt '{written}' and '{pattern}' at the same time"
        yield CONFLICT.broken(message, at=written)
    if not options.get(form):
        return
    if options[form] != "json/emf":
        yield VALUE.broken(f"unsupported log format '{options[form]}'", options[form], at=form)
    elif written in options or pattern in options:
        message = f"you cannot configure log opt '{written}' or '{pattern}' when log opt '{form}' is set to 'json/emf'"
        yield CONFLICT.broken(message, at=form)


DRIVERS: Mapping[str, Callable[[Options], Iterator[Problem]]] = {
    "awslogs": awslogs,
    "fluentd": fluentd,
    "gcplogs": gcplogs,
    "gelf": gelf,
    "journald": journald,
    "json-file": json_file,
    "local": local,
    "splunk": splunk,
    "syslog": syslog,
}
