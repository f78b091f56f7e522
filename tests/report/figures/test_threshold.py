import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import make_completed, make_failed
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from privsearch.analysis.frames import results_frame
from privsearch.errors import StudyError
from privsearch.report.figures.threshold import plot_threshold
from privsearch.spec import PaperProtocol
from privsearch.study.result import TrialResult

THRESHOLDS = (0.5, 0.75, 1.0, 1.25, 1.5)
WIDTHS = {8: "s", 4: "o", 2: "^"}
CSV = {"kind": "csv", "path": "a.csv", "label": "class"}


def study(*datasets: Any, models: tuple[str, ...] = ("ann", "snn"), failed: Any = None, **axes: Any) -> pd.DataFrame:
    """The activation grid of the paper, each trial with numbers of its own, and trials that do not belong into it.

    Given are also the configurations that have `failed`, and the other axes of the SNNs.
    """
    results: list[TrialResult] = []
    for dataset, model in itertools.product(datasets or ("iris",), models):
        fixed = {"dataset": dataset, "model": model} | (axes if model == "snn" else {})
        points: list[dict[str, Any]] = [
            {},
            *({"act_bit_width": width, "threshold": t} for t in reversed(THRESHOLDS) for width in WIDTHS),
            {"act_bit_width": 4, "weight_bit_width": 4, "threshold": 1.0},
            *([{"surrogate_gradient": "atan", "act_bit_width": 4, "threshold": 1.0}] if model == "snn" else []),
        ]
        for number, point in enumerate(points):
            numbers = {"accuracy": 0.7 + 0.01 * number, "auc": 0.5 + 0.003 * number}
            if failed and failed.items() <= {"model": model, **point}.items():
                results.append(make_failed(protocol=PaperProtocol(replicates=2), **fixed, **point))
            else:
                results.append(make_completed(**numbers, **fixed, **point))
    return results_frame(results)


def panels(figure: Figure) -> list[Axes]:
    return [axes for axes in figure.axes if axes.get_visible()]


def line(axes: Axes, width: int) -> Line2D:
    """The line of a bit width, not its placebo."""
    return next(a for a in axes.lines if a.get_marker() == WIDTHS[width] and a.get_linestyle() != "None")


def rows_of(frame: pd.DataFrame, model: str, width: int) -> pd.DataFrame:
    """What the line of a bit width must show."""
    own = (frame["model"] == model) & (frame["act_bit_width"] == width) & frame["weight_bit_width"].isna()
    return frame[own & (frame["surrogate_gradient"].fillna("") != "atan")].sort_values("threshold")


def assert_fit_for_print(figure: Figure) -> None:
    """Everything lies within the figure, at 7 points or more; the key is beside the panels, and these are apart."""
    figure.draw_without_rendering()
    drawn = figure.get_tightbbox()
    assert (drawn.min >= -0.01).all()
    assert (drawn.max <= figure.get_size_inches() + 0.01).all()
    assert figure.get_figwidth() <= 7.2
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text() and t.get_visible()) >= 7
    key = figure.legends[0].get_window_extent()
    assert not any(key.overlaps(axes.get_tightbbox()) for axes in panels(figure))
    titles = [axes.title.get_window_extent() for axes in panels(figure)]
    assert not [pair for pair in itertools.combinations(titles, 2) if pair[0].overlaps(pair[1])]


@pytest.mark.parametrize(
    ("column", "frame"),
    [
        ("test_accuracy", study()),
        ("svm.auc", study(*({"name": f"dataset_{i}", **CSV} for i in range(5)))),
        ("svm.auc", study(models=("ann",))),
        ("svm.auc", study({"name": "a_rather_long_name_of_a_dataset_that_somebody_has_at_home", **CSV}, "iris")),
    ],
    ids=["one", "five", "one column", "long name"],
)
def test_figure_is_fit_for_print(column: str, frame: pd.DataFrame) -> None:
    """Nothing is clipped, small or in the way of something else, however many datasets and model kinds there are."""
    assert_fit_for_print(plot_threshold(frame, column))


