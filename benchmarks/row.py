"""What a row of the table is: two sides to be timed in turns, or one number and its bound."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Answer = Any
"""What one round of a side has computed, for the other side to be compared with: plain values or numpy arrays."""

Round = Callable[[], Answer]
"""What is timed, again and again."""

Prepare = Callable[[bool], Round]
"""Makes a side ready in its own process, untimed; told whether the run is quick. Never a lambda: it must be pickled."""

Clock = Literal["cpu", "wall"]
"""'cpu': seconds that the side's process, and the processes it waited for, computed; 'wall': seconds that passed."""


@dataclass(frozen=True)
class Agreement:
    """Whether both sides computed the same thing, and in which words: what was compared, and how far apart it was."""

    holds: bool
    words: str


Compare = Callable[[Sequence[Answer], Sequence[Answer]], Agreement]
"""Judges the answers of all rounds, ours and theirs, the warm-up's first."""


@dataclass(frozen=True)
class Ratio:
    """How many times faster we are than a peer.

    Attributes:
        name: by which `--only` finds the row.
        what: what is computed, as the table says it.
        peer: who computes it on the other side.
        target: the least that their time divided by ours should be.
        ours: our side.
        theirs: the peer's side.
        compare: whether both computed the same thing.
        packages: the distributions that make the peer, whose versions the table names.
        clock: what the ratio is one of.
        rounds: how often each side is timed, after the warm-up.
        quick_rounds: how often with `--quick`.
        quick_note: what else is smaller with `--quick`.
        warm_up: how many rounds of each side are not counted at first. None are needed where each round is a process of
            its own; two where the process's memory still grows in the second.
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
    """A number that has no peer and must stay below a bound.

    Attributes:
        name: by which `--only` finds the row.
        what: what is measured, as the table says it.
        target: the bound.
        unit: 's', or 'share' for a fraction.
        measure: what is done.
        value: which number of a round it is: of a clock, or what the round answered.
        rounds: how often, after the warm-up.
        quick_rounds: how often with `--quick`.
        quick_note: what else is smaller with `--quick`.
        warm_up: as in `Ratio`.
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
