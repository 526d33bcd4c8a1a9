"""Security options (moby daemon/daemon_unix.go parseSecurityOpt, daemon/create.go generateSecurityOpt)."""

from typing import Any

from statesvc.domain.documents import HostConfig
from statesvc.domain.go.values import is_bool, parse_bool
from statesvc.domain.verified import Security
from statesvc.errors import Problem
from statesvc.validation.rules import rule

_SOURCE = "moby daemon/daemon_unix.go parseSecurityOpt"
OPTION = rule(
    "security-opt",
    "/HostConfig/SecurityOpt/N",
    "no-new-privileges, writable-cgroups, either with a boolean, label=, apparmor=, seccomp=, or disable.",
    _SOURCE,
)


def parse(options: list[str] | None) -> tuple[Security, list[Problem]]:
    """Return the parsed options, and their problems. Labels are not parsed: they need a host with SELinux."""
    found: dict[str, Any] = {}
    problems = []
    for at, option in enumerate(options or ()):
        if option == "no-new-privileges":
            found["no_new_privileges"] = True
            continue
        if option in {"writable-cgroups", "disable"}:
            continue
        key, equals, value = option.partition("=")
        if not equals:
            key, equals, value = option.partition(":")
        if not equals:
            problems.append(OPTION.broken(f'invalid --security-opt 1: "{option}"', option, at=at))
        elif key == "apparmor":
            found["apparmor_profile"] = value
        elif key == "seccomp":
            found["seccomp_profile"] = value
        elif key == "no-new-privileges" and is_bool(value):
            found["no_new_privileges"] = parse_bool(value)
        elif key != "label" and not (key == "writable-cgroups" and is_bool(value)):
            problems.append(OPTION.broken(f'invalid --security-opt 2: "{option}"', option, at=at))
    return Security(**found), problems


def with_generated(host: HostConfig) -> list[str] | None:
    """Return the options, with `label=disable` for a container that is privileged or shares the host's IPC or PID."""
    options = host.SecurityOpt
    if _is_unconfined(host) and not _has_label(options):
        return [*(options or ()), "label=disable"]
    return options


def inherits_labels(host: HostConfig) -> bool:
    """Return whether a container inherits the labels of the containers whose IPC and PID namespaces it shares."""
    return not _is_unconfined(host) and not _has_label(host.SecurityOpt)


def _has_label(options: list[str] | None) -> bool:
    return any(option.partition("=")[0] == "label" for option in options or ())


def _is_unconfined(host: HostConfig) -> bool:
    return host.Privileged or host.IpcMode == "host" or host.PidMode == "host"
