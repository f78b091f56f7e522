"""How large the page may be, and what has room in it."""

import json
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar

Item = TypeVar("Item")

MOST_BYTES: Final = 10_000_000
"""As large as a page is to be that is sent to a colleague."""

LEAKAGE_SHARE: Final = 0.6
ROC_SHARE: Final = 0.5
"""What leakage tables, and then ROC curves, may take of what is left; training curves may take the rest."""

ROC_TRIALS: Final = 40
"""As many trials get ROC curves by default: their attacks are computed again."""

WORDS: Final = 300
"""Bytes for saying what is left out."""

MOST_FAILURES: Final = 300
MOST_TRACEBACK: Final = 4_000
"""Failed trials that are told in full, and characters of a traceback."""

MOST_IDS: Final = 200
"""Trials that are listed by nothing but their ids."""


def encoded(value: Any) -> str:
    """The JSON of a value, without needless space.

    Raises:
        ValueError: it has a number that is not finite.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def num_bytes(value: Any) -> int:
    """How large the JSON of a value is in the page, where what could end a script is escaped."""
    text = encoded(value)
    return len(text.encode()) + 5 * sum(text.count(character) for character in "<>&")


def fitting(items: Iterable[Item], room: float) -> Iterator[Item]:
    """The items of which the JSON fits, one after the other, up to the first that does not."""
    for item in items:
        room -= num_bytes(item) + 1
        if room < 0:
            return
        yield item
