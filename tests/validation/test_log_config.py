import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.daemon_config import STANDARD_LOG
from statesvc.domain.documents import LogConfig
from statesvc.validation.log_config import problems, removed_problems, with_defaults
from statesvc.validation.log_drivers import DRIVERS

GELF = {"gelf-address": "udp://h:1"}
GROUP = {"awslogs-group": "g"}


def messages(kind: str, options: dict[str, str] | None = None) -> list[str]:
    log = LogConfig(Type=kind, Config=options)
    return [problem.message for problem in (*removed_problems(log), *problems(log))]


@pytest.mark.parametrize(
    ("written", "completed"),
    [
        (LogConfig(), STANDARD_LOG),
        (LogConfig(Type="local"), LogConfig(Type="local", Config={})),
        (LogConfig(Config={"max-size": "1m"}), LogConfig(Type="json-file", Config={"max-size": "1m"})),
    ],
    ids=["nothing", "type", "options"],
)
def test_what_is_not_said_is_standard(written: LogConfig, completed: LogConfig) -> None:
    assert with_defaults(written, STANDARD_LOG) == completed
    assert with_defaults(completed, STANDARD_LOG) == completed


def test_the_engines_options_are_for_its_driver() -> None:
    default = LogConfig(Type="local", Config={"max-size": "1m", "max-file": "2"})

    assert with_defaults(LogConfig(Config={"max-file": "3"}), default).Config == {"max-size": "1m", "max-file": "3"}
    assert with_defaults(LogConfig(Type="none"), default).Config == {}


def test_the_engines_cache_is_for_every_driver() -> None:
    default = LogConfig(Type="local", Config={"cache-disabled": "true", "max-file": "2"})

    assert with_defaults(LogConfig(Type="syslog"), default).Config == {"cache-disabled": "true"}


@pytest.mark.parametrize("kind", sorted(DRIVERS.keys() - {"awslogs", "gelf"}))
def test_a_driver_needs_no_options(kind: str) -> None:
    assert messages(kind) == []


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("none", {"bogus": "1", "mode": "x"}),
        ("json-file", {"max-size": "abc", "max-file": "x", "compress": "y", "tag": "{{", "labels-regex": "("}),
        ("json-file", {"mode": "non-blocking", "max-buffer-size": "1m"}),
        ("json-file", {"mode": "blocking", "cache-disabled": "T", "cache-max-size": "x"}),
        ("local", {"max-size": "-1", "max-file": "0", "compress": ""}),
        ("syslog", {"syslog-address": "tcp://host", "syslog-facility": "23", "syslog-format": "rfc5424micro"}),
        ("syslog", {"syslog-address": "unix:///dev/log", "syslog-facility": "local7", "syslog-tls-skip-verify": ""}),
        ("syslog", {"syslog-address": "tcp+tls://[::1]:1", "syslog-facility": ""}),
        ("fluentd", {"fluentd-address": "host", "fluentd-async": "true", "fluentd-buffer-limit": "1m"}),
        ("fluentd", {"fluentd-address": "unix:///s", "fluentd-retry-wait": "1s", "fluentd-max-retries": "3"}),
        ("fluentd", {"fluentd-address": "tls://[::1]:1", "fluentd-async-reconnect-interval": "100ms"}),
        ("fluentd", {"fluentd-address": "", "fluentd-async": ""}),
        ("gelf", {**GELF, "gelf-compression-type": "zlib", "gelf-compression-level": "-1"}),
        ("gelf", {"gelf-address": "tcp://h:1", "gelf-tcp-max-reconnect": "0", "gelf-tcp-reconnect-delay": "9"}),
        ("awslogs", {**GROUP, "awslogs-create-group": "true", "awslogs-max-buffered-events": "1", "tag": "x"}),
        ("awslogs", {**GROUP, "awslogs-format": "json/emf"}),
        ("splunk", {"splunk-url": "x", "splunk-gzip-level": "x", "splunk-index-acknowledgment": "x"}),
        ("gcplogs", {"gcp-project": "p", "labels-regex": "x"}),
    ],
)  # fmt: skip
def test_the_options_of_a_driver_are_fine(kind: str, options: dict[str, str]) -> None:
    assert messages(kind, options) == []


