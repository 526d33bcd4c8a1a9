import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.dockerfile.changes import apply_changes
from statesvc.errors import InvalidParameter

SHELL = ["/bin/sh", "-c"]


@pytest.mark.parametrize(
    ("change", "config"),
    [
        ("CMD echo hi", {"Cmd": [*SHELL, "echo hi"]}),
        ('CMD ["echo", "hi"]', {"Cmd": ["echo", "hi"]}),
        ('CMD ["echo"] rest', {"Cmd": ["echo"]}),
        ('CMD ["echo', {"Cmd": [*SHELL, '["echo']}),
        ("CMD", {"Cmd": SHELL}),
        ("CMD []", {"Cmd": []}),
        ("entrypoint /x -y", {"Entrypoint": [*SHELL, "/x -y"], "Cmd": None}),
        ("ENTRYPOINT []", {"Entrypoint": None, "Cmd": None}),
        ('CMD ["a"]\nENTRYPOINT ["b"]', {"Cmd": ["a"], "Entrypoint": ["b"]}),
        ("ENV a=1 b=2", {"Env": ["a=1", "b=2"]}),
        ("ENV a=1\nENV a=2", {"Env": ["a=2"]}),
        ("ENV a=\"x y\" b=c\\ d 'c'=e", {"Env": ["a=x y", "b=c d", "c=e"]}),
        ("ENV a  b  c=d", {"Env": ["a=b  c=d"]}),
        (
            "ENV a=1\nENV a=2 b=$a c=${a}x d='$a' e=\"$a\" f=\\$a",
            {"Env": ["a=2", "b=1", "c=1x", "d=$a", "e=1", "f=$a"]},
        ),
        ("ENV a=${x:-y} b=${x:+y} c=$", {"Env": ["a=y", "b=", "c=$"]}),
        ("ENV a=1 \\\n  # comment\n\n  b=2", {"Env": ["a=1", "b=2"]}),
        ("# escape=`\nENV a=b` c", {"Env": ["a=b c"]}),
        ('LABEL a="" "b c"=d', {"Labels": {"a": "", "b c": "d"}}),
        ("EXPOSE 80 53/UDP 127.0.0.1:1:90", {"ExposedPorts": {"80/tcp": {}, "53/udp": {}, "90/tcp": {}}}),
        ("EXPOSE 8000-8002/sctp", {"ExposedPorts": {f"{port}/sctp": {} for port in (8000, 8001, 8002)}}),
        ("ENV p='1 2'\nEXPOSE $p", {"Env": ["p=1 2"], "ExposedPorts": {"1/tcp": {}, "2/tcp": {}}}),
        ("VOLUME /a /b", {"Volumes": {"/a": {}, "/b": {}}}),
        ('VOLUME ["/a b"]', {"Volumes": {"/a b": {}}}),
        ("WORKDIR a\nWORKDIR ../b/", {"WorkingDir": "/b"}),
        ("WORKDIR /a/../b", {"WorkingDir": "/a/../b"}),
        ("USER app:staff", {"User": "app:staff"}),
        ("STOPSIGNAL SIGQUIT", {"StopSignal": "SIGQUIT"}),
        ("STOPSIGNAL 9", {"StopSignal": "9"}),
        ("ONBUILD RUN make  all", {"OnBuild": ["RUN make  all"]}),
        ("HEALTHCHECK NONE", {"Healthcheck": {"Test": ["NONE"]}}),
        (
            "HEALTHCHECK --interval=30s --timeout=1.5s --start-period=1m2s --start-interval=5ms --retries=4 CMD true",
            {
                "Healthcheck": {
                    "Test": ["CMD-SHELL", "true"],
                    "Interval": 30_000_000_000,
                    "Timeout": 1_500_000_000,
                    "StartPeriod": 62_000_000_000,
                    "StartInterval": 5_000_000,
                    "Retries": 4,
                }
            },
        ),
        ('HEALTHCHECK CMD ["/check"]', {"Healthcheck": {"Test": ["CMD", "/check"]}}),
    ],
)
def test_an_instruction_changes_the_configuration(change: str, config: dict[str, Any]) -> None:
    assert apply_changes({}, [change]) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("RUN true", "RUN is not a valid change command"),
        ("FROM x", "FROM is not a valid change command"),
        ("nonsense", "nonsense is not a valid change command"),
        ("", "file with no instructions"),
        ("# nothing", "file with no instructions"),
        ("ENV", "ENV requires at least one argument"),
        ("ENV a", "ENV must have two arguments"),
        ("ENV =b", "ENV names can not be blank"),
        ("ENV a=b c", 'Syntax error - can\'t find = in "c". Must be of the form: name=value'),
        ("ENV a=${", "failed to process \"${\": syntax error: missing '}'"),
        ("ENV a=\x01${", "failed to process \"\\x01${\": syntax error: missing '}'"),
        ("ENV a=${b", 'failed to process "${b": unsupported modifier () in substitution'),
        ("ENV a=${b:?gone}", 'failed to process "${b:?gone}": b: gone'),
        ("CMD [1]", "when using JSON array syntax, arrays must be comprised of strings only"),
        ("CMD --x y", "unknown flag: x"),
        ("EXPOSE", "EXPOSE requires at least one argument"),
        ("EXPOSE 80/icmp", "invalid proto: icmp"),
        ("EXPOSE 70000", "invalid containerPort: 70000"),
        ("EXPOSE 9-8", "invalid containerPort: 9-8"),
        ("EXPOSE 1-2:5-7", "invalid ranges specified for container and host Ports: 5-7 and 1-2"),
        ("EXPOSE nowhere:1:2", "invalid IP address: nowhere"),
        ("VOLUME", "VOLUME requires at least one argument"),
        ("VOLUME $nothing", "VOLUME specified can not be an empty string"),
        ("WORKDIR", "WORKDIR requires exactly one argument"),
        ("WORKDIR $nothing", "cannot normalize nothing"),
        ("STOPSIGNAL SIGFOO", "invalid signal: SIGFOO"),
        ("STOPSIGNAL 0", "invalid signal: 0"),
        ("ONBUILD", "ONBUILD requires at least one argument"),
        ("ONBUILD ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("ONBUILD from x", "FROM isn't allowed as an ONBUILD trigger"),
        ("HEALTHCHECK NONE x", "HEALTHCHECK NONE takes no arguments"),
        ("HEALTHCHECK CMD", "Missing command after HEALTHCHECK CMD"),
        ("HEALTHCHECK x", 'Unknown type "X" in HEALTHCHECK (try CMD)'),
        ("HEALTHCHECK --interval=1 CMD x", 'time: missing unit in duration "1"'),
        ("HEALTHCHECK --interval=1y CMD x", 'time: unknown unit "y" in duration "1y"'),
        ("HEALTHCHECK --interval=1us CMD x", 'Interval "interval" cannot be less than 1ms'),
        ("HEALTHCHECK --retries=-1 CMD x", "--retries cannot be negative (-1)"),
    ],
)
def test_a_malformed_change_is_refused_in_dockers_words(change: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        apply_changes({}, [change])

    assert caught.value.message == message


def test_changes_add_to_what_is_there_and_leave_the_original_alone() -> None:
    config = {"Env": ["A=1"], "Labels": {"a": "b"}, "Shell": ["/bin/ash", "-c"], "Cmd": ["old"]}

    changed = apply_changes(config, ["ENV B=$A", "LABEL c=d", "CMD new"])

    assert changed == {
        "Env": ["A=1", "B=1"],
        "Labels": {"a": "b", "c": "d"},
        "Shell": ["/bin/ash", "-c"],
        "Cmd": ["/bin/ash", "-c", "new"],
    }
    assert config["Env"] == ["A=1"]


def test_no_changes_change_nothing() -> None:
    assert apply_changes({"Cmd": ["x"]}, []) == {"Cmd": ["x"]}


def test_a_variable_that_doubles_itself_does_not_fill_the_memory() -> None:
    with pytest.raises(InvalidParameter, match="more than"):
        apply_changes({}, ["ENV a=aaaaaaaa", *["ENV a=$a$a"] * 60])


@pytest.mark.parametrize("change", ["ENV a=" + "${b:-" * 5000, "CMD " + "[" * 60000, "ONBUILD " * 8000])
def test_deep_nesting_is_no_crash(change: str) -> None:
    with contextlib.suppress(InvalidParameter):
        apply_changes({}, [change])


WORDS = st.sampled_from(
    ["CMD", "ENTRYPOINT", "ENV", "EXPOSE", "HEALTHCHECK", "LABEL", "ONBUILD", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR"]
)
ARGS = st.text(st.sampled_from("aB1=-+:/.,$#{}[]()\"'\\` \t\n\r") | st.characters())


@given(st.lists(st.builds(lambda word, args: f"{word} {args}", WORDS, ARGS) | st.text(), max_size=4))
def test_any_change_is_applied_or_refused(changes: list[str]) -> None:
    with contextlib.suppress(InvalidParameter):
        apply_changes({"WorkingDir": "/x", "Env": ["a=1"]}, changes)
