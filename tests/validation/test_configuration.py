"""Rules of Config, and what is stored of it."""

from typing import Any

import pytest
from verdicts import Judge, codes_and_fields

SECOND = 10**9


@pytest.mark.parametrize(
    ("config", "problems"),
    [
        ({"WorkingDir": ""}, []),
        ({"WorkingDir": "/srv/../x"}, []),
        ({"WorkingDir": "srv"}, [("working-dir", "/WorkingDir")]),
        ({"WorkingDir": "."}, [("working-dir", "/WorkingDir")]),
        ({"StopSignal": "SIGRTMIN+3"}, []),
        ({"StopSignal": "term"}, []),
        ({"StopSignal": "9"}, []),
        ({"StopSignal": "SIGSEGV "}, [("stop-signal", "/StopSignal")]),
        ({"StopSignal": "65"}, []),  # Docker looks up names only
        ({"StopSignal": "0"}, [("stop-signal", "/StopSignal")]),
        ({"Env": ["A", "B=", "C=D=E", " =x"]}, []),
        ({"Env": ["A=1", "", "=x"]}, [("env-name", "/Env/1"), ("env-name", "/Env/2")]),
        ({"Healthcheck": {}}, []),
        ({"Healthcheck": {"Interval": 10**6, "Timeout": SECOND, "Retries": 0}}, []),
        (
            {"Healthcheck": {"StartPeriod": -1, "StartInterval": 999_999, "Interval": 1, "Timeout": 1}},
            [("health-time", f"/Healthcheck/{at}") for at in ("Interval", "Timeout", "StartPeriod", "StartInterval")],
        ),
        ({"Healthcheck": {"Retries": -1}}, [("health-retries", "/Healthcheck/Retries")]),
        ({"Healthcheck": {"Test": ["NONSENSE", "x"]}}, []),
        ({"StopTimeout": -5}, []),
        ({"Hostname": "a_b c", "Domainname": "..", "User": "nobody:"}, []),
        ({"ExposedPorts": {"x/y/z": {}}, "Volumes": {"relative": {}}, "Labels": {"": ""}}, []),
    ],
    ids=lambda value: "" if isinstance(value, list) else str(value),
)  # fmt: skip
def test_configurations_are_judged(judge: Judge, config: dict[str, Any], problems: list[tuple[str, str]]) -> None:
    assert codes_and_fields(judge(**config)) == problems


@pytest.mark.parametrize(
    ("written", "kept"),
    [("", ""), ("/", "/"), ("//srv", "/srv"), ("/a/./b/../c/", "/a/c"), ("/..", "/")],
)
def test_a_working_directory_is_kept_cleaned(judge: Judge, written: str, kept: str) -> None:
    assert judge(WorkingDir=written).verified.config.WorkingDir == kept


def test_what_stands_behind_the_equals_sign_of_a_nameless_entry_is_not_told(judge: Judge) -> None:
    (problem,) = judge(Env=["=hunter2"]).early
    assert "hunter2" not in f"{problem}"
    assert problem.value is None
