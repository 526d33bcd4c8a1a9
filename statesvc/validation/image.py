"""Merges an image's configuration into a container's (moby daemon/commit.go merge, daemon/create.go)."""

from statesvc.domain.documents import Config, HealthConfig
from statesvc.errors import InvalidParameter
from statesvc.validation.rules import rule

COMMAND = rule(
    "command", "/Cmd", "The request or its image names a command.", "moby daemon/create.go mergeAndVerifyConfig"
)


def merge(config: Config, image: Config | None) -> Config:
    """Return the container's configuration, with the image's values where it has none."""
    if image is not None:
        config = config.copy_with(**_inherited(config, image))
    if config.Entrypoint == [""]:  # `--entrypoint ""`: no entrypoint, and not the image's command either
        config = config.copy_with(Entrypoint=None)
    return config


def split_command(config: Config) -> tuple[str, list[str]]:
    """Return the path and the arguments of the process. Raises InvalidParameter if there is no command."""
    words = [*(config.Entrypoint or ()), *(config.Cmd or ())]
    if not words:
        problem = COMMAND.broken("no command specified")
        raise InvalidParameter(problem.message, (problem,))
    return words[0], words[1:]


def _inherited(config: Config, image: Config) -> dict[str, object]:
    inherited: dict[str, object] = {
        "User": config.User or image.User,
        "ExposedPorts": {**(image.ExposedPorts or {}), **(config.ExposedPorts or {})} or None,
        "Env": _environment(config.Env, image.Env),
        "Labels": {**(image.Labels or {}), **(config.Labels or {})},
        "Healthcheck": _health(config.Healthcheck, image.Healthcheck),
        "WorkingDir": config.WorkingDir or image.WorkingDir,
        "Volumes": {**(image.Volumes or {}), **(config.Volumes or {})} or None,
        "StopSignal": config.StopSignal or image.StopSignal,
    }
    if not config.Entrypoint:
        if not config.Cmd:
            inherited["Cmd"] = image.Cmd
        if config.Entrypoint is None:
            inherited["Entrypoint"] = image.Entrypoint
    return inherited


def _environment(own: list[str] | None, image: list[str] | None) -> list[str] | None:
    if not own:
        return image
    named = {entry.split("=", 1)[0] for entry in own}
    return [*own, *(entry for entry in image or () if entry.split("=", 1)[0] not in named)]


def _health(own: HealthConfig | None, image: HealthConfig | None) -> HealthConfig | None:
    if own is None or image is None:
        return own or image
    return own.copy_with(**{name: getattr(own, name) or getattr(image, name) for name in HealthConfig.model_fields})
