"""What a request refers to: links, shared namespaces, and how they are rewritten."""

from dataclasses import replace
from typing import Any

import pytest
from mistakes import CONTAINERS
from verdicts import Judge, codes_and_fields

from statesvc.domain.documents import HostConfig
from statesvc.domain.link import Link
from statesvc.validation import Context, references

C = "c" * 64
UNDEFINED = "This would result in undefined behavior"


@pytest.fixture
def here(context: Context) -> Context:
    """A context in which containers were found."""
    return replace(context, containers=CONTAINERS | {"/c": CONTAINERS["c"]})


def test_every_reference_of_a_request_is_named_once() -> None:
    host = HostConfig(
        NetworkMode="container:net", IpcMode="container:ipc", PidMode="host", Links=["db:x", "/db2:/w/y", ""],
        VolumesFrom=["vols:ro", "vols", ""],
    )  # fmt: skip
    assert references.named(host) == {"net", "ipc", "db", "/db2", "vols"}


@pytest.mark.parametrize("mode", ["NetworkMode", "IpcMode", "PidMode"])
def test_a_shared_namespace_names_the_container_by_its_id(judge: Judge, here: Context, mode: str) -> None:
    verdict = judge({mode: "container:c"}, on=here)
    assert codes_and_fields(verdict) == []
    assert getattr(verdict.verified.host_config, mode) == f"container:{C}"


def test_the_network_of_a_missing_container_is_looked_for_at_the_start(judge: Judge, here: Context) -> None:
    verdict = judge({"NetworkMode": "container:gone"}, on=here)
    assert codes_and_fields(verdict) == []
    assert verdict.verified.host_config.NetworkMode == "container:gone"


@pytest.mark.parametrize("mode", ["IpcMode", "PidMode"])
def test_a_missing_container_is_told_with_the_mode(judge: Judge, here: Context, mode: str) -> None:
    assert codes_and_fields(judge({mode: "container:gone"}, on=here)) == [("shared-container", f"/HostConfig/{mode}")]


@pytest.mark.parametrize(
    "host",
    [{"Privileged": True}, {"PidMode": "host"}, {"SecurityOpt": ["label=disable"]}],
    ids=["privileged", "host-pid", "own-label"],
)
def test_a_missing_container_is_not_missed_where_no_label_is_taken_from_it(
    judge: Judge, here: Context, host: dict[str, Any]
) -> None:
    verdict = judge({"IpcMode": "container:gone"} | host, on=here)
    assert codes_and_fields(verdict) == []
    assert verdict.verified.host_config.IpcMode == "container:gone"


def test_a_label_in_the_old_form_is_no_label(judge: Judge, here: Context) -> None:
    verdict = judge({"IpcMode": "container:gone", "SecurityOpt": ["label:disable"]}, on=here)
    assert [code for code, _ in codes_and_fields(verdict)] == ["shared-container"]


def test_a_missing_container_is_told_after_the_image_is_found(judge: Judge, here: Context) -> None:
    verdict = judge({"IpcMode": "container:gone", "LogConfig": {"Type": "nosuch"}}, on=here)
    assert [problem.code for problem in verdict.middle] == ["shared-container", "log-driver"]


def test_links_are_kept_as_names_and_each_once(judge: Judge, here: Context) -> None:
    verdict = judge({"Links": ["c:x", "c:x", "/c:/web/y", "c"]}, on=here)
    assert codes_and_fields(verdict) == []
    assert verdict.verified.links == (Link(C, "x"), Link(C, "y"), Link(C, "c"))
    assert verdict.verified.host_config.Links is None


@pytest.mark.parametrize(
    ("link", "problem"),
    [
        ("", "empty string specified for links"),
        ("c:a:b", "bad format for links: c:a:b"),
        (":x", 'could not get container for : invalid name or ID supplied: ""'),
        ("gone:x", "could not get container for gone: No such container: gone"),
        ("unasked:x", "could not get container for unasked: No such container: unasked"),
        ("onhost:x", f"conflicting options: host type networking can't be used with links. {UNDEFINED}"),
    ],
)  # fmt: skip
def test_a_link_that_leads_nowhere_is_told(judge: Judge, here: Context, link: str, problem: str) -> None:
    verdict = judge({"Links": ["c:x", link]}, on=here)
    assert [(one.message, one.field) for one in verdict.late] == [(problem, "/HostConfig/Links/1")]


def test_a_link_with_an_empty_alias_names_nothing(judge: Judge, here: Context) -> None:
    verdict = judge({"Links": ["c:", "c:/"]}, on=here)
    assert (codes_and_fields(verdict), verdict.verified.links) == ([], ())


@pytest.mark.parametrize("link", ["c:store", "gone:store", "", "a:b:c"])
def test_on_a_users_network_links_of_the_container_are_not_looked_at(judge: Judge, here: Context, link: str) -> None:
    verdict = judge({"NetworkMode": "mine", "Links": [link]}, on=here)
    assert codes_and_fields(verdict) == []
    assert verdict.verified.links == ()