@pytest.mark.parametrize("column", ["test_accuracy", "svm.auc"])
def test_lines_are_those_of_the_table(column: str) -> None:
    """Each line has its bit width's numbers and spreads, full-precision weights and default gradient alone."""
    frame = study()
    for axes, model in zip(panels(plot_threshold(frame, column)), ("ann", "snn"), strict=True):
        for width in WIDTHS:
            rows = rows_of(frame, model, width)
            drawn = line(axes, width)
            np.testing.assert_allclose(drawn.get_xdata(), THRESHOLDS)
            np.testing.assert_allclose(drawn.get_ydata(), rows[column])
            bars = next(b for b in axes.collections if np.allclose(b.get_colors()[0][:3], to_rgb(drawn.get_color())))
            assert isinstance(bars, LineCollection)
            spread = [(s[1, 1] - s[0, 1]) / 2 for s in bars.get_segments()]
            np.testing.assert_allclose(spread, rows[f"{column}_sd"])


def test_reference_is_full_precision() -> None:
    """The horizontal line is the mean of the trial at full precision, the band around it its standard deviation."""
    frame = study()
    figure = plot_threshold(frame, "test_accuracy")
    for axes, model in zip(panels(figure), ("ann", "snn"), strict=True):
        row = frame[(frame["model"] == model) & frame["act_bit_width"].isna()].iloc[0]
        reference = next(a for a in axes.lines if a.get_color() == "black")
        assert reference.get_ydata() == pytest.approx([row["test_accuracy"]] * 2)
        band = next(p for p in axes.patches if isinstance(p, Rectangle))
        low, sd = row["test_accuracy"] - row["test_accuracy_sd"], row["test_accuracy_sd"]
        assert (band.get_y(), band.get_height()) == pytest.approx((low, 2 * sd))


def test_auc_has_excess_and_guessing_beside_it() -> None:
    """A line stands at 0.5, and every point, the reference included, has 0.5 plus its excess, hollow."""
    frame = study().assign(**{"svm.excess_auc": np.linspace(-0.02, 0.08, len(study()))})
    axes = panels(plot_threshold(frame, "svm.auc"))[1]
    assert any(list(a.get_ydata()) == [0.5, 0.5] for a in axes.lines)
    hollow = {a.get_marker(): a for a in axes.lines if a.get_markerfacecolor() == "white"}
    for width, marker in WIDTHS.items():
        np.testing.assert_allclose(hollow[marker].get_ydata(), 0.5 + rows_of(frame, "snn", width)["svm.excess_auc"])
    reference = frame[(frame["model"] == "snn") & frame["act_bit_width"].isna()]
    np.testing.assert_allclose(hollow["<"].get_ydata(), 0.5 + reference["svm.excess_auc"])


def test_failed_trial_leaves_a_gap() -> None:
    """A line is broken where its trial failed, its other points are there, and the title counts the failure."""
    frame = study(failed={"model": "ann", "act_bit_width": 4, "threshold": 1.0})
    axes = panels(plot_threshold(frame, "svm.auc"))[0]
    assert np.isnan(line(axes, 4).get_ydata()).tolist() == [False, False, True, False, False]
    assert not np.isnan(line(axes, 8).get_ydata()).any()
    assert axes.get_title() == "iris, ANN (n = 2, 1 failed)"


def test_failed_reference_is_left_out() -> None:
    """Where full precision failed there is no reference line, and nothing else is missing."""
    frame = study(failed={"model": "ann"})
    frame = pd.concat([frame[frame["act_bit_width"].isna()], study()[study()["act_bit_width"].notna()]])
    ann, snn = panels(plot_threshold(frame, "test_accuracy"))
    assert [any(a.get_color() == "black" for a in axes.lines) for axes in (ann, snn)] == [False, True]
    assert not np.isnan(line(ann, 8).get_ydata()).any()


