"""Text for messages: strangers' text escaped and cut, and the valid name nearest to an invalid one."""

import difflib
import shlex
from collections.abc import Iterable, Sequence
from textwrap import fill
from typing import Final

MOST_SHOWN: Final = 80
"""The most characters of a value in a message."""


def printable(text: str) -> str:
    """Return the text with escapes for what a terminal would obey or not show, except line breaks and tabs."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in "\n\t" else c.encode("unicode_escape").decode() for c in text)


def broken(command: str, width: int) -> str:
    """Break a command line that is too long between its words, so that it can still be pasted into a shell.

    Args:
        command: words that are quoted as the shell needs them, indented or not.
        width: the characters of a line; a word that is longer stays whole.
    """
    indent = " " * (len(command) - len(command.lstrip(" ")))
    lines = [""]
    for word in map(shlex.quote, shlex.split(command)):
        if lines[-1] and len(indent) + len(lines[-1]) + len(word) + 3 > width:  # a space, a space and a backslash
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}" if lines[-1] else word
    return " \\\n".join(f"{indent}{line}" for line in lines) if len(command) > width else command


def wrapped(line: str, width: int) -> str:
    """Break a line between words so that it fits, what follows indented by two more; a command can still be pasted."""
    words = line.lstrip(" ")
    indent = " " * (len(line) - len(words))
    if words.startswith("privsearch "):
        return broken(line, width)
    return fill(
        words,
        width,
        initial_indent=indent,
        subsequent_indent=f"{indent}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def cut(value: object) -> str:
    """Return a value as messages show it: text with quotes and escapes, and at most `MOST_SHOWN` characters."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[: MOST_SHOWN - 3]}..."


def shown(value: object) -> str:
    """Return a value as messages show it and as YAML writes it: null, true, false, lists in brackets."""
    if isinstance(value, list | tuple):
        items = f"[{', '.join(map(shown, value))}]"
        return items if len(items) <= MOST_SHOWN else f"{items[: MOST_SHOWN - 3]}..."
    return {"None": "null", "True": "true", "False": "false"}.get(repr(value)) or cut(value)


def joined(names: Sequence[str], most: int = 5) -> str:
    """Join names as a sentence does: `a, b and c`; of more than `most`, those that fit and how many more."""
    first, last = names[:-1], names[-1:]
    if len(names) > most:
        first, last = names[: most - 1], [f"{len(names) - most + 1} more"]
    return " and ".join(filter(None, [", ".join(first), *last]))


def nearest(given: str, valid: Iterable[str], likeness: float = 0.5) -> str | None:
    """Return the valid name that is most like the given one, in any case of letters; None if none is like it.

    Args:
        given: the name that was written.
        valid: the valid names.
        likeness: the least likeness that counts, from 0 (any name) to 1 (only the same name).
    """
    by_lower_case = {name.lower(): name for name in valid}
    matches = difflib.get_close_matches(given.lower(), by_lower_case, n=1, cutoff=likeness)
    return by_lower_case[matches[0]] if matches else None


def remedy(given: str, valid: Iterable[str]) -> str:
    """Return the end of a message about a name that is not valid: the nearest valid name, if there is one."""
    near = nearest(given, valid)
    return f"nearest valid: {near}" if near else "rename or remove it"
