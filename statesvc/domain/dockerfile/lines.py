"""The parser of Dockerfiles: lines, continuations, comments, flags, and arguments as JSON or plain text.

The rules are those of BuildKit's frontend/dockerfile/parser as Docker Engine 26.1 vendors it. Values are not expanded
here. Heredocs (possible only in `ONBUILD RUN|COPY|ADD`) are refused rather than read as further instructions.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from statesvc.domain.go.text import refuse_constant, replace_escapes
from statesvc.domain.go.values import quote
from statesvc.errors import InvalidParameter

# Go's unicode.IsSpace; Python's strip() would also take U+001C to U+001F.
SPACES = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)

_LINE_LENGTH_MAX = 65535
_BLANKS = re.compile(r"[\t\v\f\r ]+")
_DIRECTIVE = re.compile(r"#\s*([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*")
_HEREDOC = re.compile(r"(?:^|\s)\d*<<-?[^<\s]")
_DECODER = json.JSONDecoder(parse_constant=refuse_constant)


def _whole(rest: str) -> list[str]:
    return [rest]


def _split_blanks(rest: str) -> list[str]:
    return _BLANKS.split(rest)


# How the arguments of an instruction are split: of one that takes a JSON list too, and of one that does not.
_JSON_FORMS: dict[str, Callable[[str], list[str]]] = {
    "cmd": _whole, "entrypoint": _whole, "run": _whole, "shell": _whole,
    "add": _split_blanks, "copy": _split_blanks, "volume": _split_blanks,
}  # fmt: skip
_PLAIN_FORMS: dict[str, Callable[[str], list[str]]] = {
    "maintainer": _whole, "stopsignal": _whole, "user": _whole, "workdir": _whole,
    "expose": _split_blanks, "from": _split_blanks,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction. `name` is as written; `args` is the rest of the line, split as the instruction demands."""

    name: str
    args: tuple[str, ...]
    is_json: bool
    flags: tuple[str, ...]
    original: str

    @property
    def keyword(self) -> str:
        """The name in lower case."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """The instructions of a Dockerfile, and its escape character."""

    instructions: tuple[Instruction, ...]
    escape: str


def parse_dockerfile(text: str) -> Dockerfile:
    """Parse a Dockerfile. Raises InvalidParameter where BuildKit's parser finds an error."""
    lines = text.removeprefix("\ufeff").split("\n")
    escape = _escape_directive(lines)
    instructions = tuple(_instruction(line, escape) for line in _logical_lines(lines, escape))
    if not instructions:
        raise InvalidParameter("file with no instructions")
    return Dockerfile(instructions, escape)


def _escape_directive(lines: list[str]) -> str:
    """Return the escape character that the directives at the top of the file set."""
    values: dict[str, str] = {}
    for line in lines:
        match = _DIRECTIVE.fullmatch(line.rstrip("\r").lstrip(SPACES))
        keyword = match[1].lower() if match else ""
        if match is None or keyword not in ("escape", "syntax"):
            break
        if keyword in values:
            raise InvalidParameter(f"only one {keyword} parser directive can be used")
        values[keyword] = match[2]
    escape = values.get("escape", "\\")
    if escape not in ("\\", "`"):
        raise InvalidParameter(f"invalid escape token '{escape}' does not match ` or \\")
    return escape


def _logical_lines(lines: list[str], escape: str) -> Iterator[str]:
    """Yield the lines without comments and empty lines, continuations joined."""
    mark = re.escape(escape)
    continuation = re.compile(rf"([^{mark}]){mark}[ \t]*\Z|\A{mark}[ \t]*\Z")
    parts: list[str] = []
    continued = False
    for line in lines:
        if len(line) > _LINE_LENGTH_MAX:
            raise InvalidParameter(f"dockerfile line greater than maximum allowed size of {_LINE_LENGTH_MAX}")
        bare = line.rstrip("\r").lstrip(SPACES)
        if not bare or bare.startswith("#"):
            continue
        # A continuation keeps the blanks at its start: only the first line of an instruction loses them.
        text = line.rstrip("\r") if continued else bare
        parts.append(continuation.sub(r"\1", text))
        continued = parts[-1] != text
        if not continued:
            yield "".join(parts)
            parts = []
    if continued:
        yield "".join(parts)


