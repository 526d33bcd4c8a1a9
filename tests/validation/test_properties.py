"""What holds of every request: it is judged, a normalised document is normal, no secret is shown."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st
from random_requests import ANY_JSON, UPDATES, VERSIONS, requests
from verdicts import codes_and_fields

from statesvc.domain.daemon_config import DaemonConfig
from statesvc.domain.documents import ContainerCreate, ContainerUpdate, HostConfig, NetworkingConfig
from statesvc.domain.documents.decode import decode_value
from statesvc.domain.documents.update import host_config
from statesvc.domain.host_facts import HostFacts
from statesvc.domain.mount_point import MountPoint
from statesvc.errors import Conflict, InvalidParameter
from statesvc.validation import Context, ReferencedContainer, Verdict, update, verify
from statesvc.validation.rules import CATALOGUE

ID = "c" * 64
WEB = ReferencedContainer(ID, mounts=(MountPoint("volume", "/data", "/data/root/volumes/v/_data", "v", "local"),))
# A container is found under its name, and under the ID that takes the place of the name.
FOUND: Mapping[str, ReferencedContainer] = {
    "web": WEB,
    ID: WEB,
    "gone": ReferencedContainer(missing="No such container: gone"),
}
SECRET = "hunter2-unmistakable"
examples = settings(max_examples=60)  # on each of three hosts


def on(host: HostFacts, version: tuple[int, ...] = (1, 45)) -> Context:
    return Context(host, DaemonConfig(), "/data/root", version, FOUND, frozenset({"/tmp"}))


def read(body: Any) -> ContainerCreate:
    """Return the request; what has another type than Docker's is refused by the decoder, and not looked at here."""
    try:
        return decode_value(ContainerCreate, body)
    except InvalidParameter:
        reject()


def judged(request: ContainerCreate, context: Context) -> Verdict:
    return verify(request, context, lambda: "f" * 64)


def everything_told(verdict: Verdict) -> str:
    problems = (*verdict.early, *verdict.middle, *verdict.late)
    return f"{problems} {verdict.refusal()} {verdict.verified.warnings}"


@examples
@given(ANY_JSON, VERSIONS)
def test_any_json_gets_a_verdict(any_host: HostFacts, body: Any, version: tuple[int, ...]) -> None:
    assert isinstance(judged(read(body), on(any_host, version)), Verdict)


@examples
@given(requests(), VERSIONS)
def test_any_request_gets_a_verdict_whose_problems_are_in_the_catalogue(
    any_host: HostFacts, body: Any, version: tuple[int, ...]
) -> None:
    verdict = judged(read(body), on(any_host, version))
    codes = [code for code, _ in codes_and_fields(verdict)]
    assert set(codes) <= CATALOGUE.keys()
    assert (verdict.refusal() is None) == (not codes)


@examples
@given(requests(good=True), VERSIONS)
def test_a_normalised_document_is_accepted_and_stays_as_it_is(
    any_host: HostFacts, body: Any, version: tuple[int, ...]
) -> None:
    context = on(any_host, version)
    once = judged(read(body), context)
    assume(not codes_and_fields(once))
    verified = once.verified
    # What is stored elsewhere does not come again: links are names, and anonymous volumes are mount points.
    again = ContainerCreate(
        config=verified.config,
        host_config=verified.host_config,
        networking_config=NetworkingConfig(EndpointsConfig=verified.networks),
    )
    twice = judged(again, context)
    assert codes_and_fields(twice) == []
    assert twice.verified.config == verified.config
    assert twice.verified.host_config == verified.host_config
    assert twice.verified.networks == verified.networks
    assert twice.verified.mounts == verified.mounts
    assert twice.verified.security == verified.security


@examples
@given(requests(good=True), VERSIONS)
def test_what_is_stored_is_what_it_is_read_back_as(any_host: HostFacts, body: Any, version: tuple[int, ...]) -> None:
    verified = judged(read(body), on(any_host, version)).verified
    for document in (verified.config, verified.host_config):
        assert decode_value(type(document), document.to_dict()).to_json() == document.to_json()


@examples
@given(requests(), requests(), VERSIONS)
def test_judging_a_request_changes_neither_it_nor_the_judgement_of_another(
    any_host: HostFacts, body: Any, other: Any, version: tuple[int, ...]
) -> None:
    context = on(any_host, version)
    request, between = read(body), read(other)
    before = request.model_copy(deep=True)
    first = judged(request, context)
    judged(between, context)
    assert request == before
    assert judged(request, context) == first


ENTRIES = st.sampled_from([f"A={SECRET}", f"={SECRET}", f"A B={SECRET}", "", "="])
ENVIRONMENTS = (
    st.lists(ENTRIES, min_size=1)
    | st.sampled_from([f"A={SECRET}", {"A": SECRET}, [[SECRET]], [{SECRET: SECRET}], [1, SECRET]])
)  # fmt: skip


@examples
@given(requests(), ENVIRONMENTS, VERSIONS)
def test_no_value_of_the_environment_is_told(
    any_host: HostFacts, body: Any, environment: Any, version: tuple[int, ...]
) -> None:
    try:
        said = everything_told(
            judged(decode_value(ContainerCreate, body | {"Env": environment}), on(any_host, version))
        )
    except InvalidParameter as refusal:
        said = f"{refusal} {refusal.problems}"
    assert SECRET not in said


@examples
@given(UPDATES, requests(good=True), VERSIONS)
def test_any_update_gets_a_verdict_and_is_settled_by_one_judgement(
    any_host: HostFacts, asked: Any, body: Any, version: tuple[int, ...]
) -> None:
    context = on(any_host, version)
    try:
        wanted = host_config(decode_value(ContainerUpdate, asked))
    except InvalidParameter:
        return
    verdict = update.verify(wanted, context)
    assume(not verdict.problems)
    assert update.verify(verdict.asked, context).asked == verdict.asked
    stored = judged(read(body), context).verified.host_config
    try:
        changed = update.apply(verdict.asked, stored, ID)
    except Conflict:
        return
    untouched = {*HostConfig.model_fields} - {*update.RESOURCES, "PidsLimit", "RestartPolicy"}
    assert all(getattr(changed, name) == getattr(stored, name) for name in untouched)


@pytest.mark.parametrize("body", [None, {}, {"HostConfig": None}, {"NetworkingConfig": {}}], ids=str)
def test_an_empty_request_gets_a_verdict(any_host: HostFacts, body: Any) -> None:
    assert codes_and_fields(judged(read(body), on(any_host))) == []
