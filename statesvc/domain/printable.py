"""Text of other programs and users, made fit for a terminal and for JSON."""


def printable(text: str) -> str:
    """Return the text with what a terminal would obey, and what is not Unicode, written as escapes."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape", "surrogatepass").decode()
        for character in text
    )
