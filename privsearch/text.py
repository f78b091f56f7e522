"""Text of strangers, as it may be shown."""


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey or not show; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def cut(value: object) -> str:
    """A value as a message shows it: with quotes and escapes where it is text, 80 characters at most."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."
