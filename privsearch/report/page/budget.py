"""The bytes that the page may have, and the items that fit."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

Item = TypeVar("Item")

MOST_BYTES: Final = 10_000_000
"""The most bytes of a page, so that it can be sent by mail."""

LEAKAGE_SHARE: Final = 0.6
ROC_SHARE: Final = 0.5
"""The share of the room left that leakage tables, and then ROC curves, may take; training curves may take the rest."""

ROC_TRIALS: Final = 40
"""The default number of trials with ROC curves, limited as their attacks are computed again."""

WORDS: Final = 300
"""Bytes reserved for the note on what is left out."""

MOST_FAILURES: Final = 300
MOST_TRACEBACK: Final = 4_000
"""The most failed trials that are shown in full, and the most characters of a traceback."""

MOST_IDS: Final = 200
"""The most trials that are listed by id alone."""


def encoded(value: Any) -> str:
    """Return the JSON of a value, without needless space.

    Raises:
        ValueError: a number in the value is not finite.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def num_bytes(value: Any) -> int:
    """Return the bytes of a value's JSON in the page, with `<`, `>` and `&` escaped."""
    text = encoded(value)
    return len(text.encode()) + 5 * sum(text.count(character) for character in "<>&")


def fitting(items: Iterable[Item], room: float) -> Iterator[Item]:
    """Yield items while their JSON fits into the room, up to the first item that does not fit."""
    for item in items:
        room -= num_bytes(item) + 1
        if room < 0:
            return
        yield item
