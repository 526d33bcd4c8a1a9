"""Links: names under which a container reaches others (HostConfig.Links)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Link:
    """An alias of the linked container, valid for the container that has the link."""

    child_id: str
    alias: str


def parse_link(text: str) -> tuple[str, str]:
    """Return the reference and the alias of a link: `child:alias`, `child`, or `/child:/parent/alias`."""
    name, colon, alias = text.partition(":")
    if not colon:
        return name, name
    if name.startswith("/"):  # the form in which inspect shows links
        return name, alias.rsplit("/", 1)[-1] if alias.startswith("/") else alias
    return name, alias
