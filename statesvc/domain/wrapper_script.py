"""Wrapper scripts: they put a runtime's configured arguments in front of those of its caller, without evaluation.

moby writes path and arguments into its script unquoted: a shell splits and evaluates them (moby #37978).
"""

import hashlib
import re
import shlex
from dataclasses import dataclass

# The bytes of a name that its file name keeps; every other becomes % and two hexadecimal digits.
_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.")
_LONGEST = 120
_FILE = re.compile(r".+\.([0-9a-f]{64})", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Script:
    """A script and its name: `digest` is sha256: and the SHA-256 of the content."""

    digest: str
    content: bytes


def render(binary: str, args: tuple[str, ...]) -> Script:
    """Return the script that executes the binary with these arguments, followed by those that the script gets.

    Neither may contain NUL, which no argument can carry; validation refuses it.
    """
    words = " ".join(shlex.quote(word) for word in (binary, *args))
    content = f'#!/bin/sh\nexec {words} "$@"\n'.encode()
    return Script(digest_of(content), content)


def digest_of(content: bytes) -> str:
    """Return sha256: and the hexadecimal SHA-256 of the content."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def file_name(runtime_name: str, digest: str) -> str:
    """Return the name of a script's file: the runtime's name, made safe, and the digest."""
    safe = "".join(chr(byte) if byte in _SAFE else f"%{byte:02x}" for byte in runtime_name.encode())
    if safe.startswith("."):  # not hidden, and never a temporary file's
        safe = f"%2e{safe[1:]}"
    return f"{safe[:_LONGEST]}.{digest.removeprefix('sha256:')}"


def digest_in(file: str) -> str | None:
    """Return the digest that the name of a file ends with, None if it is not the file of a script."""
    match = _FILE.fullmatch(file)
    return f"sha256:{match[1]}" if match else None
