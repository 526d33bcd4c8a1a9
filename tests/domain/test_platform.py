import pytest
from hypothesis import given
from hypothesis import strategies as st

from statesvc.domain.image_config import ImageConfig
from statesvc.domain.platform import BadPlatformError, Platform, matches, of_host, of_image, parse

HOST = of_host("x86_64", "v4")
BUSYBOX = Platform("linux", "amd64")
ARM = of_image(ImageConfig(architecture="arm64", os="linux", variant="v8"))


@pytest.mark.parametrize(
    ("text", "platform"),
    [
        ("linux", Platform("linux", "amd64")),
        ("amd64", Platform("linux", "amd64")),
        ("aarch64", Platform("linux", "arm64")),
        ("macos", Platform("darwin", "amd64")),
        ("Linux/X86_64", Platform("linux", "amd64")),
        ("linux/x86-64", Platform("linux", "amd64")),
        ("linux/i386", Platform("linux", "386")),
        ("linux/amd64/v1", Platform("linux", "amd64")),
        ("linux/amd64/v3", Platform("linux", "amd64", "v3")),
        ("linux/arm64", Platform("linux", "arm64")),
        ("linux/arm64/v8", Platform("linux", "arm64", "v8")),
        ("linux/arm64/8", Platform("linux", "arm64", "v8")),
        ("linux/arm", Platform("linux", "arm")),
        ("armhf", Platform("linux", "arm")),
        ("linux/armel", Platform("linux", "arm", "v6")),
        ("linux/arm/7", Platform("linux", "arm", "v7")),
        ("linux/bogus", Platform("linux", "bogus")),
        ("windows(10.0.17763)/amd64", Platform("windows", "amd64", os_version="10.0.17763")),
    ],
)
def test_a_text_names_a_platform(text: str, platform: Platform) -> None:
    assert parse(text, HOST) == platform


@pytest.mark.parametrize("text", ["linux", "amd64", "linux/x86_64", "linux/amd64/v3", "LINUX/AMD64"])
def test_an_image_without_a_variant_is_of_any(text: str) -> None:
    assert matches(parse(text, HOST), BUSYBOX)


@pytest.mark.parametrize(
    ("wanted", "image"),
    [
        (("arm64",), ("arm64", "v8")),
        (("arm64", "v8"), ("arm64", "v8")),
        (("arm64", "v8"), ("arm64",)),
        (("arm64", "v8.2"), ("arm64", "v8.1")),
        (("arm64", "v9.1"), ("arm64", "v8.6")),
        (("arm64",), ("arm", "v7")),
        (("arm", "v7"), ("arm", "v6")),
        (("amd64", "v3"), ("amd64", "v1")),
        (("amd64", "v3"), ("amd64", "v2")),
        (("amd64",), ("386",)),
        (("x86_64",), ("amd64",)),
    ],
)
def test_a_platform_runs_what_is_older(wanted: tuple[str, ...], image: tuple[str, ...]) -> None:
    assert matches(Platform("linux", *wanted), Platform("linux", *image))


@pytest.mark.parametrize(
    ("wanted", "image"),
    [
        (("arm64",), ("amd64",)),
        (("arm64", "v8.1"), ("arm64", "v8.2")),
        (("arm", "v6"), ("arm", "v7")),
        (("arm", "v7"), ("arm64", "v8")),
        (("amd64",), ("amd64", "v2")),
        (("386",), ("amd64",)),
        (("bogus",), ("amd64",)),
    ],
)
def test_a_platform_does_not_run_what_is_newer_or_another(wanted: tuple[str, ...], image: tuple[str, ...]) -> None:
    assert not matches(Platform("linux", *wanted), Platform("linux", *image))


def test_a_platform_without_a_system_is_unknown() -> None:
    assert str(Platform("", "amd64")) == "unknown"


@given(st.text() | st.from_regex(r"[a-z0-9]{1,6}(/[a-zA-Z0-9._]{0,6}){0,3}", fullmatch=True))
def test_any_text_is_a_platform_or_refused(text: str) -> None:
    try:
        wanted = parse(text, HOST)
    except BadPlatformError:
        return
    assert matches(wanted, wanted)
    assert isinstance(matches(wanted, ARM), bool)


@pytest.mark.parametrize(
    ("kernel", "docker"),
    [("x86_64", "amd64"), ("aarch64", "arm64"), ("armv7l", "arm"), ("i686", "386"), ("riscv64", "riscv64")],
)
def test_a_kernels_name_of_an_architecture_is_known(kernel: str, docker: str) -> None:
    assert of_host(kernel).architecture == docker