def test_model_kind_that_failed_throughout_is_an_empty_panel() -> None:
    """Where every trial failed the panel is empty, its title says how many they were, and the others are drawn."""
    figure = plot_threshold(study(failed={"model": "ann"}), "svm.auc")
    ann, snn = panels(figure)
    assert ann.get_title() == "iris, ANN (n = 2, 16 failed)"
    assert not ann.lines
    assert line(snn, 8)
    assert_fit_for_print(figure)


def test_one_replicate_has_no_bars() -> None:
    """With one replicate no error bar has a length, and the key does not speak of any."""
    frame = study().assign(test_accuracy_sd=None)
    figure = plot_threshold(frame, "test_accuracy")
    bars = [b for axes in panels(figure) for b in axes.collections if isinstance(b, LineCollection)]
    assert all(np.ptp(segment[:, 1]) == 0 for bar in bars for segment in bar.get_segments())
    assert [t.get_text() for t in figure.legends[0].get_texts()] == ["8 bits", "4 bits", "2 bits", "full precision"]


@pytest.mark.parametrize("widths", [(8, 4, 2), (8, 7, 6, 5, 4, 3, 2)])
def test_every_mark_is_within_its_panel(widths: tuple[int, ...]) -> None:
    """However many bit widths and panels there are, no marker, bar or placebo is cut off by its panel."""
    points = [{"act_bit_width": w, "threshold": t} for w in widths for t in THRESHOLDS]
    kinds: list[dict[str, Any]] = [{"model": "ann"}, *({"model": "snn", "num_steps": n} for n in (5, 10, 25))]
    numbered = enumerate(itertools.product(kinds, points))
    frame = results_frame(make_completed(accuracy=0.6 + n / 1000, **kind, **point) for n, (kind, point) in numbered)
    figure = plot_threshold(frame, "svm.auc")
    figure.draw_without_rendering()
    for axes in panels(figure):
        inside = axes.get_window_extent()
        marks = [a for a in axes.lines if a.get_marker() not in {"None", "<"}]
        assert len(marks) == 2 * len(widths)
        shown = np.concatenate([a.get_transform().transform(a.get_xydata()) for a in marks])
        radius = 2 * figure.dpi / 72
        assert (shown.min(axis=0) - radius >= inside.min).all()
        assert (shown.max(axis=0) + radius <= inside.max).all()
        bars = [b for b in axes.collections if isinstance(b, LineCollection)]
        ends = np.concatenate([b.get_transform().transform(np.concatenate(b.get_segments())) for b in bars])
        assert (ends.min(axis=0) >= inside.min).all()
        assert (ends.max(axis=0) <= inside.max).all()


def test_bars_at_one_threshold_stand_side_by_side() -> None:
    """On the page the lines of different bit widths are points apart at the same threshold."""
    figure = plot_threshold(study(), "test_accuracy")
    figure.draw_without_rendering()
    axes = panels(figure)[0]
    places = [line(axes, width).get_transform().transform((1.0, 0.8))[0] * 72 / figure.dpi for width in WIDTHS]
    assert np.diff(places) == pytest.approx([4.5, 4.5])


def test_lines_differ_in_dashes_markers_and_grey() -> None:
    """Without colour, bit widths are told apart by dashes, by markers and by how dark they are."""
    axes = panels(plot_threshold(study(), "test_accuracy"))[0]
    lines = [line(axes, width) for width in WIDTHS]
    assert len({a.get_linestyle() for a in lines}) == len({a.get_marker() for a in lines}) == 3
    greys = sorted(np.dot((0.299, 0.587, 0.114), to_rgb(a.get_color())) for a in lines)
    assert min(np.diff(greys)) > 0.2


