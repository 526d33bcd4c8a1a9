"""Idempotency keys: a create that is sent again under its key gets the first answer and creates nothing more."""

import asyncio
import hmac
from dataclasses import dataclass
from pathlib import Path

import orjson

from statesvc.db import idempotency
from statesvc.db.damage.judges import fault
from statesvc.db.idempotency import Kept
from statesvc.db.sqlite import Connection
from statesvc.domain.api_version import Version
from statesvc.domain.documents import ContainerCreate
from statesvc.domain.times import SECOND
from statesvc.errors import Conflict, Damaged, InvalidParameter
from statesvc.faults import Point, passed
from statesvc.host import secret
from statesvc.services.site import Site

HOUR = 3_600 * SECOND
MOST = 255


@dataclass(frozen=True, slots=True)
class Created:
    """A container that was created."""

    id: str
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Claim:
    """A request's key, with the digest of the request, and when the key expires.

    `passed` is a time that has surely passed: an earlier answer under the key counts unless it expired by then.
    """

    key: str
    digest: str
    passed: int
    expires_at: int


class Keys:
    """Makes the claims of requests.

    The digest of a request is keyed with a secret that is not in the database. With a bare digest, or one whose salt
    is stored with it, an owner of the database or a backup could try short environment values one by one, long after
    their container is gone.
    """

    def __init__(self, site: Site, file: Path, hours: int) -> None:
        self._site = site
        self._file = file
        self._life = hours * HOUR
        self._secret = b""
        self._one_at_a_time = asyncio.Lock()

    async def claim(self, key: str, name: str, request: ContainerCreate, *, version: Version, platform: str) -> Claim:
        """Return the claim of a request. Raises InvalidParameter for a key with other than 1 to 255 printable ASCII."""
        if not (0 < len(key) <= MOST and key.isascii() and key.isprintable()):
            raise InvalidParameter(f"an idempotency key has 1 to {MOST} printable ASCII characters")
        async with self._one_at_a_time:
            if not self._secret:
                self._secret = await self._site.threads.files.run(secret.read_or_make, self._file, self._site.entropy)
        asked = orjson.dumps([name, platform, version]) + request.to_json()
        digest = hmac.digest(self._secret, asked, "sha256").hex()
        clock = self._site.steady_clock
        return Claim(key, digest, clock.passed() or 0, clock.latest() + self._life)


def first_answer(conn: Connection, claim: Claim) -> Created | None:
    """Return the answer to the request when it first came, None if it comes for the first time.

    Raises Conflict if another request had the key, Damaged if the answer cannot be read.
    """
    kept = idempotency.find(conn, claim.key, claim.passed)
    if kept is None:
        return None
    if kept.request_digest != claim.digest:
        raise Conflict(
            f'the idempotency key "{claim.key}" came with another request before: '
            "send the same name, body, platform and API version again, or use a new key"
        )
    reason = fault("idempotency_keys", "answer", kept.answer)
    if reason:
        raise Damaged(f'the answer stored for the idempotency key "{claim.key}" {reason}: use a new key')
    answer = orjson.loads(kept.answer)
    return Created(answer["id"], tuple(answer["warnings"]))


def keep(conn: Connection, claim: Claim, created: Created) -> None:
    """Store the answer, in the transaction that creates the container."""
    answer = orjson.dumps({"id": created.id, "warnings": created.warnings}).decode()
    idempotency.keep(conn, claim.key, Kept(claim.digest, answer), claim.expires_at)
    passed(Point.KEY_KEPT)
