"""The walls of the API: names of the wire are made in api/ and nowhere below, but for documents that are stored."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[2] / "statesvc"
BELOW = ("domain", "services", "db", "host", "validation", "importers", "errors.py")
# `Id`, `ExitCode`, `EndpointID`: at least two letters, the first of them large, and one that is small or an ID's.
NAME = re.compile(r"[A-Z][A-Za-z0-9]*([a-z][A-Za-z0-9]*|ID)|[A-Z]ID")
# A key in JSON as text: after a brace, whatever follows, as an f-string may end there; elsewhere before a colon.
JSON_KEY = re.compile(r'\{\s*"([A-Z]\w*)|"([A-Z]\w*)"\s*:')
# By module: names that it may make all the same, because they are stored, or read by a user, as they stand.
STORED = {
    # fields of the Config that an import of an image writes
    "domain/dockerfile/changes.py": """
        Cmd Entrypoint Env ExposedPorts Healthcheck Labels OnBuild StopSignal User Volumes WorkingDir
    """,
    # the Healthcheck of that Config
    "domain/dockerfile/healthcheck.py": "Retries Test",
    # the stored summary, which is a part of the list entry as it is answered
    "domain/list_entry.py": """
        Annotations Command Created HostConfig Id Labels Mounts NetworkMode NetworkSettings Networks Ports PrivatePort
        PublicPort Type
    """,
    # the stored mount points
    "domain/mount_point.py": "Destination Driver Mode Name Propagation Source Type",
    # changes of an imported HostConfig
    "importers/docker/nearest.py": "LogConfig NetworkMode RestartPolicy",
    # the stored NetworkSettings of an imported container
    "importers/docker/network.py": "Networks Ports SandboxID SandboxKey",
    # the stored NetworkSettings of a new container
    "services/containers/rows.py": """
        Bridge EndpointID Gateway GlobalIPv6Address GlobalIPv6PrefixLen HairpinMode IPAddress IPPrefixLen
        IPv6Gateway LinkLocalIPv6Address LinkLocalIPv6PrefixLen MacAddress Networks Ports SandboxID SandboxKey
        SecondaryIPAddresses SecondaryIPv6Addresses
    """,
    # compares the stored summary with the documents
    "services/damage/check.py": "Mounts NetworkSettings",
    # the stored summary and NetworkSettings, and what their fields must be
    "services/damage/judging.py": "Command Created HostConfig Id Labels Mounts NetworkSettings Networks Ports",
    # the stored log of probes
    "services/lifecycle/health.py": "End ExitCode Output Start",
    # what fields of stored documents must be
    "db/damage/judges.py": "Hostname LogConfig NetworkMode Tty WorkingDir",
    # reads a file of facts, which is an answer of Docker's /info
    "host/facts.py": """
        CPUSet CPUShares CpuCfsPeriod CpuCfsQuota IPv4Forwarding
        KernelMemoryTCP MemoryLimit OomKillDisable PidsLimit SwapLimit
    """,
    # changes of a Config, which is stored
    "validation/image.py": """
        Cmd Entrypoint Env ExposedPorts Healthcheck Labels StopSignal User Volumes WorkingDir
    """,
    # changes of a Config
    "validation/namespaces.py": "ExposedPorts Hostname",
    # changes of a HostConfig
    "validation/update.py": "KernelMemory PidsLimit RestartPolicy",
    # changes of a HostConfig
    "validation/versions.py": """
        Annotations AutoRemove CgroupnsMode ConsoleSize CreateMountpoint IpcMode KernelMemory KernelMemoryTCP
        Mounts NonRecursive PidsLimit
    """,
    # an example in a message about daemon.json
    "validation/daemon.py": "Hard Name Soft",
}


def wire_names(source: str) -> Iterator[str]:
    """Yield what looks like names of the wire: keys of dicts, however they are set, and keys in JSON as text."""
    for node in ast.walk(ast.parse(source)):
        yield from (key for key in _keys(node) if isinstance(key, str) and NAME.fullmatch(key))


def _keys(node: ast.AST) -> Iterator[object]:
    if isinstance(node, ast.Dict):
        yield from map(_constant, node.keys)
    elif isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store):
        yield _constant(node.slice)
    elif isinstance(node, ast.Call):
        called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if called in {"dict", "update"}:
            yield from (keyword.arg for keyword in node.keywords)
        elif called == "setdefault" and node.args:
            yield _constant(node.args[0])
    elif isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):  # parts of f-strings are such, too
        text = node.value if isinstance(node.value, str) else node.value.decode(errors="replace")
        yield from (first or later for first, later in JSON_KEY.findall(text))


def _constant(node: ast.expr | None) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def modules() -> Iterator[str]:
    for name in BELOW:
        at = PACKAGE / name
        yield from (str(one.relative_to(PACKAGE)) for one in ([at] if at.is_file() else sorted(at.rglob("*.py"))))


@pytest.mark.parametrize(
    "source",
    [
        '{"ExitCode": 1}', 'x["Id"] = 1', "dict(EndpointID=1)", "x.update(Id=1)", 'x.update({"Id": 1})',
        'x.setdefault("Id", 1)', """'{"Id": 1}'""", """b'{"Id": 1}'""", """f'{{"Id": {x}}}'""",
        """f'{x}, "Id" : {x}'""",
    ],
)  # fmt: skip
def test_a_name_of_the_wire_is_seen(source: str) -> None:
    assert list(wire_names(source))


@pytest.mark.parametrize(
    "source",
    [
        '{"SELECT": 1, "exit_code": 2}',
        'x = y["Id"]',
        "dict(name=1)",
        "Row(Id=1)",
        """'no "Id" in it'""",
        "f'{Id}: {x}'",
    ],
)
def test_what_is_none_is_left_alone(source: str) -> None:
    assert list(wire_names(source)) == []


def test_nothing_below_the_api_makes_names_of_the_wire() -> None:
    making = {name: set(wire_names((PACKAGE / name).read_text())) for name in modules()}
    excepted = {name: set(STORED.get(name, "").split()) for name in making}
    assert STORED.keys() - making.keys() == set(), "these modules are gone"
    new = {name: found for name in making if (found := making[name] - excepted[name])}
    assert new == {}, "make the document in api/<noun>.py, from a dataclass"
    unused = {name: left for name in making if (left := excepted[name] - making[name])}
    assert unused == {}, "these are excepted and need not be"


def test_nothing_below_the_api_turns_values_into_answers() -> None:
    """Only the documents of Docker's API, which are stored as they are answered, know their own JSON."""
    named = {
        f"{name}:{node.name}"
        for name in modules()
        for node in ast.walk(ast.parse((PACKAGE / name).read_text()))
        if isinstance(node, ast.FunctionDef) and node.name in {"to_dict", "to_json", "as_dict", "as_json"}
    }
    assert named == {"domain/documents/document.py:to_dict", "domain/documents/document.py:to_json"}
