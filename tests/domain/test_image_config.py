import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain import times
from statesvc.domain.dockerfile.changes import apply_changes
from statesvc.domain.documents import Config
from statesvc.domain.image_config import image_id, imported_config, parse_image_config
from statesvc.errors import InvalidParameter

DIFF_ID = "sha256:d30e8d85a26702787652fdcccf1c2627e3e2b4d2ed1c505f7e43287d7fbd1048"
# Images that Docker Engine 26.1.5 made with `docker import -c …`: changes, time, ID.
IMPORTED = [
    (
        ['CMD ["sh"]'],
        "2026-11-23T15:12:14.761278364Z",
        "89c53a4e681ab50d735011debe53831d2d8a1042809468abc02cbb4dd2f83191",
    ),
    (
        ['CMD ["sleep","300"]', "EXPOSE 5432", "VOLUME /var/lib/pg", "ENV PGDATA=/var/lib/pg",
         "LABEL com.shop.team=data"],
        "2026-11-23T15:12:14.828535019Z",
        "6016307ff840af8597b6785ebdedab37be1e1cfbf46c231309ff2f888b8b8db6",
    ),
    (
        [
            'CMD ["sleep 300"]', 'ENTRYPOINT ["/bin/sh","-c"]', "EXPOSE 8080 9000/udp", "VOLUME /srv/data",
            "USER 1000:1000", "ENV PATH=/bin TIER=front", "LABEL com.shop.team=web", "WORKDIR /srv/app",
            "STOPSIGNAL SIGQUIT",
            "HEALTHCHECK --interval=30s --timeout=5s --retries=4 CMD true",
        ],
        "2026-11-23T15:12:14.795206023Z",
        "a48156b2b7f77efa5dfe5cd8c8088f7c6168209cda0098ba95a40184d97b18f9",
    ),
]  # fmt: skip


def an_image(**fields: Any) -> bytes:
    return json.dumps({"os": "linux", "rootfs": {"type": "layers", "diff_ids": [DIFF_ID]}, **fields}).encode()


def import_image(config: dict[str, Any], **fields: Any) -> bytes:
    given: dict[str, Any] = {
        "diff_id": DIFF_ID, "created": 0, "comment": "Imported from -", "architecture": "amd64", "os": "linux",
        "docker_version": "26.1.5+dfsg1", **fields,
    }  # fmt: skip
    return imported_config(config=config, **given)


@pytest.mark.parametrize(("changes", "created", "digest"), IMPORTED, ids=["plain", "data", "everything"])
def test_an_imported_image_has_the_id_that_docker_gave_it(changes: list[str], created: str, digest: str) -> None:
    time = times.parse(created)
    assert time is not None

    raw = import_image(apply_changes({}, changes), created=time)

    assert image_id(raw) == f"sha256:{digest}"


def test_what_was_written_is_read_again() -> None:
    raw = import_image(apply_changes({}, IMPORTED[2][0]), created=1_500_000_000, comment="<why> & how", variant="v8")

    image = parse_image_config(raw)

    assert (image.architecture, image.variant, image.os) == ("amd64", "v8", "linux")
    assert (image.created, image.comment, image.diff_ids) == (1_500_000_000, "<why> & how", (DIFF_ID,))
    assert image.config is not None
    assert image.config.Entrypoint == ["/bin/sh", "-c"]
    assert b'"created":"1970-01-01T00:00:01.5Z"' in raw
    assert b"\\u003cwhy\\u003e \\u0026 how" in raw


def test_map_keys_are_sorted_and_a_zero_stop_timeout_is_kept() -> None:
    raw = import_image({"Labels": {"b": "1", "a": "2"}, "StopTimeout": 0, "Env": ["half \ud800"]})

    assert b'"Labels":{"a":"2","b":"1"},"StopTimeout":0' in raw
    assert "half \ufffd" in raw.decode()


def test_unknown_fields_are_ignored_and_names_are_folded() -> None:
    image = parse_image_config(an_image(Architecture="arm64", future={"x": 1}, config={"cmd": "sh", "Labels": None}))

    assert image.architecture == "arm64"
    assert image.config == Config(Cmd=["sh"])


def test_the_comment_of_the_last_step_stands_in_for_a_missing_one() -> None:
    assert parse_image_config(an_image(history=[{"comment": "a"}, {"comment": "b"}])).comment == "b"


def test_an_image_without_configuration_and_time_has_none() -> None:
    image = parse_image_config(an_image())

    assert image.config is None
    assert (image.created, image.created_at) == (None, None)


@pytest.mark.parametrize(
    ("created", "seconds", "stored"),
    [
        ("0001-01-01T00:00:00Z", -62_135_596_800, None),
        ("0000-01-01T00:00:00Z", -62_167_219_200, -(2**63)),
        ("0999-12-31T00:00:00Z", -30_610_310_400, -(2**63)),
        ("9999-12-31T23:59:59Z", 253_402_300_799, 2**63 - 1),
        ("2017-07-14T02:40:00Z", 1_500_000_000, 1_500_000_000 * 10**9),
    ],
)
def test_the_time_of_an_image_may_be_any(created: str, seconds: int, stored: int | None) -> None:
    image = parse_image_config(an_image(created=created, history=[{"created": created}]))

    assert (image.created, image.created_at) == (seconds * 10**9, stored)
    assert times.render(image.created) == created


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"null", b"[]", b"{}", b"x", b"\xff\xfe", b"[" * 100_000, b'{"a":NaN}', b'{"rootfs":null}', b"9" * 5000,
        an_image(config=1), an_image(config={"Env": "x"}), an_image(config={"Env": [1]}),
        an_image(config={"Labels": []}),
        an_image(config={"Volumes": {"/a": 1}}), an_image(config={"Tty": 1}), an_image(config={"Healthcheck": []}),
        an_image(config={"StopTimeout": 2**70}), an_image(created=1), an_image(created="yesterday"),
        an_image(created="2021-02-30T00:00:00Z"), an_image(created="2021-02-29T00:00:00Z"),
        an_image(created="2021-01-01T00:00:60Z"), an_image(created="2021-01-01t00:00:00Z"),
        an_image(created="2021-01-01T00:00:00z"), an_image(created="2021-01-01T00:00:00+99:99"),
        an_image(created="2021-01-01T00:00:00+01:61"), an_image(history=[{"created": "2021-02-30T00:00:00Z"}]),
        an_image(created="9999-13-01T00:00:00Z"), an_image(created="10000-01-01T00:00:00Z"), an_image(history={}),
        an_image(os=[]), an_image(rootfs={"diff_ids": ["../x"]}),
    ],
)  # fmt: skip
def test_junk_is_refused(raw: bytes) -> None:
    with pytest.raises(InvalidParameter):
        parse_image_config(raw)


def test_each_byte_that_is_not_utf_8_is_replaced_as_in_go() -> None:
    image = parse_image_config(an_image(author="?").replace(b'"?"', b'"\xe2\x82"'))

    assert image.author == "\ufffd\ufffd"


def test_half_a_surrogate_pair_can_be_stored_afterwards() -> None:
    image = parse_image_config(an_image(author="\ud800"))

    assert image.author == "\ufffd"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["config", "Env", "Cmd", "created", "x"]), inner),
)


@given(st.binary() | JSON.map(lambda value: an_image(config=value, history=value, created=value)))
def test_any_bytes_are_an_image_or_refused(raw: bytes) -> None:
    with contextlib.suppress(InvalidParameter):
        parse_image_config(raw)
