"""Rules of the requested platform and of the platform of the image (moby daemon/images)."""

from pydantic import Field

from statesvc.domain import platform
from statesvc.domain.documents import Document
from statesvc.domain.documents.decode import decode
from statesvc.domain.documents.go_types import Strings
from statesvc.domain.platform import BadPlatformError, Platform, matches
from statesvc.errors import InvalidParameter, NotFound
from statesvc.validation.rules import RuleWarning, rule

PLATFORM = rule(
    "platform",
    "/platform",
    "A platform is OS, ARCHITECTURE, or OS/ARCHITECTURE[/VARIANT].",
    "containerd/platforms Parse",
)
FOREIGN = rule(
    "platform-of-image",
    "/Image",
    "The image is for the host's platform, or for one that was asked for.",
    "moby daemon/create.go containerCreate",
    warns=True,
)


def parse(text: str, host: Platform) -> Platform:
    """Return the platform that a text names. Raises InvalidParameter in Docker's words for a text that names none."""
    try:
        return platform.parse(text, host)
    except BadPlatformError as error:
        problem = PLATFORM.broken(f"{error}: invalid argument", text)
        raise InvalidParameter(problem.message, (problem,)) from None


class _PlatformDocument(Document):
    os: str = ""
    architecture: str = ""
    variant: str = ""
    os_version: str = Field(default="", alias="os.version")
    os_features: Strings | None = Field(default=None, alias="os.features")


def parse_json(text: str) -> Platform:
    """Return the platform in a parameter of the image endpoints, a JSON object (moby httputils DecodePlatform).

    Raises InvalidParameter for anything else, and if it names no operating system or no architecture.
    """
    try:
        asked = decode(_PlatformDocument, text.encode())
    except InvalidParameter as error:
        problem = PLATFORM.broken(f"failed to parse platform: {error.message.removeprefix('invalid JSON: ')}", text)
        raise InvalidParameter(problem.message, (problem,)) from None
    if not asked.os or not asked.architecture:
        problem = PLATFORM.broken("both OS and Architecture must be provided", text)
        raise InvalidParameter(problem.message, (problem,))
    return Platform(asked.os, asked.architecture, asked.variant, asked.os_version)


def check(reference: str, wanted: Platform, image: Platform) -> None:
    """Raise NotFound if the image that the reference names does not run on the wanted platform."""
    if not matches(wanted, image):
        raise NotFound(
            f"image with reference {reference} was found but its platform ({image}) "
            f"does not match the specified platform ({wanted})"
        )


def warning(image: Platform, host: Platform) -> RuleWarning | None:
    """Return Docker's warning about an image that is not for this host, None for one that is."""
    if matches(host, image):
        return None
    return FOREIGN.warning(
        f"The requested image's platform ({image}) does not match the detected host platform ({host}) "
        "and no specific platform was requested"
    )
