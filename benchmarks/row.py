"""The kinds of rows of the table: two sides that are timed in turns, or one number and its bound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Answer = Any
"""The values or numpy arrays that one round of a side computes, for a comparison with the other side."""

Round = Callable[[], Answer]
"""A function that is timed again and again."""

Prepare = Callable[[bool], Round]
"""A function that prepares a side in its own process, untimed, given True if the run is quick.

Never a lambda: it must be pickled.
"""

Clock = Literal["cpu", "wall"]
"""A clock: 'cpu' for seconds computed by the side's process and those it waited for, 'wall' for seconds passed."""


@dataclass(frozen=True)
class Agreement:
    """A verdict on whether both sides computed the same thing, and its words: what was compared, and how far apart."""

    holds: bool
    words: str


Compare = Callable[[Sequence[Answer], Sequence[Answer]], Agreement]
"""A function that compares the answers of all rounds, ours and theirs, the warm-up's first."""


@dataclass(frozen=True)
class Ratio:
    """A row that says how many times faster we are than a peer.

    Attributes:
        name: the row's name for `--only`.
        what: the computation, as the table describes it.
        peer: the library on the other side, as the table describes it.
        target: the least that their time divided by ours should be.
        ours: our side.
        theirs: the peer's side.
        compare: the check that both sides computed the same thing.
        packages: the distributions that the peer consists of, whose versions the table names.
        clock: the clock whose seconds are divided.
        rounds: the number of timed rounds of each side, after the warm-up.
        quick_rounds: the number of timed rounds with `--quick`.
        quick_note: the other sizes that are smaller with `--quick`.
        warm_up: the number of first rounds of each side that do not count: none if each round is a process of its own,
            two if the process's memory still grows in the second.
    """

    name: str
    what: str
    peer: str
    target: float
    ours: Prepare
    theirs: Prepare
    compare: Compare
    packages: tuple[str, ...] = ("torch",)
    clock: Clock = "cpu"
    rounds: int = 9
    quick_rounds: int = 3
    quick_note: str = ""
    warm_up: int = 1


@dataclass(frozen=True)
class Bound:
    """A row of a number that has no peer and must stay below a bound.

    Attributes:
        name: the row's name for `--only`.
        what: the measurement, as the table describes it.
        target: the bound.
        unit: 's', or 'share' for a fraction.
        measure: the work that is timed.
        value: the number that a round gives: the seconds of a clock, or the round's answer.
        rounds: the number of counted rounds, after the warm-up.
        quick_rounds: the number of counted rounds with `--quick`.
        quick_note: the other sizes that are smaller with `--quick`.
        warm_up: the number of first rounds that do not count, as in `Ratio`.
    """

    name: str
    what: str
    target: float
    unit: Literal["s", "share"]
    measure: Prepare
    value: Clock | Literal["answer"] = "wall"
    rounds: int = 5
    quick_rounds: int = 3
    quick_note: str = ""
    warm_up: int = 1


Row = Ratio | Bound
