import pandas as pd
from builders import make_completed, make_failed

from privsearch.report.wording.audit import left_out, sample_words, with_interval
from privsearch.report.wording.formats import MISSING


def test_one_target_has_no_interval() -> None:
    """Its number stands alone, and a dash where it has none."""
    row = {"accuracy": 0.5, "accuracy_low": None, "accuracy_high": None, "auc": None}
    assert with_interval(row, "accuracy") == "0.500"
    assert with_interval(row | {"accuracy_low": 0.4, "accuracy_high": 0.6}, "accuracy") == "0.500 [0.400, 0.600]"
    assert with_interval(row, "auc") == MISSING


def test_the_sample_names_its_unit() -> None:
    """An example needs no name; a person has one."""
    rows = pd.DataFrame({"targets": [8], "num_members": [60], "num_non_members": [61], "unit": ["example"]})
    plain = "8 targets per configuration, each with 60 members and 61 non-members"
    assert sample_words(rows) == plain
    assert sample_words(rows.assign(unit="patient")) == f"{plain}, each a patient, with all of its rows"


def test_trials_without_a_line_are_counted_with_the_reason() -> None:
    """Failed ones, and those that no attack could be run on; where there are none, nothing is said."""
    attacked = make_completed()
    refused = attacked.model_copy(update={"across": {}, "refused": {"svm": "too few"}})
    dead = refused.model_copy(update={"dead": (0,)})
    assert list(left_out([attacked])) == []
    assert list(left_out([attacked, make_failed(), refused])) == [
        "1 of 3 trials failed and are left out.",
        "1 of 3 trials could not be attacked and are left out.",
    ]
    assert list(left_out([refused, dead])) == [
        "2 of 2 trials could not be attacked and are left out, 1 of them as they are dead: a network gives all "
        "examples the same outputs."
    ]
