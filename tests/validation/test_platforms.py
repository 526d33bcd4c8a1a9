import re

import pytest

from statesvc.domain.image_config import ImageConfig
from statesvc.domain.platform import Platform, of_host, of_image
from statesvc.errors import InvalidParameter, NotFound
from statesvc.validation import platforms

HOST = of_host("x86_64", "v4")
BUSYBOX = Platform("linux", "amd64")
ARM = of_image(ImageConfig(architecture="arm64", os="linux", variant="v8"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("bogus", '"bogus": unknown operating system or architecture: invalid argument'),
        ("linux/*", '"linux/*": wildcards not yet supported: invalid argument'),
        ("linux/amd64/v1/x", '"linux/amd64/v1/x": cannot parse platform specifier: invalid argument'),
        (
            "linux/ amd64",
            (
                '" amd64" is an invalid component of "linux/ amd64": '
                'platform specifier component must match "^[A-Za-z0-9_-]+$": invalid argument'
            ),
        ),
        (
            "/",
            (
                '"" is an invalid OS component of "/": OSAndVersion specifier component must match '
                r'"^([A-Za-z0-9_-]+)(?:\\(([A-Za-z0-9_.-]*)\\))?$": invalid argument'
            ),
        ),
    ],
)
def test_what_names_none_is_refused_in_dockers_words(text: str, message: str) -> None:
    with pytest.raises(InvalidParameter) as refusal:
        platforms.parse(text, HOST)

    assert refusal.value.message == message
    assert refusal.value.problems[0].code == "platform"


def test_an_image_of_another_platform_is_not_found() -> None:
    wanted = platforms.parse("windows/amd64", HOST)
    message = (
        "image with reference busybox:latest was found but its platform (linux/amd64) "
        "does not match the specified platform (windows/amd64)"
    )

    with pytest.raises(NotFound, match=re.escape(message)):
        platforms.check("busybox:latest", wanted, BUSYBOX)


def test_an_image_of_the_platform_is_found() -> None:
    platforms.check("cf/arm:1", platforms.parse("linux/arm64/v8", HOST), ARM)


def test_an_image_for_another_host_is_warned_of() -> None:
    assert platforms.warning(ARM, HOST) == (
        "The requested image's platform (linux/arm64/v8) does not match the detected host platform (linux/amd64/v4) "
        "and no specific platform was requested"
    )


def test_an_image_for_this_host_is_not_warned_of() -> None:
    assert platforms.warning(BUSYBOX, HOST) is None
