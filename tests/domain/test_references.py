import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.references import DigestReference, Reference, parse_any, parse_normalized, parse_repo_tag
from statesvc.errors import InvalidParameter

HEX = "0123456789abcdef" * 4


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox", "busybox"),
        ("busybox:latest", "docker.io/library/busybox:latest", "busybox:latest"),
        ("docker.io/busybox", "docker.io/library/busybox", "busybox"),
        ("docker.io/library/busybox:1", "docker.io/library/busybox:1", "busybox:1"),
        ("index.docker.io/cf/x", "docker.io/cf/x", "cf/x"),
        ("cf/labelled:2.0", "docker.io/cf/labelled:2.0", "cf/labelled:2.0"),
        ("library/a/b", "docker.io/library/a/b", "library/a/b"),
        ("localhost/x", "localhost/x", "localhost/x"),
        ("localhost:5000/a/b:T_1.x-Y", "localhost:5000/a/b:T_1.x-Y", "localhost:5000/a/b:T_1.x-Y"),
        ("[::1]:5000/x", "[::1]:5000/x", "[::1]:5000/x"),
        ("Foo/bar", "Foo/bar", "Foo/bar"),
        ("example.org/a__b/c--d", "example.org/a__b/c--d", "example.org/a__b/c--d"),
        ("a__b.c/x", "a__b.c/x", "a__b.c/x"),
        ("busybox:LATEST", "docker.io/library/busybox:LATEST", "busybox:LATEST"),
        (f"x@sha256:{HEX}", f"docker.io/library/x@sha256:{HEX}", f"x@sha256:{HEX}"),
        (f"x:1@sha256:{HEX}", f"docker.io/library/x:1@sha256:{HEX}", f"x:1@sha256:{HEX}"),
        ("x:" + "t" * 128, "docker.io/library/x:" + "t" * 128, "x:" + "t" * 128),
    ],
)
def test_a_reference_has_a_full_and_a_familiar_form(text: str, full: str, familiar: str) -> None:
    reference = parse_normalized(text)

    assert (reference.full, reference.familiar) == (full, familiar)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "invalid reference format"),
        ("BUSYBOX", "invalid reference format: repository name (library/BUSYBOX) must be lowercase"),
        ("bad image!", "invalid reference format"),
        ("busybox:", "invalid reference format"),
        ("-x", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("a___b", "invalid reference format"),
        ("busybox\n", "invalid reference format"),
        ("x:" + "t" * 129, "invalid reference format"),
        ("x:-t", "invalid reference format"),
        ("busybox@sha256:abc", "invalid reference format"),
        ("A__b.c/x", "repository name must be lowercase"),
        (f"x@sha256:{HEX[:40]}", "invalid checksum digest length"),
        (f"x@sha256:{HEX.upper()}", "invalid checksum digest format"),
        (f"x@md5:{HEX[:32]}", "unsupported digest algorithm"),
        (HEX, f"invalid repository name ({HEX}), cannot specify 64-byte hexadecimal strings"),
        ("x/" + "a" * 254, "repository name must not be more than 255 characters"),
    ],
)
def test_a_malformed_reference_is_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as caught:
        parse_normalized(text)

    assert caught.value.message == message


def test_only_a_bare_name_gets_the_default_tag() -> None:
    assert parse_normalized("busybox").with_default_tag().familiar == "busybox:latest"
    assert parse_normalized("busybox:1").with_default_tag().familiar == "busybox:1"
    assert parse_normalized(f"busybox@sha256:{HEX}").with_default_tag().tag is None


def test_a_malformed_tag_is_refused() -> None:
    with pytest.raises(InvalidParameter, match="invalid tag format"):
        parse_normalized("busybox").with_tag("a b")


def test_hexadecimal_digits_and_digests_name_an_image_by_digest() -> None:
    assert parse_any(HEX) == DigestReference(f"sha256:{HEX}")
    assert parse_any(f"sha256:{HEX}") == DigestReference(f"sha256:{HEX}")
    assert parse_any("sha256:xyz") == Reference("docker.io", "library/sha256", "xyz")


def test_repo_and_tag_are_joined_and_a_digest_is_refused() -> None:
    reference = parse_repo_tag("cf/x", "2")

    assert reference is not None
    assert reference.full == "docker.io/cf/x:2"
    assert parse_repo_tag("", "2") is None
    with pytest.raises(InvalidParameter, match="cannot import digest reference"):
        parse_repo_tag(f"x@sha256:{HEX}", "")


@given(st.text() | st.from_regex(r"[a-zA-Z0-9._:/@\[\]-]*", fullmatch=True))
def test_any_text_is_a_reference_or_refused(text: str) -> None:
    try:
        reference = parse_normalized(text)
    except InvalidParameter:
        return
    assert parse_normalized(reference.full) == reference
