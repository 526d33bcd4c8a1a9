import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.documents import HostConfig
from statesvc.validation.extra_hosts import problems


def messages(*entries: str) -> list[str]:
    return [problem.message for problem in problems(HostConfig(ExtraHosts=list(entries)))]


@pytest.mark.parametrize(
    "entry",
    [
        "h:1.2.3.4", "h:::1", "h:::ffff:1.2.3.4", "h:host-gateway", "h x:1.2.3.4", "h\u00e9:1.2.3.4", "h: 1.2.3.4",
        "h:1.2.3.4 ", "a=b:1.2.3.4",
    ],
)  # fmt: skip
def test_an_entry_with_an_address_is_fine(entry: str) -> None:
    assert messages(entry) == []


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("h", 'bad format for add-host: "h"'),
        ("", 'bad format for add-host: ""'),
        (":1.2.3.4", 'bad format for add-host: ":1.2.3.4"'),
        ("h=1.2.3.4", 'bad format for add-host: "h=1.2.3.4"'),
        ("h:", 'invalid IP address in add-host: ""'),
        ("h:[::1]", 'invalid IP address in add-host: "[::1]"'),
        ("h:01.2.3.4", 'invalid IP address in add-host: "01.2.3.4"'),
        ("h:fe80::1%eth0", 'invalid IP address in add-host: "fe80::1%eth0"'),
        ("h:1.2.3.4,5.6.7.8", 'invalid IP address in add-host: "1.2.3.4,5.6.7.8"'),
        ("h: host-gateway", 'invalid IP address in add-host: " host-gateway"'),
        ("h:HOST-GATEWAY", 'invalid IP address in add-host: "HOST-GATEWAY"'),
    ],
)
def test_another_entry_is_refused_in_dockers_words(entry: str, message: str) -> None:
    assert messages(entry) == [message]


def test_every_bad_entry_is_told_with_its_place() -> None:
    host = HostConfig(ExtraHosts=["h:1.2.3.4", "x", "h:y"])

    assert [problem.field for problem in problems(host)] == ["/HostConfig/ExtraHosts/1", "/HostConfig/ExtraHosts/2"]


@given(st.lists(st.text()))
def test_any_entries_are_judged(entries: list[str]) -> None:
    assert len(messages(*entries)) <= len(entries)
