"""The keys that detach a client from a process, as `ctrl-p,ctrl-q` (moby/term ToBytes)."""

_CONTROL = {f"ctrl-{letter}": code for code, letter in enumerate("@abcdefghijklmnopqrstuvwxyz[\\]^_")} | {"DEL": 127}


def parse(text: str) -> bytes | None:
    """Return the bytes that the keys send, none for an empty text; None for a text that names no keys."""
    if not text:
        return b""
    codes = bytearray()
    for key in text.split(","):
        if key in _CONTROL:
            codes.append(_CONTROL[key])
        elif len(key.encode()) == 1:
            codes += key.encode()
        else:
            return None
    return bytes(codes)
