"""Images as Docker's API shows them, in the form of each version."""

from statesvc.domain.api_version import Version
from statesvc.domain.documents import Config
from statesvc.domain.image_config import ImageConfig
from statesvc.domain.times import SECOND, ZERO
from statesvc.domain.times import render as time_text
from statesvc.services.images.history import History
from statesvc.services.images.records import RecordedImage

Shown = dict[str, object]

# The fields of a configuration that an image has (OCI's, and Docker's extension), with the value of one that is absent.
_ALWAYS: Shown = {
    "Cmd": None, "Entrypoint": None, "Env": None, "Labels": None, "OnBuild": None, "User": "", "Volumes": None,
    "WorkingDir": "",
}  # fmt: skip
_SOMETIMES = ("ExposedPorts", "StopSignal", "ArgsEscaped", "Healthcheck", "Shell")
# What versions before 1.50 show besides, whatever the configuration parsed.
_BEFORE_1_50: Shown = {
    "Hostname": "", "Domainname": "", "AttachStdin": False, "AttachStdout": False, "AttachStderr": False, "Tty": False,
    "OpenStdin": False, "StdinOnce": False, "Image": "",
}  # fmt: skip


def list_entry(image: RecordedImage, version: Version, *, containers: int = -1, shared: int | None = None) -> Shown:
    """Return an image as a list shows it."""
    parsed = image.parsed
    shown: Shown = {
        "Containers": containers,
        "Created": (image.created or 0) // SECOND,
        "Id": image.image.id,
        "Labels": parsed.config.Labels if parsed.config else None,
        "ParentId": "",
        "RepoDigests": image.repo_digests,
        "RepoTags": image.repo_tags,
        "SharedSize": -1 if shared is None else shared,
        "Size": image.image.size,
    }
    if version < (1, 44) and image.image.size:
        shown["VirtualSize"] = image.image.size
    if version < (1, 43):
        named = image.repo_tags or image.repo_digests
        shown["RepoTags"] = image.repo_tags or (None if named else ["<none>:<none>"])
        shown["RepoDigests"] = image.repo_digests or (None if named else ["<none>@<none>"])
    return shown


def inspected(image: RecordedImage, version: Version) -> Shown:
    """Return an image as inspect shows it."""
    parsed = image.parsed
    shown: Shown = {
        "Id": image.image.id,
        "RepoTags": image.repo_tags,
        "RepoDigests": image.repo_digests,
        "Parent": "",
        "Comment": parsed.comment,
        "DockerVersion": parsed.docker_version,
        "Author": parsed.author,
        "Config": _config(parsed.config or Config(), version),
        "Architecture": parsed.architecture,
        "Os": parsed.os or "linux",
        "Size": image.image.size,
        "GraphDriver": {"Data": None, "Name": "overlay2"},
        "RootFS": _rootfs(parsed),
        "Metadata": {"LastTagTime": time_text(image.image.tagged_at)},
    }
    if parsed.created is not None or version < (1, 44):
        shown["Created"] = parsed.created_text or ZERO
    if parsed.variant:
        shown["Variant"] = parsed.variant
    if parsed.os_version:
        shown["OsVersion"] = parsed.os_version
    if version < (1, 44) and image.image.size:
        shown["VirtualSize"] = image.image.size
    if version < (1, 45):
        shown["ContainerConfig"] = (parsed.container_config or Config()).to_dict()
        if parsed.container:
            shown["Container"] = parsed.container
    return shown


def history_steps(history: History) -> list[Shown]:
    """Return the steps of an image; only the last one is an image that has a name."""
    return [
        {
            "Comment": step.entry.comment,
            "Created": step.created // SECOND,
            "CreatedBy": step.entry.created_by,
            "Id": "<missing>" if number else history.id,
            "Size": -1 if step.size is None else step.size,
            "Tags": None if number else history.tags or None,
        }
        for number, step in enumerate(history.steps)
    ]


def _rootfs(parsed: ImageConfig) -> Shown:
    shown: Shown = {"Type": parsed.rootfs_type} if parsed.rootfs_type else {}
    return shown | {"Layers": list(parsed.diff_ids)} if parsed.diff_ids else shown


def _config(config: Config, version: Version) -> Shown:
    has = config.to_dict()
    shown = {name: has[name] or empty for name, empty in _ALWAYS.items()}
    shown |= {name: has[name] for name in _SOMETIMES if has.get(name)}
    return shown if version >= (1, 50) else _BEFORE_1_50 | shown
