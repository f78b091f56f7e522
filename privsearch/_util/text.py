"""Text of strangers, as it may be shown, and what they may have meant."""

import difflib
from collections.abc import Iterable


def printable(text: str) -> str:
    """The text with escapes for what a terminal would obey or not show; line breaks and tabs stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def cut(value: object) -> str:
    """A value as a message shows it: with quotes and escapes where it is text, 80 characters at most."""
    shown = repr(value)
    return shown if len(shown) <= 80 else f"{shown[:77]}..."


def nearest(given: str, valid: Iterable[str], likeness: float = 0.5) -> str | None:
    """The valid name that is most like the one given, small letters or capitals; None where none is.

    Args:
        given: what was written.
        valid: what may be.
        likeness: the least that counts, from 0, where every name does, to 1, where only the same one does.
    """
    by_lower_case = {name.lower(): name for name in valid}
    found = difflib.get_close_matches(given.lower(), by_lower_case, n=1, cutoff=likeness)
    return by_lower_case[found[0]] if found else None


def remedy(given: str, valid: Iterable[str]) -> str:
    """How a message about a name that is not valid ends: with the nearest one, where there is one."""
    near = nearest(given, valid)
    return f"nearest valid: {near}" if near else "rename or remove it"
