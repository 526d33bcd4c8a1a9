"""Rules of the requested platform and of the platform of the image (moby daemon/images)."""

from statesvc.domain import platform
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


def check(reference: str, wanted: Platform, image: Platform) -> None:
    """Raise NotFound if the image that the reference names does not run on the wanted platform."""
    if not matches(wanted, image):
        raise NotFound(
            f"image with reference {reference} was found but does not match the specified platform: "
            f"wanted {wanted}, actual: {image}"
        )


def warning(image: Platform, host: Platform) -> RuleWarning | None:
    """Return Docker's warning about an image that is not for this host, None for one that is."""
    if matches(host, image):
        return None
    return FOREIGN.warning(
        f"The requested image's platform ({image}) does not match the detected host platform ({host}) "
        "and no specific platform was requested"
    )
