import json
from pathlib import Path
from typing import Any, Final

import pytest
from builders import attack_result, make_completed, make_failed
from pydantic import ValidationError

from privsearch._util.interval import Interval
from privsearch.study.attack_result import AttackResult
from privsearch.study.record import read_record
from privsearch.study.result import Completed, Failed, TrialResult, failure, parse_result


@pytest.mark.parametrize("result", [make_completed(model="snn", act_bit_width=4), make_failed()])
def test_a_result_survives_its_line(result: Completed | Failed) -> None:
    """Written as JSON and read again, a result is equal to itself, to the last bit of every number."""
    assert parse_result(result.model_dump_json()) == result


def test_a_number_that_is_none_cannot_enter() -> None:
    """NaN and infinity belong to a failed trial, never to a completed one."""
    sound = attack_result(0.5).model_dump()
    for number in ({"epsilon_low": float("inf")}, {"auc": Interval(0.5, float("nan"), 0.6)}):
        with pytest.raises(ValidationError, match="finite"):
            AttackResult.model_validate(sound | number)


def test_numbers_leave_out_what_may_differ() -> None:
    """Time, place and date are no part of what must come out the same."""
    elsewhere = make_completed().model_copy(update={"host": "other", "seconds": 9.0, "finished_at": "later"})
    assert elsewhere.numbers() == make_completed().numbers()
    assert make_completed(auc=0.6).numbers() != make_completed().numbers()


CHANGES: Final[dict[str, tuple[tuple[str | int, ...], Any]]] = {
    "more members than anyone": (("replicates", 0, "attacks", "svm", "num_members"), 10**40),
    "no members": (("replicates", 0, "attacks", "svm", "num_members"), 0),
    "fewer members than none": (("replicates", 0, "attacks", "svm", "num_non_members"), -1),
    "a training split of 2**70": (("replicates", 0, "train_size"), 2**70),
    "a batch of 10**30": (("spec", "batch_size"), 10**30),
    "10**30 epochs": (("spec", "epochs"), 10**30),
    "an accuracy of 1e308": (("replicates", 0, "target", "test_accuracy"), 1e308),
    "an accuracy of -5": (("replicates", 1, "shadow", "train_accuracy"), -5),
    "an accuracy of an epoch": (("replicates", 0, "target", "history", 0, "accuracy"), 7),
    "a negative loss": (("replicates", 0, "target", "history", 0, "loss"), -1.0),
    "an AUC of 7": (("replicates", 0, "attacks", "svm", "auc", "value"), 7),
    "an AUC of all targets": (("across", "svm", "auc", "high"), 1.5),
    "an interval that ends before it begins": (("across", "svm", "auc", "low"), 0.99),
    "a placebo's AUC": (("replicates", 0, "attacks", "svm", "placebo", "auc"), -0.2),
    "an advantage of 3": (("replicates", 0, "attacks", "svm", "advantage", "low"), -3),
    "the AUC of a slice": (("replicates", 0, "attacks", "svm", "by_class", "0"), 2),
    "a class of 400 digits": (("replicates", 0, "attacks", "svm", "by_class", "9" * 400), 0.5),
    "an exposed row": (("across", "svm", "exposed", 0, "row"), -1),
    "a score that no mean can hold": (("across", "svm", "exposed", 0, "mean_score"), 1.7e308),
    "a time of ages": (("seconds",), 1e300),
    "a time before it began": (("seconds",), -1),
    "a version of the audit": (("audit_version",), 10**20),
    "a dead network of none": (("dead",), [4]),
    "another protocol": (("spec", "protocol"), {"kind": "halves", "networks": 4}),
    "another protocol of as many targets": (("spec", "protocol"), {"kind": "one_run", "replicates": 2}),
    "another number of targets": (("spec", "protocol", "replicates"), 3),
    "the keys of other networks": (("networks",), ["n0123456789abcdef-0"]),
    "an attack that was not asked for": (("spec", "attacks"), [{"kind": "loss"}]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_number_that_no_trial_gives_is_damage(what: str) -> None:
    """A line of a good record with one value changed is not read: it would stand in tables as if it were a result."""
    line = json.loads(make_completed().model_dump_json())
    parse_result(json.dumps(line))
    *path, last = CHANGES[what][0]
    place = line
    for step in path:
        place = place[step]
    place[last] = CHANGES[what][1]
    with pytest.raises(ValidationError):
        parse_result(json.dumps(line))


def test_means_may_be_rounded_beyond_their_bounds() -> None:
    """The mean of AUCs of 1 may be 1 and a last bit."""
    sound = attack_result(0.5).model_dump()
    above = 1 + 2**-52
    assert AttackResult.model_validate(sound | {"auc": Interval(above, 0.9, above)}).auc.value == above


def test_the_studies_of_this_repository_are_read() -> None:
    """What earlier versions recorded is within the bounds."""
    record = read_record(Path(__file__).parents[2] / "studies" / "tabular" / "trials.jsonl")
    assert (len(record.results), record.damaged) == (84, ())


class _HiddenError(Exception):
    """As libraries have them."""


def test_an_error_may_have_any_class() -> None:
    """Also one whose name begins with an underscore, which no column begins with."""
    assert failure(make_failed().spec, "a" * 16, _HiddenError(), seconds=1.0).error == "HiddenError"


HERE = "privsearch 0.1.0 6de6acb8+changes.0a1b2c3d, scikit-learn-intelex 2199.9.9 on Intel(R) Xeon(R) CPU @ 2.20GHz"


@pytest.mark.parametrize("environment", [HERE, "unknown", "privsearch 0.1.0 on "])
def test_an_environment_is_versions_and_a_processor(environment: str) -> None:
    """Or unknown; the system need not know its processor."""
    assert completed_in(environment).environments == (environment,)


@pytest.mark.parametrize("environment", ["x", "", "=HYPERLINK(1) 1 on a", "a on b", "a 1, b on c", "a 1, =b 1 on c"])
def test_what_is_no_environment_is_refused(environment: str) -> None:
    """A stranger's line that has one is damage: nothing that reads environments can trip over it."""
    with pytest.raises(ValidationError):
        completed_in(environment)


def completed_in(environment: str) -> TrialResult:
    """A result of that environment, as it is read."""
    return parse_result(make_completed().model_copy(update={"environments": (environment,)}).model_dump_json())
