"""Signals by name and number, as Linux has them and Docker reads them (moby/sys signal)."""

from statesvc.domain.go.values import atoi

_NUMBERS = {
    "HUP": 1, "INT": 2, "QUIT": 3, "ILL": 4, "TRAP": 5, "ABRT": 6, "IOT": 6, "BUS": 7, "FPE": 8, "KILL": 9, "USR1": 10,
    "SEGV": 11, "USR2": 12, "PIPE": 13, "ALRM": 14, "TERM": 15, "STKFLT": 16, "CHLD": 17, "CLD": 17, "CONT": 18,
    "STOP": 19, "TSTP": 20, "TTIN": 21, "TTOU": 22, "URG": 23, "XCPU": 24, "XFSZ": 25, "VTALRM": 26, "PROF": 27,
    "WINCH": 28, "IO": 29, "POLL": 29, "PWR": 30, "SYS": 31, "RTMIN": 34, "RTMAX": 64,
    **{f"RTMIN+{n}": 34 + n for n in range(1, 16)},
    **{f"RTMAX-{n}": 64 - n for n in range(1, 15)},
}  # fmt: skip

_KNOWN = frozenset(_NUMBERS.values())


def parse(text: str) -> int | None:
    """Return the number of a signal; None if the text names none.

    A name may begin with SIG and be in any case. Any number but 0 is accepted, as Docker does, also one that is no
    signal of Linux (moby/sys signal ParseSignal).
    """
    named = _NUMBERS.get(text.removeprefix("SIG")) or _NUMBERS.get(_upper(text).removeprefix("SIG"))
    if named:
        return named
    try:
        return atoi(text) or None
    except ValueError:
        return None


def _upper(text: str) -> str:
    """Return the text in upper case as Go does it: letter by letter, so that none becomes two."""
    if text.isascii():
        return text.upper()
    return "".join(upper if len(upper := character.upper()) == 1 else character for character in text)


def is_known(number: int) -> bool:
    """Return whether Linux has a signal of this number (moby/sys signal ValidSignalForPlatform)."""
    return number in _KNOWN
