import pytest
from builders import make_failed
from compared_trials import ACCURATE, HALVES, QUIET, A, trial

from privsearch.analysis.comparable import choose_trials
from privsearch.errors import StudyError
from privsearch.spec import PaperProtocol


def test_beginning_of_an_id_is_enough() -> None:
    """Trials are found by the beginnings of their ids, each once."""
    assert choose_trials([A, QUIET, ACCURATE], "aa", ["c", "b", "cc"]) == (A, [ACCURATE, QUIET])


def test_all_others_are_chosen_where_none_is_named() -> None:
    """Those that can be compared: completed, of the same dataset, protocol and seed."""
    strangers = [
        trial("1" * 16, [0.9] * 4, [0.6] * 4, dataset="digits"),
        trial("2" * 16, [0.9] * 4, [0.6] * 4, PaperProtocol(replicates=4)),
        trial("3" * 16, [0.9] * 4, [0.6] * 4, seed=1),
        make_failed("4" * 16, protocol=HALVES),
    ]
    assert choose_trials([QUIET, *strangers, A, ACCURATE], "a") == (A, [QUIET, ACCURATE])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"dataset": "digits"}, "dataset iris against digits"),
        ({"protocol": PaperProtocol(replicates=4)}, "protocol kind='halves' networks=4.* against kind='paper'"),
        ({"seed": 1}, "seed 0 against 1"),
    ],
)
def test_targets_that_are_not_paired_are_refused(fields: dict[str, object], reason: str) -> None:
    """Trials of different datasets, protocols or seeds are not compared; the error has the reason and a remedy."""
    stranger = trial("e" * 16, [0.9] * 4, [0.6] * 4, **fields)
    with pytest.raises(StudyError, match=f"{reason}.*; these would do: {QUIET.trial_id}"):
        choose_trials([A, QUIET, stranger], "a", ["e"])


@pytest.mark.parametrize(
    ("a", "others", "message"),
    [
        ("x", [], "^'x': must mean one trial.* but means none of them; these would do: "),
        ("a0", ["x"], "^'x': must mean one trial.* but means none of them; these would do: "),
        ("a0", ["a"], "^'a': must mean one trial.* is the beginning of 2 ids; these would do: "),
        ("a0", ["a00"], "must be set beside another trial, not itself; these would do: "),
        ("f", [], r"must be a completed trial, but it failed \(DivergedError: the training loss"),
    ],
)
def test_ids_that_do_not_fit_are_refused(a: str, others: list[str], message: str) -> None:
    """An id that names no trial, several, a failed one or A again is refused, with those that would do."""
    one, near = (A.model_copy(update={"trial_id": beginning + "0" * 13}) for beginning in ("a00", "ab0"))
    with pytest.raises(StudyError, match=message):
        choose_trials([one, near, QUIET, make_failed("f" * 16, protocol=HALVES)], a, others)


def test_long_list_of_ids_is_cut_short() -> None:
    """The five nearest ids are named, the rest counted."""
    many = [A.model_copy(update={"trial_id": f"{number:016x}"}) for number in range(20)]
    with pytest.raises(StudyError, match=r"(0\w{15} \(.*\), ){4}0\w{15} \(.*\) and 15 more$"):
        choose_trials(many, "x")


def test_trial_without_company_is_refused() -> None:
    """There is no difference from nothing."""
    with pytest.raises(StudyError, match="is the only one of this study"):
        choose_trials([A, make_failed(protocol=HALVES)], "a")
