import numpy as np
import pandas as pd
import pytest

from privsearch.analysis.columns import bar_lengths


def test_bars_end_where_the_range_of_their_column_does() -> None:
    """An accuracy of 0.98 has no spread beyond 1, an AUC none below 0; what has no bounds keeps its bars whole."""
    rows = pd.DataFrame(
        {
            "test_accuracy": [0.98, 0.5],
            "test_accuracy_sd": [0.05, 0.05],
            "svm.auc": [0.02, 0.5],
            "svm.auc_sd": [0.05, np.nan],
            "seconds": [9.0, 8.0],
        }
    )
    assert bar_lengths(rows, "test_accuracy").tolist() == [pytest.approx([0.05, 0.05]), pytest.approx([0.02, 0.05])]
    assert bar_lengths(rows, "svm.auc").tolist() == [pytest.approx([0.02, 0.0]), pytest.approx([0.05, 0.0])]
    assert bar_lengths(rows, "seconds").tolist() == [[0.0, 0.0], [0.0, 0.0]]
