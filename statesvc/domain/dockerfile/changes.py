"""The changes that `docker import --change` and `docker commit --change` make to a configuration.

Changes are Dockerfile instructions; only those that change nothing but the configuration are allowed. The
rules are those of moby's builder/dockerfile (BuildFromConfig and the dispatchers) and BuildKit's instruction parser.
"""

import copy
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from statesvc.domain.dockerfile.expansion import expand_word, expand_words
from statesvc.domain.dockerfile.healthcheck import healthcheck, read_flags
from statesvc.domain.dockerfile.lines import SPACES, Instruction, parse_dockerfile
from statesvc.domain.dockerfile.ports import EXPOSED_MAX, exposed_ports
from statesvc.domain.go import signals
from statesvc.domain.go.text import replace_surrogates
from statesvc.domain.limits import LIMITS
from statesvc.errors import InvalidParameter

_DEFAULT_SHELL = ["/bin/sh", "-c"]
_ONBUILD = re.compile(r"^[\t\n\f\r ]*ONBUILD[\t\n\f\r ]*", re.IGNORECASE)


def apply_changes(config: Mapping[str, Any], changes: Sequence[str]) -> dict[str, Any]:
    """Return the configuration (Docker's field names) after the changes; the given one is not modified.

    The changes are read as one Dockerfile, so one of them may hold several instructions. Raises InvalidParameter in
    Docker's words for the first instruction that is not allowed or malformed.
    """
    changed = copy.deepcopy(dict(config))
    if not changes:
        return changed
    text = replace_surrogates("\n".join(changes))
    if len(text) > LIMITS.changes_bytes:
        raise InvalidParameter(f"the changes have {len(text):,} characters: at most {LIMITS.changes_bytes:,} are read")
    dockerfile = parse_dockerfile(text)
    for instruction in dockerfile.instructions:
        if instruction.keyword not in _APPLY:
            raise InvalidParameter(f"{instruction.name} is not a valid change command")
    run = _Run(changed, dockerfile.escape)
    for instruction in dockerfile.instructions:
        _APPLY[instruction.keyword](run, instruction)
    return changed


class _Run:
    """The configuration while instructions change it."""

    def __init__(self, config: dict[str, Any], escape: str) -> None:
        self.config = config
        self.escape = escape
        self.cmd_set = False
        self.exposed = 0
        self.env: list[str] = list(config.get("Env") or ())
        self.places: dict[str, list[int]] = {}
        self.variables: dict[str, str] = {}
        for place, variable in enumerate(self.env):
            name, _, value = variable.partition("=")
            self.places.setdefault(name, []).append(place)
            self.variables[name] = value

    def set_variable(self, name: str, value: str) -> None:
        """Set the first variable of this name, or add one. If Env has a name twice, $name is the last of them."""
        places = self.places.setdefault(name, [])
        if places:
            self.env[places[0]] = f"{name}={value}"
        else:
            places.append(len(self.env))
            self.env.append(f"{name}={value}")
        if len(places) == 1:
            self.variables[name] = value
        self.config["Env"] = self.env

    def expand(self, texts: Sequence[str]) -> list[str]:
        """Return the texts with quotes removed and variables replaced."""
        return [expand_word(text, self.variables, self.escape) for text in texts]

    def command_line(self, instruction: Instruction) -> list[str]:
        """Return the arguments as they are run: as written in the JSON form, by the shell in the other."""
        shell = self.config.get("Shell") or _DEFAULT_SHELL
        return list(instruction.args) if instruction.is_json else [*shell, *instruction.args]


def _env(run: _Run, instruction: Instruction) -> None:
    for name, value in _pairs(run, instruction):
        run.set_variable(name, value)


def _label(run: _Run, instruction: Instruction) -> None:
    run.config["Labels"] = {**(run.config.get("Labels") or {}), **dict(_pairs(run, instruction))}


def _cmd(run: _Run, instruction: Instruction) -> None:
    read_flags(instruction)
    run.config["Cmd"] = run.command_line(instruction)
    run.cmd_set = run.cmd_set or bool(instruction.args)


