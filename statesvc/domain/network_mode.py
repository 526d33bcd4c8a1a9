"""Network modes: one of Docker's own networks, `container:REFERENCE`, or the name of a user-defined network."""

BRIDGE = "bridge"
_PREDEFINED = frozenset({"", "default", BRIDGE, "host", "none"})


def is_container(mode: str) -> bool:
    """Return whether the mode shares another container's network."""
    return mode.startswith("container:")


def is_user_defined(mode: str) -> bool:
    """Return whether the mode, or the key of an endpoint, names a user-defined network.

    Source: moby api/types/container NetworkMode.IsUserDefined.
    """
    return mode not in _PREDEFINED and not is_container(mode)
