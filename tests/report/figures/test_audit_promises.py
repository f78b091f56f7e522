import pandas as pd

from privsearch.report.figures.audit_promises import plot_promises


def rows_of(*promises: float | None) -> pd.DataFrame:
    """A network of either kind for each promise, all of which leak a little."""
    rows = [
        {
            "dataset": "iris",
            "protocol": "one_run",
            "model": model,
            "without_dp": f"{model.upper()} w4",
            "dp_epsilon": promise,
            "epsilon_low": 0.2,
            "test_accuracy": 0.8,
            "test_accuracy_low": 0.7,
            "test_accuracy_high": 0.9,
            "auc": 0.55,
            "auc_low": 0.5,
            "auc_high": 0.6,
        }
        for model in ("ann", "snn")
        for promise in promises
    ]
    return pd.DataFrame(rows)


def test_cost_leakage_and_bound_stand_above_each_promise() -> None:
    """A line for each family in each of three panels, and what promises nothing at the right, as none."""
    figure = plot_promises(rows_of(None, 3.0, 1.0))
    assert len(figure.axes) == 3
    for axes in figure.axes:
        lines = [line for line in axes.lines if len(line.get_xdata()) == 3]
        assert len(lines) == 2
        for line in lines:
            assert list(line.get_xdata()) == [1.0, 3.0, 9.0]
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["1", "3", "none"]
    told = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
    assert told[:2] == ["ANN w4", "SNN w4"]
    assert "measured as promised" in told


def test_without_a_network_that_promises_nothing_there_is_no_place_for_it() -> None:
    """Promises alone, in their order."""
    figure = plot_promises(rows_of(8.0, 1.0))
    assert [label.get_text() for label in figure.axes[-1].get_xticklabels()] == ["1", "8"]