def _entrypoint(run: _Run, instruction: Instruction) -> None:
    read_flags(instruction)
    run.config["Entrypoint"] = run.command_line(instruction) if instruction.args else None
    if not run.cmd_set:
        # The old command was meant for the old entry point.
        run.config["Cmd"] = None


def _expose(run: _Run, instruction: Instruction) -> None:
    specifications = sorted(_at_least_one(instruction))
    words = [word for text in specifications for word in expand_words(text, run.variables, run.escape)]
    ports = exposed_ports(words)
    run.exposed += len(ports)
    if run.exposed > EXPOSED_MAX:
        raise InvalidParameter(f"the changes cannot expose more than {EXPOSED_MAX} ports")
    exposed = run.config["ExposedPorts"] = run.config.get("ExposedPorts") or {}
    exposed.update((port, {}) for port in ports)


def _healthcheck(run: _Run, instruction: Instruction) -> None:
    run.config["Healthcheck"] = healthcheck(instruction)


def _onbuild(run: _Run, instruction: Instruction) -> None:
    trigger = _at_least_one(instruction)[0].upper()
    if trigger == "ONBUILD":
        raise InvalidParameter("Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed")
    if trigger in ("MAINTAINER", "FROM"):
        raise InvalidParameter(f"{trigger} isn't allowed as an ONBUILD trigger")
    run.config["OnBuild"] = [*(run.config.get("OnBuild") or ()), _ONBUILD.sub("", instruction.original, count=1)]


def _stopsignal(run: _Run, instruction: Instruction) -> None:
    (signal,) = run.expand(_exactly_one(instruction))
    if signals.parse(signal) is None:
        raise InvalidParameter(f"invalid signal: {signal}")
    run.config["StopSignal"] = signal


def _user(run: _Run, instruction: Instruction) -> None:
    read_flags(instruction)
    (run.config["User"],) = run.expand(_exactly_one(instruction))


def _volume(run: _Run, instruction: Instruction) -> None:
    volumes = run.expand([_not_empty(text.strip(SPACES)) for text in _at_least_one(instruction)])
    new: dict[str, Any] = {_not_empty(volume): {} for volume in volumes}
    run.config["Volumes"] = {**(run.config.get("Volumes") or {}), **new}


def _workdir(run: _Run, instruction: Instruction) -> None:
    read_flags(instruction)
    (directory,) = run.expand(_exactly_one(instruction))
    if not directory:
        raise InvalidParameter("cannot normalize nothing")
    if not directory.startswith("/"):
        joined = "/".join(("", run.config.get("WorkingDir") or "", directory))
        directory = "/" + posixpath.normpath(joined).lstrip("/")
    run.config["WorkingDir"] = directory


# Docker checks all instructions before it applies the first. Here each is checked when it is applied: the caller's
# configuration is not modified, so the only difference is which of several mistakes is reported.
_APPLY: dict[str, Callable[[_Run, Instruction], None]] = {
    "cmd": _cmd,
    "entrypoint": _entrypoint,
    "env": _env,
    "expose": _expose,
    "healthcheck": _healthcheck,
    "label": _label,
    "onbuild": _onbuild,
    "stopsignal": _stopsignal,
    "user": _user,
    "volume": _volume,
    "workdir": _workdir,
}


def _pairs(run: _Run, instruction: Instruction) -> list[tuple[str, str]]:
    """Return the keys and values of ENV or LABEL, expanded with the environment before the instruction."""
    args = _at_least_one(instruction)
    if "" in args[::2]:
        raise InvalidParameter(f"{instruction.keyword.upper()} names can not be blank")
    expanded = run.expand(args)
    return list(zip(expanded[::2], expanded[1::2], strict=True))


def _at_least_one(instruction: Instruction) -> Sequence[str]:
    if not instruction.args:
        raise InvalidParameter(f"{instruction.keyword.upper()} requires at least one argument")
    read_flags(instruction)
    return instruction.args


def _exactly_one(instruction: Instruction) -> Sequence[str]:
    if len(instruction.args) != 1:
        raise InvalidParameter(f"{instruction.keyword.upper()} requires exactly one argument")
    return instruction.args


def _not_empty(volume: str) -> str:
    if not volume:
        raise InvalidParameter("VOLUME specified can not be an empty string")
    return volume
