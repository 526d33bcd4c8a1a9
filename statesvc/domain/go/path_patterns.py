"""Patterns of paths as Go's path.Match reads them: a star and a question mark stay between two slashes."""

import re

from statesvc.errors import InvalidParameter

_IN_CLASS = r"(?:\\.|[^\\\]-])"
_PART = re.compile(
    rf"""
    (?P<any>[*?])
    | \[ (?P<negated>\^|(?!\^)) (?P<ranges>(?:{_IN_CLASS}(?:-{_IN_CLASS})?)+) \]
    | \\(?P<escaped>.)
    | (?P<plain>[^\\\[])
    """,
    re.DOTALL | re.VERBOSE,
)
_RANGE = re.compile(rf"({_IN_CLASS})(?:-({_IN_CLASS}))?", re.DOTALL)
_ANY = {"*": "[^/]*", "?": "[^/]"}


def to_regex(pattern: str) -> str:
    """Return the regular expression, for RE2, of the paths that a pattern matches as a whole.

    Raises InvalidParameter for what is no pattern: a class without an end or a member, a backslash at the end.
    """
    parts, at = [], 0
    while at < len(pattern):
        part = _PART.match(pattern, at)
        if part is None:
            raise InvalidParameter("syntax error in pattern")
        parts.append(_regex_of(part))
        at = part.end()
    return "".join(parts)


def _regex_of(part: "re.Match[str]") -> str:
    if part["any"]:
        return _ANY[part["any"]]
    if not part["ranges"]:
        return _character(part["escaped"] or part["plain"])
    ranges = [(low[-1], (high or low)[-1]) for low, high in _RANGE.findall(part["ranges"])]
    # A range that ends before it begins holds nothing in Go; RE2 would refuse it.
    members = "".join(f"{_character(low)}-{_character(high)}" for low, high in ranges if low <= high)
    if not members:
        return r"[\x{0}-\x{10FFFF}]" if part["negated"] else r"[^\x{0}-\x{10FFFF}]"
    return f"[{part['negated']}{members}]"


def _character(character: str) -> str:
    return f"\\x{{{ord(character):X}}}"
