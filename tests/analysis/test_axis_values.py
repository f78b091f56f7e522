import pandas as pd

from privsearch.analysis.axis_values import axis_values, varying_axes
from privsearch.analysis.frames import configurations_frame
from privsearch.spec import AXES


def _frame(**columns: list[object]) -> pd.DataFrame:
    size = len(next(iter(columns.values())))
    frame = pd.DataFrame({axis: [None] * size for axis in AXES}).astype(object)
    return frame.assign(**columns)


def test_values_are_in_order_with_full_precision_first() -> None:
    assert axis_values(_frame(weight_bit_width=[8, None, 2, 4, 2]))["weight_bit_width"] == [None, 2, 4, 8]


def test_words_with_numbers_go_by_their_numbers() -> None:
    words = ["eps 10", "noise 1.1", "eps 3", "eps 3 delta 1e-06", "eps 0.5", "eps 3 delta 1e-07"]
    ordered = ["eps 0.5", "eps 3", "eps 3 delta 1e-07", "eps 3 delta 1e-06", "eps 10", "noise 1.1"]
    assert axis_values(_frame(dp=words))["dp"] == ordered
    assert axis_values(_frame(dp=[*words, None]))["dp"] == [None, *ordered]


def test_only_what_has_several_values_varies() -> None:
    frame = _frame(model=["ann", "snn"], epochs=[5, 5])
    assert set(varying_axes(frame)) == {"model"}
    assert varying_axes(configurations_frame([])) == ()