@pytest.mark.parametrize(
    ("kind", "options", "message"),
    [
        ("nosuch", {}, 'error looking up logging plugin nosuch: plugin "nosuch" not found'),
        ("etwlogs", {}, 'error looking up logging plugin etwlogs: plugin "etwlogs" not found'),
        ("JSON-FILE", {}, 'error looking up logging plugin JSON-FILE: plugin "JSON-FILE" not found'),
        ("logentries", {}, "the logentries logging driver has been deprecated and removed"),
        ("json-file", {"mode": "x"}, "logger: logging mode not supported: x"),
        (
            "json-file", {"max-buffer-size": "1m"},
            "logger: max-buffer-size option is only supported with 'mode=non-blocking'",
        ),
        (
            "json-file", {"mode": "non-blocking", "max-buffer-size": "x"},
            "error parsing option max-buffer-size: invalid size: 'x'",
        ),
        ("local", {"cache-disabled": "x"}, "invalid value for option cache-disabled: x"),
        ("json-file", {"zzz": "1"}, "unknown log opt 'zzz' for json-file log driver"),
        ("json-file", {"Max-Size": "1"}, "unknown log opt 'Max-Size' for json-file log driver"),
        ("local", {"tag": "1"}, "unknown log opt 'tag' for log driver local"),
        ("journald", {"max-size": "1"}, "unknown log opt 'max-size' for journald log driver"),
        ("syslog", {"syslog-tag": "1"}, "unknown log opt 'syslog-tag' for syslog log driver"),
        ("syslog", {"syslog-address": "bogus"}, "unsupported scheme: ''"),
        ("syslog", {"syslog-address": "host:514"}, "unsupported scheme: 'host'"),
        (
            "syslog", {"syslog-address": "1.2.3.4:514"},
            'parse "1.2.3.4:514": first path segment in URL cannot contain colon',
        ),
        ("syslog", {"syslog-address": "udp://h:x"}, 'parse "udp://h:x": invalid port ":x" after host'),
        ("syslog", {"syslog-address": ":1"}, 'parse ":1": missing protocol scheme'),
        ("syslog", {"syslog-facility": "24"}, "invalid syslog facility"),
        ("syslog", {"syslog-facility": "nope"}, "invalid syslog facility"),
        ("syslog", {"syslog-format": "nope"}, "Invalid syslog format"),
        ("fluentd", {"x": "y"}, "unknown log opt 'x' for fluentd log driver"),
        ("fluentd", {"fluentd-address": "ftp://x"}, "invalid fluentd-address (ftp://x): unsupported scheme: 'ftp'"),
        ("fluentd", {"fluentd-address": "unix://"}, "invalid fluentd-address (unix://): path is empty"),
        ("fluentd", {"fluentd-address": "h/p"}, "invalid fluentd-address (h/p): should not contain a path element"),
        (
            "fluentd", {"fluentd-address": "h:70000"},
            'invalid fluentd-address (h:70000): invalid port: strconv.ParseUint: parsing "70000": value out of range',
        ),
        ("fluentd", {"fluentd-async": "x"}, 'strconv.ParseBool: parsing "x": invalid syntax'),
        ("fluentd", {"fluentd-retry-wait": "1"}, 'time: missing unit in duration "1"'),
        ("fluentd", {"fluentd-buffer-limit": "x"}, "invalid size: 'x'"),
        ("fluentd", {"fluentd-max-retries": "3000000000"}, "invalid fluentd-max-retries: value out of range"),
        (
            "fluentd", {"fluentd-async": "true", "fluentd-async-connect": "true"},
            "conflicting options: cannot specify both 'fluentd-async' and 'fluentd-async-connect",
        ),
        (
            "fluentd", {"fluentd-async-reconnect-interval": "20s"},
            'invalid value for fluentd-async-reconnect-interval: value ("20s") must be between 100ms and 10s',
        ),
        ("gelf", {}, "gelf-address is a required parameter"),
        ("gelf", {"gelf-address": "http://x:1"}, "gelf: endpoint needs to be TCP or UDP"),
        ("gelf", {"gelf-address": "udp://x"}, "gelf: please provide gelf-address as proto://host:port"),
        ("gelf", {**GELF, "x": "y"}, 'unknown log opt "x" for gelf log driver'),
        (
            "gelf", {**GELF, "gelf-compression-level": "10"},
            'unknown value "10" for log opt "gelf-compression-level" for gelf log driver',
        ),
        (
            "gelf", {**GELF, "gelf-compression-type": ""},
            'unknown value "" for log opt "gelf-compression-type" for gelf log driver',
        ),
        ("gelf", {**GELF, "gelf-tcp-max-reconnect": "1"}, '"gelf-tcp-max-reconnect" is only valid for TCP'),
        (
            "gelf", {"gelf-address": "tcp://h:1", "gelf-compression-type": "gzip"},
            "compression is only supported on UDP",
        ),
        (
            "gelf", {"gelf-address": "tcp://h:1", "gelf-tcp-reconnect-delay": "-1"},
            '"gelf-tcp-reconnect-delay" must be a positive integer',
        ),
        ("awslogs", {}, "must specify a value for log opt 'awslogs-group'"),
        ("awslogs", {**GROUP, "x": "y"}, "unknown log opt 'x' for awslogs log driver"),
        (
            "awslogs", {**GROUP, "awslogs-create-stream": "x"},
            ("must specify valid value for log opt 'awslogs-create-stream': "
            'strconv.ParseBool: parsing "x": invalid syntax'),
        ),
        (
            "awslogs", {**GROUP, "awslogs-max-buffered-events": "0"},
            "must specify a positive integer for log opt 'awslogs-max-buffered-events': 0",
        ),
        (
            "awslogs", {**GROUP, "awslogs-datetime-format": "", "awslogs-multiline-pattern": ""},
            "you cannot configure log opt 'awslogs-datetime-format' and 'awslogs-multiline-pattern' at the same time",
        ),
        ("awslogs", {**GROUP, "awslogs-format": "x"}, "unsupported log format 'x'"),
        (
            "awslogs", {**GROUP, "awslogs-format": "json/emf", "awslogs-datetime-format": "x"},
            ("you cannot configure log opt 'awslogs-datetime-format' or 'awslogs-multiline-pattern' "
            "when log opt 'awslogs-format' is set to 'json/emf'"),
        ),
        ("splunk", {"x": "y"}, "unknown log opt 'x' for splunk log driver"),
        ("gcplogs", {"x": "y"}, '"x" is not a valid option for the gcplogs driver'),
    ],
)  # fmt: skip
def test_another_configuration_is_refused_in_dockers_words(kind: str, options: dict[str, str], message: str) -> None:
    assert messages(kind, options) == [message]


