import pytest
from builders import attack_result, make_completed, make_failed
from pydantic import ValidationError

from privsearch._util.interval import Interval
from privsearch.study.attack_result import AttackResult
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