def _instruction(line: str, escape: str) -> Instruction:
    name, _, rest = _partition(line.strip(SPACES))
    rest, flags = _split_flags(rest, escape)
    args, is_json = _arguments(name.lower(), rest.strip(SPACES), escape)
    return Instruction(name, tuple(args), is_json, tuple(flags), line)


def _partition(text: str) -> tuple[str, str, str]:
    match = _BLANKS.search(text)
    return (text[: match.start()], match[0], text[match.end() :]) if match else (text, "", "")


def _split_flags(text: str, escape: str) -> tuple[str, list[str]]:
    """Return the text behind the leading --flags, and the flags without their quotes and escapes."""
    flags: list[str] = []
    position = 0
    while True:
        while position < len(text) and text[position] in SPACES:
            position += 1
        if not text.startswith("--", position):
            return text[position:], flags
        flag, position = _read_flag(text, position, escape)
        if flag == "--":
            return text[position:], flags
        flags.append(flag)


def _read_flag(text: str, position: int, escape: str) -> tuple[str, int]:
    flag: list[str] = []
    quote = ""
    while position < len(text):
        character = text[position]
        position += 1
        if not quote and character in SPACES:
            return "".join(flag), position - 1
        if character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        elif character == escape:
            flag.append(text[position : position + 1])
            position += 1
        else:
            flag.append(character)
    return "".join(flag), position


def _arguments(keyword: str, rest: str, escape: str) -> tuple[list[str], bool]:
    """Return the arguments of an instruction, and whether they are JSON; an unknown instruction has none."""
    if not rest:
        return [], False
    if keyword in _JSON_FORMS:
        strings = _json_strings(rest)
        return (strings, True) if strings is not None else (_JSON_FORMS[keyword](rest), False)
    if keyword == "healthcheck":
        kind, _, command = _partition(rest)
        args, is_json = _arguments("cmd", command, escape)
        return [kind, *args], is_json
    if keyword == "onbuild":
        return _trigger(rest, escape), False
    if keyword in ("env", "label"):
        return _pairs(keyword.upper(), rest, escape), False
    return _PLAIN_FORMS[keyword](rest) if keyword in _PLAIN_FORMS else [], False


def _trigger(rest: str, escape: str) -> list[str]:
    """Return the instruction behind ONBUILD, which must be well-formed itself."""
    name, _, behind = _partition(rest)
    if name.lower() == "onbuild":
        return [name]  # refused later; a long chain of them must not end in a deep recursion
    inner = _instruction(rest, escape)
    if inner.keyword in ("run", "copy", "add") and not inner.is_json and _HEREDOC.search(behind):
        raise InvalidParameter("a heredoc cannot be part of a change")
    return [inner.name, *inner.args]


def _json_strings(rest: str) -> list[str] | None:
    """Return the strings of the JSON list at the start of the text, None if there is none. The rest is ignored."""
    if not rest.startswith("["):
        return None
    try:
        value, _ = _DECODER.raw_decode(replace_escapes(rest))
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(item, str) for item in value):
        raise InvalidParameter("when using JSON array syntax, arrays must be comprised of strings only")
    return list(value)


def _pairs(keyword: str, rest: str, escape: str) -> list[str]:
    """Return keys and values alternately, of `key=value …` or of the old form `key value`."""
    words = _words(rest, escape)
    if not words:
        return []
    if "=" not in words[0]:
        key, blank, value = _partition(rest)
        if not blank:
            raise InvalidParameter(f"{keyword} must have two arguments")
        return [key, value]
    for word in words:
        if "=" not in word:
            raise InvalidParameter(f"Syntax error - can't find = in {quote(word)}. Must be of the form: name=value")
    return [part for word in words for part in word.split("=", 1)]


def _words(text: str, escape: str) -> list[str]:
    """Return the words between blanks outside of quotes. Quotes and escapes stay: the expansion removes them."""
    words: list[str] = []
    word: list[str] = []
    quote, position = "", 0
    while position < len(text):
        character = text[position]
        position += 1
        if not quote and character in SPACES:
            words += ["".join(word)] if word else []
            word = []
            continue
        if character == escape and quote != "'":
            if position == len(text):
                break  # an escape with nothing behind it is dropped
            character += text[position]
            position += 1
        elif character == quote:
            quote = ""
        elif not quote and character in "'\"":
            quote = character
        word.append(character)
    return words + (["".join(word)] if word else [])
