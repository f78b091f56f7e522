"""Sides of rows that take no time, found by their names in the processes that compute them."""

import os
from collections.abc import Callable, Sequence

from benchmarks.row import Agreement, Bound, Ratio


def counting(quick: bool) -> Callable[[], tuple[int, bool, int]]:
    """Answers: which round it is, whether the run is quick, which process computes."""
    rounds = 0

    def count() -> tuple[int, bool, int]:
        nonlocal rounds
        rounds += 1
        sum(range(10_000))
        return rounds, quick, os.getpid()

    return count


def failing(quick: bool) -> Callable[[], object]:
    def fail() -> object:
        raise ValueError("no such luck")

    return fail


def dying(quick: bool) -> Callable[[], object]:
    return lambda: os._exit(3)


def sharing(quick: bool) -> Callable[[], float]:
    return lambda: 0.03


def show_answers(ours: Sequence[object], theirs: Sequence[object]) -> Agreement:
    return Agreement(True, f"{list(ours)} | {list(theirs)}")


def ratio(ours=counting, theirs=counting, **fields) -> Ratio:
    return Ratio("pair", "counting", "counting", 0.001, ours, theirs, show_answers, **fields)


def bound(measure=sharing, **fields) -> Bound:
    return Bound("bound", "sharing", 0.05, "share", measure, **fields)