def test_another_axis_has_panels_of_its_own() -> None:
    """SNNs with different time steps stand in different panels, and ANNs, which have none, in one."""
    frame = pd.concat([study(num_steps=10), study(models=("snn",), num_steps=25)], ignore_index=True)
    titles = [axes.get_title() for axes in panels(plot_threshold(frame, "svm.auc"))]
    names = ["iris, ANN", "iris, SNN num_steps 10", "iris, SNN num_steps 25"]
    assert titles == [f"{name} (n = 2)" for name in names]


def test_panels_without_trials_are_left_out() -> None:
    """A model kind that only one dataset has leaves a hole, and the panel above it keeps its axis titles."""
    figure = plot_threshold(
        pd.concat([study("iris"), study("digits", models=("ann",))], ignore_index=True), "test_accuracy"
    )
    assert [axes.get_title().split(" (")[0] for axes in panels(figure)] == ["iris, ANN", "iris, SNN", "digits, ANN"]
    assert [axes.get_xlabel() for axes in panels(figure)] == ["", *["threshold (dimensionless)"] * 2]
    assert_fit_for_print(figure)


def test_one_of_several_readings_is_drawn_and_named() -> None:
    """Of eight ways to quantise membranes the default is drawn, beside its reference, and a line says so."""
    default = study()
    others = [study(models=("snn",), state_range=(-1.0, 1.2 + n)) for n in range(1, 8)]
    frame = pd.concat([*(other[other["act_bit_width"].notna()] for other in others), default], ignore_index=True)
    figure, alone = plot_threshold(frame, "svm.auc"), plot_threshold(default, "svm.auc")
    assert (
        figure.get_suptitle()
        == "Membranes of SNNs with quantised activations: default, one of 8 readings of the paper."
    )
    assert alone.get_suptitle() == ""
    assert [axes.get_title() for axes in panels(figure)] == [axes.get_title() for axes in panels(alone)]
    for one, other in zip(panels(figure), panels(alone), strict=True):
        assert [list(a.get_ydata()) for a in one.lines] == [list(a.get_ydata()) for a in other.lines]
    assert_fit_for_print(figure)


def test_too_many_variants_are_refused_by_name() -> None:
    """More columns of panels than fit on a page are an error that names the axis which makes them."""
    frame = pd.concat([study(models=("snn",), num_steps=n) for n in range(1, 6)], ignore_index=True)
    with pytest.raises(StudyError, match=r"room for 4 panels .* differ in num_steps as well, and make 5; leave only"):
        plot_threshold(frame, "svm.auc")


@pytest.mark.parametrize("column", ["test_accuracy", "svm.auc"])
def test_study_without_thresholds_is_refused(column: str) -> None:
    """One threshold makes no line, and neither do trials that all failed; the error says what to sweep."""
    one = study()
    with pytest.raises(StudyError, match=r"got 1 such thresholds; sweep 'threshold' beside 'act_bit_width'"):
        plot_threshold(one[one["threshold"].fillna(1.0) == 1.0], column)
    with pytest.raises(StudyError, match="got 0 such thresholds"):
        plot_threshold(results_frame([make_failed(act_bit_width=4, threshold=t) for t in (0.5, 1.0)]), column)


def test_what_has_not_learnt_has_an_accuracy_and_no_leakage() -> None:
    """Its marker is there in the one figure, and a gap in the other; the panel counts it."""
    frame = study(models=("snn",))
    idle = frame["act_bit_width"].eq(4) & frame["threshold"].eq(THRESHOLDS[0]) & frame["weight_bit_width"].isna()
    frame = frame.assign(networks_at_chance=idle.fillna(value=False).astype("Int64"))
    (accuracy,), (leakage,) = (panels(plot_threshold(frame, c)) for c in ("test_accuracy", "svm.auc"))
    drawn = [int(np.isfinite(np.asarray(line(axes, 4).get_ydata(), float)).sum()) for axes in (accuracy, leakage)]
    assert drawn == [len(THRESHOLDS), len(THRESHOLDS) - 1]
    assert "1 not learnt" in leakage.get_title()
