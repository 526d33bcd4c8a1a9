"""Config: the portable part of a container's configuration; images have one too."""

from typing import ClassVar

from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import EmptyObject, Int, StringMap, Strings, StrSlice


class HealthConfig(Document):
    """How to check that a container is healthy. Durations are nanoseconds; zero inherits from the image."""

    OMIT_EMPTY: ClassVar = frozenset({"Test", "Interval", "Timeout", "StartPeriod", "StartInterval", "Retries"})

    Test: Strings | None = None
    Interval: Int = 0
    Timeout: Int = 0
    StartPeriod: Int = 0
    StartInterval: Int = 0
    Retries: Int = 0


class Config(Document):
    """What runs in the container, independent of the host."""

    OMIT_EMPTY: ClassVar = frozenset(
        {
            "ExposedPorts", "Healthcheck", "ArgsEscaped", "NetworkDisabled", "MacAddress", "StopSignal", "StopTimeout",
            "Shell",
        }
    )  # fmt: skip

    Hostname: str = ""
    Domainname: str = ""
    User: str = ""
    AttachStdin: bool = False
    AttachStdout: bool = False
    AttachStderr: bool = False
    ExposedPorts: dict[str, EmptyObject] | None = None
    Tty: bool = False
    OpenStdin: bool = False
    StdinOnce: bool = False
    Env: Strings | None = None
    Cmd: StrSlice | None = None
    Healthcheck: HealthConfig | None = None
    ArgsEscaped: bool = False
    Image: str = ""
    Volumes: dict[str, EmptyObject] | None = None
    WorkingDir: str = ""
    Entrypoint: StrSlice | None = None
    NetworkDisabled: bool = False
    MacAddress: str = ""
    OnBuild: Strings | None = None
    Labels: StringMap | None = None
    StopSignal: str = ""
    StopTimeout: Int | None = None
    Shell: StrSlice | None = None
