import ast
from dataclasses import replace

import pytest
from benchmark_sides import bound, dying, failing, ratio

from benchmarks.measure import measure


def test_sides_take_turns_in_processes_of_their_own() -> None:
    """One warm-up and the rounds asked for, each side in one process that is neither the other's nor this one."""
    result = measure(ratio(rounds=9, quick_rounds=2), {}, quick=True)
    ours, theirs = (ast.literal_eval(answers) for answers in result.agreement.split(" | "))
    assert [answer[:2] for answer in ours] == [(1, True), (2, True), (3, True)]
    assert {len({process for *_, process in answers}) for answers in (ours, theirs)} == {1}
    assert ours[0][2] != theirs[0][2]
    assert [len(result.warm_up), len(result.timings), len(result.values)] == [2, 2, 2]


def test_ratios_are_paired() -> None:
    """Each value is the peer's time divided by ours of the same round, by the row's clock."""
    result = measure(ratio(rounds=2, clock="wall"), {}, quick=False)
    assert result.values == tuple(theirs.wall / ours.wall for ours, theirs in result.timings)
    by_cpu = measure(ratio(rounds=1), {}, quick=False)
    ((ours, theirs),) = by_cpu.timings
    assert by_cpu.values == (theirs.cpu / ours.cpu,)


def test_a_bound_may_be_what_a_round_answers_or_its_time() -> None:
    """`value` says which."""
    assert measure(bound(value="answer", rounds=2), {}, quick=False).values == (0.03, 0.03)
    timed = measure(bound(value="wall", rounds=1), {}, quick=False)
    assert timed.values == (timed.timings[0][0].wall,)


@pytest.mark.parametrize(("side", "reason"), [(failing, "no such luck"), (dying, "exit code 3")])
def test_a_side_that_fails_is_a_result(side, reason: str) -> None:
    """The result says why, has no values, and does not meet its target."""
    result = measure(ratio(theirs=side), {}, quick=True)
    assert reason in result.failure
    assert not result.values
    assert not result.is_met


def test_a_peer_that_is_not_installed_is_named() -> None:
    """A missing package is told beside the others' versions."""
    result = measure(ratio(packages=("numpy", "no-such-package"), quick_rounds=1), {}, quick=True)
    assert "numpy 2" in result.peer
    assert "no-such-package, not installed" in result.peer


def test_a_row_may_do_without_a_warm_up() -> None:
    """Then every round counts."""
    result = measure(replace(ratio(quick_rounds=2), warm_up=0), {}, quick=True)
    assert [len(result.warm_up), len(result.timings), len(result.values)] == [0, 2, 2]
