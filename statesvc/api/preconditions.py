"""Optimistic concurrency over HTTP: the revision of a container as its ETag, and If-Match (RFC 9110, 13.1.1)."""

import re

from statesvc.api.wire.answer import Answer
from statesvc.api.wire.call import Call
from statesvc.errors import InvalidParameter
from statesvc.services.containers.service import Expected

_TAG = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_REVISION = re.compile(r"0|[1-9][0-9]{0,17}")


def tagged(answer: Answer, revision: int) -> Answer:
    """Add the revision to an answer, as the entity tag that If-Match takes."""
    answer.lines += b'Etag: "%d"\r\n' % revision
    return answer


def if_match(call: Call) -> Expected:
    """Return the revisions that If-Match expects, one of which must be the present one; None if any will do.

    A weak tag matches nothing, as the comparison is the strong one; nor does a tag that is no revision. Raises
    InvalidParameter for a header that is no list of entity tags.
    """
    lines = call.header_lines("if-match")
    header = ",".join(lines).strip(" \t")
    if not lines or header == "*":
        return None
    tags = [_TAG.fullmatch(part) for part in _parts(header)]
    if not tags or None in tags:
        raise InvalidParameter(f'If-Match must be * or a list of entity tags, as "7", not {header[:100]!r}')
    return frozenset(int(tag[2]) for tag in tags if tag and not tag[1] and _REVISION.fullmatch(tag[2]))


def _parts(header: str) -> list[str]:
    """Split a list at the commas outside of its quotes; empty elements count for nothing."""
    parts = [part.strip(" \t") for part in re.findall(r'(?:[^,"]|"[^"]*"?)+', header)]
    return [part for part in parts if part]
