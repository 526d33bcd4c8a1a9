"""What a network mode means: one of Docker's own networks, another container's, or the name of a user's."""

BRIDGE = "bridge"
_PREDEFINED = frozenset({"", "default", BRIDGE, "host", "none"})


def is_container(mode: str) -> bool:
    """Say whether the mode shares another container's network."""
    return mode.startswith("container:")


def is_user_defined(mode: str) -> bool:
    """Say whether the mode, or the key of an endpoint, names a network that the user made.

    Source: moby api/types/container NetworkMode.IsUserDefined.
    """
    return mode not in _PREDEFINED and not is_container(mode)
