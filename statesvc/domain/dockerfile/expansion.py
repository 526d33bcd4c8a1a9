"""Quotes, escapes and $variables in the arguments of Dockerfile instructions.

The rules are those of BuildKit's frontend/dockerfile/shell. Of the ${name…} forms those with -, + and ? (with or
without a colon) are known; the pattern forms (#, %, /) are refused like any unknown modifier.
"""

from collections.abc import Mapping

from statesvc.domain.dockerfile.lines import SPACES
from statesvc.domain.go.values import quote
from statesvc.errors import InvalidParameter

# Docker has no limit; but forty lines, each of which doubles a variable, must not fill the memory.
_EXPANDED_MAX = 1024 * 1024
_SPECIAL_PARAMETERS = "@*#?-$!0"


def expand_word(text: str, variables: Mapping[str, str], escape: str = "\\") -> str:
    """Return the text with quotes removed and variables replaced. Raises InvalidParameter for unfinished forms."""
    return _expand(text, variables, escape, None)[0]


def expand_words(text: str, variables: Mapping[str, str], escape: str = "\\") -> list[str]:
    """Expand as `expand_word` does, and split at the blanks outside of quotes: a variable may become many words."""
    return _expand(text, variables, escape, _Words())[1]


def _expand(text: str, variables: Mapping[str, str], escape: str, words: "_Words | None") -> tuple[str, list[str]]:
    try:
        return _Expansion(text, variables, escape).until("", words), words.end() if words else []
    except (InvalidParameter, RecursionError) as error:
        reason = "too many nested substitutions" if isinstance(error, RecursionError) else str(error)
        raise InvalidParameter(f"failed to process {quote(text)}: {reason}") from error


class _Words:
    """The words of a text while it is read: blanks end one unless they were quoted."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.word: list[str] = []

    def add(self, text: str, *, quoted: bool) -> None:
        for character in text:
            if quoted or character not in SPACES:
                self.word.append(character)
            elif self.word:
                self.end()

    def end(self) -> list[str]:
        if self.word:
            self.done.append("".join(self.word))
            self.word = []
        return self.done


class _Expansion:
    """One pass over one text."""

    def __init__(self, text: str, variables: Mapping[str, str], escape: str) -> None:
        self.text, self.position = text, 0
        self.variables, self.escape = variables, escape
        self.expanded = 0

    def peek(self) -> str:
        return self.text[self.position : self.position + 1]

    def next(self) -> str:
        character = self.peek()
        self.position += 1
        return character

    def until(self, stop: str, words: _Words | None = None) -> str:
        """Read up to the stop character, or to the end if it is empty; with `words`, add what is read to them."""
        result: list[str] = []
        while character := self.peek():
            if character == stop:
                self.position += 1
                return "".join(result)
            quoted = character in ("'", '"', self.escape)
            result.append(self.piece(character))
            if words:
                words.add(result[-1], quoted=quoted)
        if stop:
            raise InvalidParameter(f"unexpected end of statement while looking for matching {stop}")
        return "".join(result)

    def piece(self, character: str) -> str:
        """Return what the next character begins: a quoted text, a variable, an escaped character, or the character."""
        if character == "$":
            return self.variable()
        if character == "'":
            return self.single_quoted()
        if character == '"':
            return self.double_quoted()
        if character == self.escape:
            self.position += 1
        return self.next()

    def single_quoted(self) -> str:
        end = self.text.find("'", self.position + 1)
        if end < 0:
            raise InvalidParameter("unexpected end of statement while looking for matching single-quote")
        inside, self.position = self.text[self.position + 1 : end], end + 1
        return inside

    def double_quoted(self) -> str:
        self.position += 1
        result: list[str] = []
        while character := self.peek():
            if character == "$":
                result.append(self.variable())
                continue
            self.position += 1
            if character == '"':
                return "".join(result)
            if character == self.escape:
                if not self.peek():
                    break
                character = self.next() if self.peek() in ('"', "$", self.escape) else character
            result.append(character)
        raise InvalidParameter("unexpected end of statement while looking for matching double-quote")

    def variable(self) -> str:
        value = self.value()
        self.expanded += len(value)
        if self.expanded > _EXPANDED_MAX:
            raise InvalidParameter(f"the variables stand for more than {_EXPANDED_MAX} characters")
        return value

    def value(self) -> str:
        self.position += 1
        if self.peek() != "{":
            name = self.name()
            return self.variables.get(name, "") if name else "$"
        self.position += 1
        if not self.peek():
            raise InvalidParameter("syntax error: missing '}'")
        if self.peek() in "{}:":
            raise InvalidParameter("syntax error: bad substitution")
        name = self.name()
        modifier = self.next()
        if modifier == "}":
            return self.variables.get(name, "")
        return self.substitution(name, modifier + self.next() if modifier == ":" else modifier)

    def name(self) -> str:
        """Return the name, number or special parameter at this position, "" if there is none."""
        start = self.position
        if self.peek().isdecimal():
            while self.peek().isdecimal():
                self.position += 1
        elif self.peek() and self.peek() in _SPECIAL_PARAMETERS:
            self.position += 1
        else:
            while self.peek().isalpha() or self.peek().isdecimal() or self.peek() == "_":
                self.position += 1
        return self.text[start : self.position]

    def substitution(self, name: str, modifier: str) -> str:
        """Return the value of ${name-word}, ${name+word} or ${name?word}; with a colon, empty counts as unset."""
        if modifier not in ("-", "+", "?", ":-", ":+", ":?"):
            raise InvalidParameter(f"unsupported modifier ({modifier}) in substitution")
        try:
            word = self.until("}")
        except InvalidParameter as error:
            if not self.peek():
                raise InvalidParameter("syntax error: missing '}'") from error
            raise
        value = self.variables.get(name)
        missing = value is None or (value == "" and modifier.startswith(":"))
        if modifier.endswith("+"):
            return "" if missing else word
        if missing and modifier.endswith("?"):
            state = "unset" if value is None else "empty"
            raise InvalidParameter(f"{name}: {word or f'is not allowed to be {state}'}")
        return word if missing else value or ""
