from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from builders import make_failed, not_learnt
from compared_trials import attacked, trial

from privsearch.analysis.races import History, RaceState, play
from privsearch.spec import HalvesProtocol, LiraAttack, SvmAttack
from privsearch.spec.constraints import Constraint
from privsearch.spec.objectives import Objectives
from privsearch.spec.race import Race
from privsearch.study.result import Completed

OBJECTIVES: Objectives = {"test_accuracy": "maximize", "worst.auc": "minimize"}
TRUTH = {"a": (0.95, 0.70), "b": (0.90, 0.60), "c": (0.85, 0.75), "d": (0.949, 0.7)}


def race(**fields: Any) -> Race:
    return Race.model_validate({"from": 4, "to": 12, **fields})


def at(name: str, networks: int) -> Completed:
    """A configuration's trial with so many networks, the first of which are those of one with fewer."""
    noise = np.random.default_rng(ord(name)).normal(0, 0.004, (12, 2))[:networks]
    accuracies, aucs = (np.array(TRUTH[name]) + noise).T.tolist()
    protocol = HalvesProtocol(networks=networks, networks_per_attack=4 if networks > 4 else None)
    return trial(f"{name * 14}{networks:02}", accuracies, aucs, protocol)


def played(counts: Mapping[str, int], **fields: Any) -> RaceState:
    """The race of configurations that have so many networks by now."""
    histories = [[at(name, n) for n in range(4, count + 1, 4)] for name, count in counts.items()]
    return play(histories, fields.pop("race", race()), OBJECTIVES, {}, **fields)


def verdicts(state: RaceState) -> dict[str, str]:
    return {trial_id[0]: place.verdict for trial_id, place in state.places.items()}


def test_the_next_round_is_for_what_is_open() -> None:
    """`c` is out, `b` surely on the front; `a` and `d` are too near each other to tell."""
    state = played(dict.fromkeys("abcd", 4))
    assert verdicts(state) == {"a": "open", "b": "settled", "c": "beaten", "d": "open"}
    assert (state.ended, state.count) == (None, 8)
    assert [trial_id[0] for trial_id in state.waiting] == ["a", "d"]
    assert state.places["c" * 14 + "04"].rival is not None
    assert state.places["a" * 14 + "04"].rival == "d" * 14 + "04"


def test_a_round_ends_when_all_its_trials_have_results() -> None:
    """Until then nothing is judged anew."""
    state = played({"a": 8, "b": 4, "c": 4, "d": 4})
    assert [trial_id[0] for trial_id in state.waiting] == ["d"]
    assert verdicts(state) == verdicts(played(dict.fromkeys("abcd", 4)))
    both = played({"a": 8, "b": 4, "c": 4, "d": 8})
    assert both.count == 12
    assert played({"a": 12, "b": 4, "c": 4, "d": 12}).ended == "all networks"


def test_results_of_later_rounds_do_not_change_earlier_ones() -> None:
    """Trials beyond what the race asks for, as of another sweep, are not looked at in its earlier rounds."""
    state = played({"a": 4, "b": 12, "c": 12, "d": 4})
    assert [trial_id[0] for trial_id in state.waiting] == ["a", "d"]
    assert verdicts(state)["c"] == "beaten"


def test_a_race_in_which_nothing_is_open_has_ended() -> None:
    """After one round already."""
    state = played(dict.fromkeys("abc", 4))
    assert (state.ended, state.waiting) == ("decided", ())


@pytest.mark.parametrize(("budget", "ended"), [(23, "budget"), (24, None), (None, None)])
def test_networks_in_all_bound_a_round(budget: int | None, ended: str | None) -> None:
    """Four have 16 networks, and the next round is for 8 more; one that has begun is ended."""
    state = played(dict.fromkeys("abcd", 4), race=race(networks_in_all=budget))
    assert state.ended == ended
    begun = played({"a": 8, "b": 4, "c": 4, "d": 4}, race=race(networks_in_all=budget))
    assert begun.ended is None


@pytest.mark.parametrize(("minutes", "ended"), [(4.0, "budget"), (4.1, None), (None, None)])
def test_no_round_begins_once_the_minutes_of_work_are_spent(minutes: float | None, ended: str | None) -> None:
    """Those that the record has, whoever worked and in whichever run; a round that has begun is ended."""
    minute = {"seconds": 60.0}
    histories = [[at(name, 4).model_copy(update=minute)] for name in "abcd"]
    assert play(histories, race(minutes=minutes), OBJECTIVES, {}).ended == ended
    begun = [[*histories[0], at("a", 8).model_copy(update=minute)], *histories[1:]]
    assert play(begun, race(minutes=minutes), OBJECTIVES, {}).ended is None


def test_what_no_front_is_drawn_from_does_not_race() -> None:
    """A failed trial, and one with a network that has not learnt; the others race without them."""
    failed = make_failed("f" * 16, protocol=HalvesProtocol(networks=4))
    histories: Sequence[History] = [[at("a", 4)], [at("b", 4)], [failed], [not_learnt(at("c", 4))]]
    state = play(histories, race(), OBJECTIVES, {})
    assert verdicts(state) == {"a": "settled", "b": "settled", "f": "unfit", "c": "unfit"}
    assert play([[failed]], race(), OBJECTIVES, {}).ended == "decided"


def test_a_constraint_puts_out_what_breaks_it() -> None:
    """And what it puts out beats none of the others."""
    histories = [[at(name, 4)] for name in "abc"]
    asked = {"worst.auc": Constraint.model_validate("<= 0.65")}
    assert verdicts(play(histories, race(), OBJECTIVES, asked)) == {
        "a": "infeasible",
        "b": "settled",
        "c": "infeasible",
    }
    seconds = {"seconds": Constraint.model_validate("<= 1")}
    assert set(verdicts(play(histories, race(), OBJECTIVES, seconds)).values()) == {"infeasible"}


def test_what_leaks_less_by_the_attacks_that_both_ran_stays() -> None:
    """By all attacks that either ran the second is beaten: of more attacks one finds more."""
    one, other = trial_pair()
    assert verdicts(play([[one], [other]], race(), OBJECTIVES, {})) == {"a": "settled", "c": "settled"}
    alike = attacked(other, {SvmAttack(): [0.751, 0.75, 0.752, 0.75]})
    assert verdicts(play([[one], [alike]], race(), OBJECTIVES, {}))["c"] == "beaten"


def trial_pair() -> tuple[Completed, Completed]:
    """A less accurate trial that was attacked by one more attack, which finds more than the other's only one."""
    one = attacked(at("a", 4), {SvmAttack(): [0.70, 0.701, 0.702, 0.70]})
    aucs = {SvmAttack(): [0.602, 0.60, 0.601, 0.60], LiraAttack(): [0.80, 0.803, 0.801, 0.80]}
    return one, attacked(at("c", 4), aucs)
