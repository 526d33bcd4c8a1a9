"""Rules of Config: what runs in the container (moby daemon/container.go, validateContainerConfig)."""

from collections.abc import Iterator

from statesvc.domain.documents import Config, HealthConfig
from statesvc.domain.go import paths, signals
from statesvc.errors import Problem
from statesvc.validation.rules import rule

_SOURCE = "moby daemon/container.go"
WORKING_DIR = rule(
    "working-dir", "/WorkingDir", "The working directory is an absolute path.", f"{_SOURCE} translateWorkingDir"
)
STOP_SIGNAL = rule(
    "stop-signal",
    "/StopSignal",
    "The stop signal is a signal of Linux, by name or number.",
    f"{_SOURCE} validateContainerConfig",
)
ENV = rule(
    "env-name", "/Env/N", "An environment entry has a name before its equals sign.", "moby opts/env.go ValidateEnv"
)
HEALTH_TIME = rule(
    "health-time",
    "/Healthcheck/K",
    "Interval, timeout, start period and start interval of a health check are 0 (inherit) or at least 1 ms.",
    f"{_SOURCE} validateHealthCheck",
)
HEALTH_RETRIES = rule(
    "health-retries",
    "/Healthcheck/Retries",
    "The retries of a health check are not negative.",
    f"{_SOURCE} validateHealthCheck",
)

MILLISECOND = 1_000_000
_NO_NAME = frozenset({"", "="})
_TIMES = ("Interval", "Timeout", "StartPeriod", "StartInterval")


def problems(config: Config) -> Iterator[Problem]:
    """Yield what is wrong with the configuration, in Docker's order."""
    directory = config.WorkingDir
    if directory and not directory.startswith("/"):
        message = f"the working directory '{directory}' is invalid, it needs to be an absolute path"
        yield WORKING_DIR.broken(message, directory)
    if config.StopSignal and signals.parse(config.StopSignal) is None:
        yield STOP_SIGNAL.broken(f"invalid signal: {config.StopSignal}", config.StopSignal)
    for at, entry in enumerate(config.Env or ()):
        if entry[:1] in _NO_NAME:
            # The text behind the equals sign may be a secret, so it is not repeated.
            yield ENV.broken(f"invalid environment variable: {'=' if entry else ''} (entry {at} has no name)", at=at)
    if config.Healthcheck:
        yield from _health(config.Healthcheck)


def _health(health: HealthConfig) -> Iterator[Problem]:
    for name in _TIMES:
        value = getattr(health, name)
        if value != 0 and value < MILLISECOND:
            yield HEALTH_TIME.broken(f"{name} in Healthcheck cannot be less than 1ms", value, at=name)
    if health.Retries < 0:
        yield HEALTH_RETRIES.broken("Retries in Healthcheck cannot be negative", health.Retries)


def normalised(config: Config, mac_address: str) -> Config:
    """Return the configuration with its working directory cleaned, and with this MAC address."""
    directory = config.WorkingDir and paths.clean(config.WorkingDir)
    if (directory, mac_address) == (config.WorkingDir, config.MacAddress):
        return config
    return config.copy_with(WorkingDir=directory, MacAddress=mac_address)
