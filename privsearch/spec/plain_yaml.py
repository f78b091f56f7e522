"""YAML as plain values, each with its line. Tags, anchors and aliases are refused: a stranger's file can do nothing."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)
from ruamel.yaml.reader import ReaderError

from privsearch._util.text import cut

Path = tuple[int | str, ...]

MAX_DEPTH: Final = 20
MAX_VALUES: Final = 20_000
_MAX_DIGITS: Final = 100
_NULLS: Final = {"", "~", "null", "Null", "NULL"}
_BOOLEANS: Final = {word: word[0] in "tT" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER: Final = re.compile(r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+")
_BASES: Final = {"0o": 8, "0x": 16}
_FLOAT: Final = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


class NotPlainError(ValueError):
    """An error in a text that must be YAML of plain values: the fault, the number of its line from 1, the remedy."""

    def __init__(self, what: str, line: int, remedy: str = "correct it") -> None:
        super().__init__(f"{what}; {remedy}")
        self.line = line


@dataclass(frozen=True)
class Document:
    """The content of a text.

    Attributes:
        value: dicts with keys of type str, lists, and scalars of YAML 1.2's core schema; None for an empty text.
        lines: the number of the line of every key and every item, from 1, by the path to it.
    """

    value: Any
    lines: dict[Path, int] = field(default_factory=dict)


def parse(text: str) -> Document:
    """Read a text as YAML.

    Raises:
        NotPlainError: the text is not valid, repeats a key, or holds more than plain values.
    """
    try:
        reader = _Reader(text)
        return Document(reader.document(), reader.lines)
    except MarkedYAMLError as error:
        unfinished = "<stream end>" in (error.problem or "")
        mark = error.context_mark if unfinished and error.context_mark else error.problem_mark
        what = " ".join((error.problem or error.context or "").split())
        remedy = "indent with spaces, not tabs" if r"'\t'" in what else "correct it"
        raise NotPlainError(what.replace(r"character '\t'", "a tab"), mark.line + 1 if mark else 1, remedy) from None
    except ReaderError as error:
        line = len(lines_of(text[: error.position]))
        raise NotPlainError(f"the control character U+{error.character:04X} is in it", line, "remove it") from None
    except YAMLError as error:
        raise NotPlainError(" ".join(str(error).split()), 1) from None


def lines_of(text: str) -> list[str]:
    """Split a text into lines at the line breaks of YAML 1.1, as the parser counts them."""
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)


class _Reader:
    """A reader that turns the parser's events into values. It constructs nothing for a tag or a date."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self.lines: dict[Path, int] = {}

    def document(self) -> Any:
        starts = (event for event in self._events if isinstance(event, DocumentStartEvent))
        value = self._value(next(self._events), ()) if next(starts, None) else None
        if second := next(starts, None):
            raise NotPlainError("a second document begins", second.start_mark.line + 1, "give each sweep a file")
        return value

    def _value(self, event: Any, path: Path) -> Any:
        line = event.start_mark.line + 1
        self.lines.setdefault(path, line)
        if len(self.lines) > MAX_VALUES:
            raise NotPlainError(f"there are more than {MAX_VALUES:,} values up to here", line, "write fewer")
        _check(event, line, len(path))
        if isinstance(event, ScalarEvent):
            return _scalar(event, line)
        return self._list(path) if isinstance(event, SequenceStartEvent) else self._dict(path)

    def _list(self, path: Path) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), SequenceEndEvent):
            items.append(self._value(event, (*path, len(items))))
        return items

    def _dict(self, path: Path) -> dict[str, Any]:
        values: dict[str, Any] = {}
        while not isinstance(event := next(self._events), MappingEndEvent):
            key, line = event.value if isinstance(event, ScalarEvent) else None, event.start_mark.line + 1
            _check(event, line, len(path))
            if key is None:
                raise NotPlainError("a list or a mapping stands where a name must", line)
            if key in values:
                raise NotPlainError(f"the key {cut(key)} stands twice in one mapping", line, "remove one")
            self.lines[*path, key] = line
            values[key] = self._value(next(self._events), (*path, key))
        return values


def _check(event: Any, line: int, depth: int) -> None:
    """Refuse everything but plain values, so that a file of n bytes has at most n values and none refers to another."""
    if isinstance(event, AliasEvent) or event.anchor:
        raise NotPlainError(f"{cut(event.anchor)} is an anchor or an alias", line, "write its value out")
    if event.tag not in (None, "!"):
        raise NotPlainError(f"{cut(str(event.tag))} is a tag", line, "write numbers, text, lists and mappings only")
    if depth > MAX_DEPTH:
        raise NotPlainError(f"lists and mappings lie more than {MAX_DEPTH} deep in one another", line, "unnest them")


def _scalar(event: Any, line: int) -> Any:
    """Return the value of a scalar in YAML 1.2's core schema; digits may have underscores between them."""
    text: str = event.value
    if not event.implicit[0]:  # quoted
        return text
    if text in _NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    digits, base = text.replace("_", ""), _BASES.get(text[:2], 10)
    if _INTEGER.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise NotPlainError(
                f"an integer has at most {_MAX_DIGITS} digits, but this one has {len(text):,}", line, "shorten it"
            )
        return int(digits, base)
    if _FLOAT.fullmatch(text):
        return float(digits)
    return float(digits.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text
