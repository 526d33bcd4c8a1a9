"""JSON bodies as documents: a large one is decoded in a thread, as other requests must not wait for it."""

from typing import TypeVar

from statesvc.api.wire.call import Call
from statesvc.domain.documents import Document
from statesvc.domain.documents.decode import decode, decode_value

D = TypeVar("D", bound=Document)

LARGE_BODY = 8 * 1024


async def document(call: Call, model: type[D]) -> D:
    """Return the document in the body of a request, the zero document if it has none.

    Raises InvalidParameter with every mistake, TooLarge above a limit, Refusal if the body is not whole, Unavailable if
    too many large ones are being decoded.
    """
    body = await call.json_body()
    return await decoded(call, model, body) if body else decode_value(model, None)


async def decoded(call: Call, model: type[D], body: bytes) -> D:
    """Return the document in bytes that were read. Raises as `document` does."""
    return decode(model, body) if len(body) <= LARGE_BODY else await call.threads.run(decode, model, body)
