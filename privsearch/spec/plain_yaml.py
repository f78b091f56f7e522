"""YAML as plain values, each with its line. Tags, anchors and aliases are refused: a stranger's file can do nothing."""

import re
from collections.abc import Iterator
from contextlib import suppress
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
from ruamel.yaml.tokens import ScalarToken

from privsearch._util.text import cut

Path = tuple[int | str, ...]

MAX_DEPTH: Final = 20
MAX_VALUES: Final = 20_000
_MAX_DIGITS: Final = 100
_NULLS: Final = {"", "~", "null", "Null", "NULL"}
_BOOLEANS: Final = {word: word[0] in "tT" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_INTEGER: Final = re.compile(r"[-+]?[0-9][0-9_]*|0o[0-7]+|0x[0-9a-fA-F]+")
_OTHERWISE_READ: Final = re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?([eE].*)?|.*(__|_$|_[.eE]).*")
"""The numbers that other readers of YAML take for others, or for text: `012` is ten in YAML 1.1."""
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
        raise _refusal(error, text) from None
    except ReaderError as error:
        line = len(lines_of(text[: error.position]))
        raise NotPlainError(f"the control character U+{error.character:04X} is in it", line, "remove it") from None
    except YAMLError as error:
        raise NotPlainError(" ".join(str(error).split()), 1) from None


def _refusal(error: MarkedYAMLError, text: str) -> NotPlainError:
    """Return the fault that the parser has found, with the line where it begins rather than where it is noticed."""
    what = " ".join((error.problem or error.context or "").split())
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else 1
    if error.context_mark and "end of stream" in what:  # which is within a quoted text alone
        return NotPlainError("a quote opens here that is never closed", error.context_mark.line + 1, "close it")
    if opened := _open_quote(text):
        sentence = f"a quote opens here that is not closed on this line, and line {line} cannot be read"
        return NotPlainError(sentence, opened, "close it here")
    if error.context_mark and "<stream end>" in what:
        line = error.context_mark.line + 1
    if re.search(r"(:|-|,|\[)\s*>", lines_of(text)[line - 1]) and ("'>'" in what or "chomping" in what):
        return NotPlainError(what, line, 'put what begins with > in quotes, such as ">= 0.9"')
    remedy = "indent with spaces, not tabs" if r"'\t'" in what else "correct it"
    return NotPlainError(what.replace(r"character '\t'", "a tab"), line, remedy)


def _open_quote(text: str) -> int | None:
    """Return the line of a quote that is not closed on its line, the last before the fault; None if there is none.

    Whoever writes a sweep never breaks text in quotes: where such a text is followed by a fault, a quote is missing.
    """
    opened = None
    with suppress(YAMLError):
        for token in YAML(typ="safe", pure=True).scan(text):
            if isinstance(token, ScalarToken) and token.style in ("'", '"'):
                is_long = token.start_mark.line != token.end_mark.line
                opened = token.start_mark.line + 1 if is_long else opened
    return opened


def lines_of(text: str) -> list[str]:
    """Split a text into lines at the line breaks of YAML 1.1, as the parser counts them."""
    return re.split(r"\r\n|[\r\n\x85\u2028\u2029]", text)


class _Reader:
    """A reader that turns the parser's events into values. It constructs nothing for a tag or a date."""

    def __init__(self, text: str) -> None:
        self._events: Iterator[Any] = YAML(typ="safe", pure=True).parse(text)
        self._text_lines = lines_of(text)
        self.lines: dict[Path, int] = {}

    def _is_marked(self, start: Any) -> bool:
        """Tell whether a question mark stands before a name, as YAML allows it and hardly anybody means it."""
        before: str = self._text_lines[start.line][: start.column]
        return before.rstrip().endswith("?")

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
            if self._is_marked(event.start_mark):
                remedy = "write name: value; or if it is text that begins with ?, put it in quotes"
                raise NotPlainError("a question mark marks what follows as a name", line, remedy)
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
    if (_INTEGER.fullmatch(text) or _FLOAT.fullmatch(text)) and _OTHERWISE_READ.fullmatch(text):
        plain = re.sub(r"^([-+]?)0+(?=[0-9])", r"\1", digits)
        raise NotPlainError(
            f"{cut(text)} is another number, or none, for other readers of YAML", line, f"write {plain[:40]}"
        )
    if _INTEGER.fullmatch(text):
        if len(text) > _MAX_DIGITS:
            raise NotPlainError(
                f"an integer has at most {_MAX_DIGITS} digits, but this one has {len(text):,}", line, "shorten it"
            )
        return int(digits, base)
    if _FLOAT.fullmatch(text):
        return float(digits)
    return float(digits.replace(".", "")) if _NOT_FINITE.fullmatch(text) else text
