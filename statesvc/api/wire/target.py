"""The target of a request: path and query, out of all the forms that Go's url.ParseRequestURI takes."""

import re
from dataclasses import dataclass
from urllib.parse import quote, unquote_to_bytes

from statesvc.api.wire.refusal import malformed

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
_BAD_ESCAPE = re.compile(r"%(?![0-9a-fA-F]{2})")
_HOST = r"[A-Za-z0-9\-._~!$&'()*+,;=<>\"\x80-\xff"
_AUTHORITY = re.compile(
    rf"(?:[A-Za-z0-9\-._:~!$&'()*+,;=%@]*@)?(?:\[[0-9A-Za-z:.%\-]*\](?::\d*)?|{_HOST}:]*:\d*|{_HOST}]*)", re.ASCII
)


@dataclass(slots=True)
class Target:
    """What is asked for. `origin` is what stood before the path, and stands before it in a redirect."""

    path: str
    query: str = ""
    origin: str = ""

    def moved(self, path: str) -> str:
        """Return this target with another path, as the value of a Location header."""
        query = f"?{self.query}" if self.query else ""
        if not self.path and "//" not in self.origin:  # a URL like mailto:x has no path that could be another
            return self.origin + query
        return self.origin + quote(path, safe="/~$&+,;=:@") + query


def parse_target(method: str, raw: str) -> Target:
    """Read a target, decoded as Latin-1, that has neither spaces nor control characters.

    Raises Refusal for what is no URL. Its path is what Docker's router sees: empty for `http:page`, `/` for none.
    """
    if raw.startswith("/") and not raw.startswith("//"):
        path, _, query = raw.partition("?")
        return Target(_unescaped(path), query)
    if method == "CONNECT" and not raw.startswith("/"):
        return _absolute(f"http://{raw}", keeps_scheme=False)
    if raw.startswith("//"):  # not an authority: Go reads it as a path
        path, _, query = raw.partition("?")
        return Target(_unescaped(path), query)
    if raw == "*":
        return Target("*")
    return _absolute(raw)


def _absolute(raw: str, *, keeps_scheme: bool = True) -> Target:
    scheme = _SCHEME.match(raw)
    if scheme is None:
        raise malformed("its target is neither a path nor a URL")
    rest, _, query = raw[scheme.end() :].partition("?")
    if not rest.startswith("/"):
        return Target("", query, scheme[0] + rest)
    authority = ""
    if rest.startswith("//"):
        authority, slash, path = rest[2:].partition("/")
        rest = slash + path
        if _AUTHORITY.fullmatch(authority) is None:
            raise malformed("the host of its target is none")
        authority = f"//{authority}"
    return Target(_unescaped(rest), query, (scheme[0] if keeps_scheme else "") + authority)


def _unescaped(path: str) -> str:
    if "%" not in path and path.isascii():
        return path
    if _BAD_ESCAPE.search(path):
        raise malformed("an escape in its path is none")
    return unquote_to_bytes(path.encode("latin-1")).decode("utf-8", "replace")