def test_every_mistake_is_told_with_its_option() -> None:
    found = problems(LogConfig(Type="syslog", Config={"a/b": "", "mode": "x", "syslog-format": "y"}))

    assert [problem.field for problem in found] == [
        "/HostConfig/LogConfig/Config/mode",
        "/HostConfig/LogConfig/Config/a~1b",
        "/HostConfig/LogConfig/Config/syslog-format",
    ]


KEYS = [
    "mode", "max-buffer-size", "cache-disabled", "syslog-address", "syslog-facility", "fluentd-address",
    "fluentd-max-retries", "fluentd-retry-wait", "fluentd-buffer-limit", "gelf-address", "gelf-compression-level",
    "gelf-tcp-max-reconnect", "awslogs-group", "awslogs-max-buffered-events", "awslogs-format",
]  # fmt: skip
ADDRESSES = st.from_regex(r"(udp|tcp|unix|tls)?(://)?[\[\]:%@/0-9a-f]{0,12}", fullmatch=True)


@given(st.sampled_from([*DRIVERS, "none"]), st.dictionaries(st.sampled_from(KEYS) | st.text(), st.text() | ADDRESSES))
def test_any_options_are_judged(kind: str, options: dict[str, str]) -> None:
    log = with_defaults(LogConfig(Type=kind, Config=options), STANDARD_LOG)

    assert with_defaults(log, STANDARD_LOG) == log
    assert list(problems(log)) == list(problems(log))
