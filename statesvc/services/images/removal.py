"""Removes images and their references (moby daemon/images/image_delete.go)."""

from collections.abc import Callable
from dataclasses import dataclass

from statesvc.db import images
from statesvc.db.containers import rows as containers
from statesvc.db.images import Image
from statesvc.db.sqlite import Connection
from statesvc.domain.ids import short
from statesvc.domain.mount_point import folder_in, folder_of_image
from statesvc.domain.platform import Platform
from statesvc.domain.references import parse_normalized
from statesvc.domain.state import LIVE
from statesvc.errors import Conflict
from statesvc.services.images.layers import chain_ids, common
from statesvc.services.images.records import find_for, id_of, readable
from statesvc.services.journal.writing import log_image


@dataclass(frozen=True, slots=True)
class Removal:
    """One step of a removal: a reference that was removed, or an image that was deleted."""

    untagged: str = ""
    deleted: str = ""


def remove(conn: Connection, text: str, now: int, *, force: bool, platform: Platform | None = None) -> list[Removal]:
    """Remove a reference, and the image with its last reference; or, if the text is its ID, an image as a whole.

    Raises as `find_for` does, Conflict where Docker refuses.
    """
    image = find_for(conn, text, platform)
    if _names_the_id(text, image.id):
        return _remove_by_id(conn, image, now, force=force)
    return _remove_reference(conn, image, text, now, force=force)


def _names_the_id(text: str, image_id: str) -> bool:
    return image_id.removeprefix("sha256:").startswith(text.removeprefix("sha256:"))


def _references(conn: Connection, image: Image) -> list[str]:
    return [*images.tags(conn, image.id), *images.digests(conn, image.id)]


def _remove_reference(conn: Connection, image: Image, text: str, now: int, *, force: bool) -> list[Removal]:
    held = _references(conn, image)
    if not force and _is_single(held) and (user := _user(conn, image)):
        raise Conflict(
            f'conflict: unable to remove repository reference "{text}" (must force) - container {short(user)} '
            f"is using its referenced image {_short(image)}"
        )
    reference = parse_normalized(text).as_stored().full
    removals = [_untag(conn, image, reference, now)]
    left = _references(conn, image)
    repository = parse_normalized(reference).name
    if "@" not in reference and not any(
        "@" not in other and parse_normalized(other).name == repository for other in left
    ):
        digests = [other for other in left if "@" in other and parse_normalized(other).name == repository]
        removals += [_untag(conn, image, digest, now) for digest in digests]
        left = _references(conn, image)
    # The image is deleted with its last reference, unless a container uses it: then it stays, without a name.
    if left or _conflict(conn, image, force=force):
        return removals
    return [*removals, *_delete(conn, image, now)]


def _remove_by_id(conn: Connection, image: Image, now: int, *, force: bool) -> list[Removal]:
    held = _references(conn, image)
    conflict = _conflict(conn, image, force=force, in_repositories=not _in_one_repository(held))
    if conflict:
        raise Conflict(conflict)
    return [*(_untag(conn, image, reference, now) for reference in held), *_delete(conn, image, now)]


def mounting(conn: Connection) -> Callable[[str], str | None]:
    """Return what tells the newest container that mounts the image with an ID, None if none does."""
    by_folder: dict[str, str] = {}
    by_id: dict[str, str] = {}
    for container, mount in containers.mounted_images(conn):
        if folder := folder_in(mount.source):
            by_folder.setdefault(folder, container)
        else:  # an imported mount is at a path that another engine chose: its image is looked up by name
            by_id.setdefault(id_of(conn, mount.name), container)
    return lambda image_id: by_folder.get(folder_of_image(image_id)) or by_id.get(image_id)


def _user(conn: Connection, image: Image) -> str | None:
    """Return a container that is made from the image, or mounts it."""
    users = containers.users_of_image(conn, image.id)
    return users[0][0] if users else mounting(conn)(image.id)


def _conflict(conn: Connection, image: Image, *, force: bool, in_repositories: bool = False) -> str | None:
    """Return why the image cannot be deleted, None if it can; that a container mounts it is no reason in Docker."""
    users = containers.users_of_image(conn, image.id)
    running = next((user for user, state in users if state in LIVE), None)
    if running:
        how, what = "cannot be forced", f"image is being used by running container {short(running)}"
    elif in_repositories and not force:
        how, what = "must be forced", "image is referenced in multiple repositories"
    elif users and not force:
        how, what = "must be forced", f"image is being used by stopped container {short(users[0][0])}"
    else:
        return None
    return f"conflict: unable to delete {_short(image)} ({how}) - {what}"


def _is_single(held: list[str]) -> bool:
    """Return whether there is one reference, or one tag with digests of the same repository."""
    tags = [reference for reference in held if "@" not in reference]
    return len(held) <= 1 or (len(tags) <= 1 and _in_one_repository(held))


def _in_one_repository(held: list[str]) -> bool:
    tags = [reference for reference in held if "@" not in reference]
    return len({parse_normalized(reference).name for reference in held}) <= 1 and len(tags) <= 1


def _short(image: Image) -> str:
    return short(image.id.removeprefix("sha256:"))


def _untag(conn: Connection, image: Image, reference: str, now: int) -> Removal:
    images.untag(conn, reference)
    shown = parse_normalized(reference).familiar
    log_image(conn, "untag", image.id, image.id, now)
    return Removal(untagged=shown)


def _delete(conn: Connection, image: Image, now: int) -> list[Removal]:
    log_image(conn, "delete", image.id, image.id, now)  # while its labels can still be read
    released = _released(conn, image)
    images.remove(conn, image.id)
    return [Removal(deleted=deleted) for deleted in (image.id, *released)]


def _released(conn: Connection, image: Image) -> list[str]:
    """Return the chain IDs of the layers that no other image has, the top one first; none if a container has them."""
    layers = readable(image).diff_ids
    if not layers or _user(conn, image):
        return []
    others = images.containing(conn, layers[0], but=image.id)
    kept = max((common(layers, readable(other).diff_ids) for other in others), default=0)
    return chain_ids(layers)[kept:][::-1]
