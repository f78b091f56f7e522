from builders import make_completed, make_failed

from privsearch.report.wording.odd_outputs import odd_output_warnings
from privsearch.study.odd_outputs import OddOutputs
from privsearch.study.result import Completed


def odd(row: int, distance: float, *, in_test_split: bool | None = True) -> OddOutputs:
    return OddOutputs(row=row, in_test_split=in_test_split, readouts=("final_mem",), networks=2, distance=distance)


def trial(*found: OddOutputs, model: str = "ann") -> Completed:
    return make_completed(model=model).model_copy(update={"odd_outputs": found})


def test_one_warning_tells_the_rows_of_all_trials_with_what_to_do() -> None:
    """Each row once, by the farthest that any trial saw it, with the models that are concerned."""
    results = [trial(odd(24, 80.0)), trial(odd(24, 8011.3), odd(3, 60.0, in_test_split=None), model="snn"), trial()]
    assert odd_output_warnings(results) == [
        "iris, paper: WARNING: outputs of networks (ann and snn; 2 trials) lie far out of those for all other examples "
        "on row 24 (counted from 0, in the test split; 8,011 standard deviations of the middle 95 % away), 3 (counted "
        "from 0; 60 standard deviations of the middle 95 % away). One such example can set the width of the SVM "
        "attack's kernel, so that it finds less than is there: look at its values, and take it out of the data, or "
        "give svm width: robust."
    ]


def test_nothing_is_said_where_nothing_is_odd_or_known() -> None:
    """A record of before, a failed trial."""
    assert odd_output_warnings([make_completed(), trial(), make_failed()]) == []


def test_many_rows_are_counted() -> None:
    """Three are named."""
    (warning,) = odd_output_warnings([trial(*(odd(row, 100.0 + row) for row in range(5)))])
    assert "on row 4 (" in warning
    assert " and 2 more." in warning
