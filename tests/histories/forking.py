"""A process that has imported the program once and forks it on demand, so that a start takes 0.1 s instead of one.

Reads commands, a JSON object a line, and answers each with one. `start`: runs `statesvc ARGUMENTS` with an environment
and a log file, in a fork or, if `fresh`, as a process of its own; `wait`: how a process ended. It has no threads.
"""

import gc
import json
import os
import signal
import sys
import traceback
from typing import Any

import steps
from mutants import MUTANTS
from steps import Step

from statesvc import app, cli
from statesvc.cli import check, commands, db, logs  # noqa: F401 - imported here once for all forks
from statesvc.faults import VARIABLE


def child(arguments: list[str], environment: dict[str, str], log: str, *, fault: str, mutant: str, fresh: bool) -> int:
    """Do what a process of its own would do; return its exit code."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.environ.update(environment)
    step, _, passing = fault.partition(":")
    if step in set(Step):
        number, _, stops = passing.partition(":")
        steps.arm(Step(step), int(number), signal.SIGSTOP if stops else signal.SIGKILL)
    else:
        os.environ[VARIABLE] = fault
    if fresh:
        os.execv(sys.executable, [sys.executable, "-m", "statesvc", *arguments])
    if mutant:
        MUTANTS[mutant]()
    sys.argv = ["statesvc", *arguments]
    try:
        cli.main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException:
        traceback.print_exc()
        return 70
    return 0


def start(command: dict[str, Any]) -> dict[str, int]:
    pid = os.fork()
    if pid == 0:
        code = child(**{name: value for name, value in command.items() if name != "do"})
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return {"pid": pid}


def wait(command: dict[str, Any]) -> dict[str, int]:
    _, status = os.waitpid(command["pid"], 0)
    return {"code": os.waitstatus_to_exitcode(status)}


def main() -> None:
    assert app.serve
    gc.collect()
    gc.freeze()  # pages that the collector does not touch stay shared
    for line in sys.stdin:
        command = json.loads(line)
        answer = (start if command["do"] == "start" else wait)(command)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
