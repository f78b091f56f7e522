import pytest
from builders import attack_result, make_completed, make_failed
from pydantic import ValidationError

from privsearch.metrics import Interval
from privsearch.result import AttackResult, Completed, Failed, parse_result


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
