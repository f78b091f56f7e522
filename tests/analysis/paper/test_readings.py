from collections.abc import Callable
from typing import Any

import pytest

from privsearch.analysis.frames import results_frame
from privsearch.analysis.paper.readings import DEFAULT_READING, Reading, readings, rows_under, shown_rows
from privsearch.spec.axes import STATE_DEFAULTS
from privsearch.study.result import TrialResult

StudyOf = Callable[..., list[TrialResult]]


def reading(**axes: Any) -> Reading:
    return Reading(tuple({**STATE_DEFAULTS, **axes}.values()))


@pytest.mark.parametrize(
    ("found", "name"),
    [
        (DEFAULT_READING, "default"),
        (reading(quantize_readout=True), "quantize_readout true"),
        (reading(state_range=(-2.0, 2.4), threshold_sets="clip"), "state_range [-2, 2.4], threshold_sets clip"),
    ],
)
def test_name_says_what_differs_from_the_defaults(found: Reading, name: str) -> None:
    """A reading is named by its values that are not the defaults, as YAML writes them."""
    assert found.name == name


def test_default_comes_first(study_of: StudyOf) -> None:
    """Readings are those that trials have, the default before the others, these in the order of the trials."""
    frame = results_frame(study_of(lambda spec: {}, quantize_state=["for_firing", "after_firing", "before_firing"]))
    assert [found.name for found in readings(frame)] == [
        *("default", "quantize_state for_firing", "quantize_state after_firing")
    ]


def test_rows_of_a_reading_have_all_that_it_does_not_change(study_of: StudyOf) -> None:
    """ANNs and full precision stand beside each reading; SNNs with quantised activations beside theirs alone."""
    frame = results_frame(study_of(lambda spec: {}, quantize_readout=[False, True]))
    quantised = (frame["model"] == "snn") & frame["act_bit_width"].notna()
    rows = rows_under(frame, reading(quantize_readout=True))
    assert set(rows["trial_id"]) == set(frame.loc[~quantised | frame["quantize_readout"].eq(True), "trial_id"])
    assert len(frame) - len(rows) == 2 * 9


def test_shown_is_the_default_or_else_the_first(study_of: StudyOf) -> None:
    """Where one reading is shown, a sentence names it, unless the study has none but the default."""
    both, other = (results_frame(study_of(lambda s: {}, quantize_readout=v)) for v in ([True, False], [True]))
    rows, note = shown_rows(both)
    assert readings(rows) == (DEFAULT_READING,)
    assert note == "Membranes of SNNs with quantised activations: default, one of 2 readings of the paper."
    assert shown_rows(other).note == "Membranes of SNNs with quantised activations: quantize_readout true."
    assert len(shown_rows(other).rows) == len(other)
    assert shown_rows(rows).note == ""


def test_study_without_quantised_membranes_has_no_reading(study_of: StudyOf) -> None:
    """Where no SNN has quantised activations nothing is chosen or left out, in an empty table neither."""
    frame = results_frame([result for result in study_of(lambda spec: {}) if result.spec.act_bit_width is None])
    for rows in (frame, results_frame([])):
        assert readings(rows) == ()
        assert shown_rows(rows).rows is rows
