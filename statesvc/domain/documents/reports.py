"""The bodies of an engine's requests under /statesvc/v1/. A field without a default is required."""

from typing import Annotated

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from statesvc.domain import engines, health, times
from statesvc.domain.documents.document import Document
from statesvc.domain.documents.go_types import Int, Strings
from statesvc.errors import InvalidParameter

_LARGEST = 2**31 - 1


def _broken(code: str, sentence: str, value: object = None) -> PydanticCustomError:
    """Return the error that the decoder makes a problem of this code, sentence and value from."""
    return PydanticCustomError("rule", "{sentence}", {"code": code, "sentence": sentence, "value": value})


def _within(low: int, code: str, kind: str) -> AfterValidator:
    def check(number: int) -> int:
        if not low <= number <= _LARGEST:
            raise _broken(code, f"{number} is not {kind}, which is from {low} to {_LARGEST}", number)
        return number

    return AfterValidator(check)


def _refuse_empty(text: str) -> str:
    if not text:
        raise _broken("required", "it is required")
    return text


def _check_status(text: str) -> str:
    if text not in health.REPORTED:
        raise _broken("health-status", f"it is one of {', '.join(health.REPORTED)}", text)
    return text


def _check_engine(name: str) -> str:
    if fault := engines.name_fault(name):
        raise _broken("engine", fault, name)
    return name


def _check_exec_id(exec_id: str) -> str:
    # An empty ID is none, as Go leaves out what is not set.
    if exec_id and (fault := engines.exec_id_fault(exec_id)):
        raise _broken("exec-id", fault, exec_id)
    return exec_id


def _check_time(text: str) -> str:
    try:
        times.parse(text)
    except InvalidParameter as error:
        raise _broken("time", error.message) from None
    return text


_PID = ("pid", "the number of a process")
ProcessId = Annotated[Int, _within(1, *_PID)]
Code = Annotated[Int, _within(-1, "exit-code", "an exit code")]
NonEmpty = Annotated[str, AfterValidator(_refuse_empty)]
EngineName = Annotated[NonEmpty, AfterValidator(_check_engine)]
ExecId = Annotated[str, AfterValidator(_check_exec_id)]
HealthStatus = Annotated[str, AfterValidator(_check_status)]
Time = Annotated[str, AfterValidator(_check_time)]
"""RFC 3339."""


class PrepareStartRequest(Document):
    """The engine that is about to start a container."""

    Engine: EngineName


class AdoptRequest(Document):
    """The engine that takes charge of a container, and the process that it found."""

    Engine: EngineName
    Pid: ProcessId | None = None


class StartedReport(Document):
    """The process of a start runs."""

    Attempt: Int
    Pid: ProcessId


class StartFailedReport(Document):
    """A start came to nothing."""

    Attempt: Int
    ExitCode: Code
    Error: str = ""


class ExitedReport(Document):
    """A container ended; without an attempt, the present one."""

    ExitCode: Code
    Attempt: Int | None = None
    Error: str = ""
    OomKilled: bool = False
    Manual: bool = False


class RestartingReport(Document):
    """A container ended, and its policy starts it again."""

    ExitCode: Code
    Attempt: Int | None = None
    OomKilled: bool = False


class ProbeReport(Document):
    """One check of a container; `Probe` says what a missing time stands for."""

    ExitCode: Code
    Start: Time | None = None
    End: Time | None = None
    Output: str = ""


class HealthReport(Document):
    """A probe, a status, or both."""

    Status: HealthStatus | None = None
    Probe: ProbeReport | None = None


class ExecProcess(Document):
    """What an exec runs and how. An environment is neither read nor kept."""

    Entrypoint: NonEmpty
    Arguments: Strings | None = None
    Tty: bool = False
    Privileged: bool = False
    User: str = ""


class ExecStartedReport(Document):
    """An exec process starts; without an ID, it gets one."""

    Engine: EngineName
    Process: ExecProcess
    Id: ExecId | None = None
    Pid: Annotated[Int, _within(0, *_PID)] = 0
    OpenStdin: bool = False
    OpenStdout: bool = False
    OpenStderr: bool = False


class ExecEndedReport(Document):
    """An exec process ended."""

    ExitCode: Code
