from typing import Any

import pytest
from optuna.trial import TrialState
from search_tables import FLAT, LISTED, OBJECTIVES, RANGED, SMALL, looked_up, run, run_on, search_of, space_of

from privsearch.sweep.search.proposer import Proposer
from privsearch.sweep.search.space import point_key

TPE = {"kind": "tpe", "startup_trials": 5}
LEARNERS = [TPE, {"kind": "nsga2", "population_size": 6}, {"kind": "nsga3", "population_size": 6}]


@pytest.mark.parametrize("sampler", [*LEARNERS, "random"])
@pytest.mark.parametrize("space", [LISTED, RANGED, FLAT])
def test_proposals_depend_on_outcomes_and_not_on_when_they_come(sampler: Any, space: Any) -> None:
    """Whichever worker is the first, and wherever the search was interrupted, the proposals are the same."""
    search = search_of(space, sampler=sampler, trials=14, parallel=4, constraints={"test_accuracy": ">= 0.75"})
    made = run(search)
    assert run(search, late=True) == made
    for cut in (3, len(made) // 2, len(made)):
        assert run(search, late=True, recorded=made[:cut]) == made


@pytest.mark.parametrize("sampler", [*LEARNERS, "random", "brute_force"])
def test_no_point_is_run_twice_and_a_space_ends(sampler: Any) -> None:
    """Every point of a space is proposed once as a new one, then the search says that it is exhausted."""
    search = search_of(SMALL, sampler=sampler, trials=1000)
    proposer = Proposer(search, space_of(search), OBJECTIVES)
    fresh = [point_key(proposal.axes) for proposal in run_on(proposer) if proposal.fresh]
    assert len(set(fresh)) == len(fresh) == 9 == proposer.fresh
    assert proposer.ended == "every point of its space has been tried"


@pytest.mark.slow
def test_a_gaussian_process_proposes_points() -> None:
    """It learns from the first results, where every axis has an effect on every point."""
    search = search_of(FLAT, sampler={"kind": "gp", "startup_trials": 4}, trials=6, parallel=1)
    assert [proposal.fresh for proposal in run(search)] == [True] * 6


def test_a_search_in_which_all_has_been_seen_draws_what_has_not() -> None:
    """After too many repeats a point is drawn at random, also where no range can be listed."""
    search = search_of({**FLAT, "beta": {"low": 0.9, "high": 0.900002}, "weight_bit_width": [4]}, trials=50)
    proposer = Proposer(search, space_of(search), OBJECTIVES)
    made = run_on(proposer)
    assert proposer.ended == "every point of its space has been tried"
    assert proposer.fresh == 3, "numbers have six digits"
    assert {proposal.origin for proposal in made} >= {"repeat"}


def test_the_sampler_is_told_of_failures_and_constraints() -> None:
    """What has no result is FAIL, what breaks a constraint says by how much, and in the end nothing runs."""
    search = search_of(LISTED, sampler="random", trials=40, parallel=1, constraints={"test_accuracy": ">= 0.8"})
    proposer = Proposer(search, space_of(search), OBJECTIVES)
    made = run_on(proposer)
    trials = proposer._study.get_trials()[:-1]
    for proposal, trial in zip(made, trials, strict=False):
        outcome = looked_up(proposal.axes)
        if outcome is None:
            assert trial.state is TrialState.FAIL
        else:
            assert trial.values == pytest.approx([outcome[column] for column in OBJECTIVES])
            assert trial.constraints["test_accuracy"] == pytest.approx(0.8 - outcome["test_accuracy"])
    assert {TrialState.FAIL, TrialState.COMPLETE} == {trial.state for trial in trials}


def test_known_results_cost_nothing_and_are_told_first() -> None:
    """They are proposals of their own, no budget counts them, and a genetic sampler's generations have them."""
    search = search_of(LISTED, trials=10, sampler={"kind": "nsga2", "population_size": 4}, parallel=2)
    space = space_of(search)
    proposer = Proposer(search, space, OBJECTIVES)
    points = list(space.points())[:8]
    assert [proposer.give(axes, looked_up(axes)) for axes in points] == [True] * 8
    assert not proposer.give(points[0], None), "it is known"
    assert not proposer.give(points[0] | {"weight_bit_width": 3}, None), "it is outside"
    made = run_on(proposer)
    assert [proposal.origin for proposal in made[:8]] == ["given"] * 8
    assert (proposer.counts["given"], proposer.fresh) == (8, 10)
    generations = [t.system_attrs["NSGAIISampler:generation"] for t in proposer._study.get_trials()]
    assert generations[0] == 0
    assert max(generations) >= 2
    assert run(search, recorded=made) == made


def test_a_search_ends_when_the_hypervolume_no_longer_grows() -> None:
    """Its only budget is then its own success."""
    search = search_of(RANGED, trials=None, until={"growth": 0.05, "in_trials": 8}, sampler="random")
    proposer = Proposer(search, space_of(search), OBJECTIVES)
    run_on(proposer)
    assert 8 <= proposer.fresh < 200
    assert "hypervolume" in (proposer.ended or "")


def test_a_longer_budget_goes_on() -> None:
    """What was proposed under the shorter one is proposed again."""
    short = run(search_of(RANGED, trials=12))
    assert run(search_of(RANGED, trials=20), recorded=short)[: len(short)] == short
