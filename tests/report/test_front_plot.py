import itertools
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.cbook import pts_to_poststep, pts_to_prestep
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from privsearch.front import pareto_front
from privsearch.report.front_plot import plot_front, plot_front_interactive, write_front_plots
from privsearch.spec import Direction

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}
DIRECTIONS = list(itertools.product(("maximize", "minimize"), repeat=2))
Tradeoff = Callable[[int], pd.DataFrame]


def boxes(figure: Figure, kind: type[Text]) -> dict[str, Bbox]:
    """Where the visible texts of a figure are, in pixels."""
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(kind) if text.get_visible() and text.get_text()]
    return {text.get_text(): Text.get_window_extent(text) for text in texts}


def legend(figure: Figure) -> list[str]:
    """All that stands in the keys of a figure."""
    return [text.get_text() for key in figure.legends for text in key.get_texts()]


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_staircase_has_its_corners_on_the_worse_side(
    small: pd.DataFrame, directions: tuple[Direction, Direction]
) -> None:
    """Between two neighbours on the front the line passes through the worse of each objective, in both plots."""
    objectives = dict(zip(OBJECTIVES, directions, strict=True))
    front = pareto_front(small, objectives).sort_values("test_accuracy")[list(OBJECTIVES)].to_numpy(float)
    worse = [np.minimum if direction == "maximize" else np.maximum for direction in directions]
    corners = [[w(a, b) for w, a, b in zip(worse, p, q, strict=True)] for p, q in itertools.pairwise(front)]
    line = next(line for line in plot_front(small, objectives).axes[0].lines if "steps" in line.get_drawstyle())
    expand = {"steps-pre": pts_to_prestep, "steps-post": pts_to_poststep}[line.get_drawstyle()]
    np.testing.assert_allclose(np.array(expand(*line.get_data())).T[1::2], np.reshape(corners, (-1, 2)))
    shape = plot_front_interactive(small, objectives).data[0].line.shape
    assert {"vh": pts_to_prestep, "hv": pts_to_poststep}[shape] is expand


def assert_readable(figure: Figure) -> None:
    """Everything lies within the figure, and the keys beside the plot."""
    drawn = figure.get_tightbbox()
    assert (drawn.min >= 0).all()
    assert (drawn.max <= figure.get_size_inches()).all()
    assert not any(key.get_window_extent().overlaps(figure.axes[0].bbox) for key in figure.legends)


@pytest.mark.parametrize("count", [1, 2, 14, 200])
def test_nothing_is_clipped(tradeoff: Tradeoff, count: int) -> None:
    """Every text and mark lies within the figure, however many configurations there are."""
    assert_readable(plot_front(tradeoff(count), OBJECTIVES))


def test_long_words_are_broken(tradeoff: Tradeoff) -> None:
    """Configurations that differ in many axes, of a dataset with a long name, leave room for the plot."""
    frame = tradeoff(30).assign(dataset="x" * 100)
    for axis in ("batch_size", "weight_decay", "learning_rate", "train_size", "test_size"):
        frame[axis] = frame["epochs"] * 100
    assert_readable(plot_front(frame, OBJECTIVES))


@pytest.mark.parametrize("count", [2, 14, 200])
def test_no_two_numbers_overlap(tradeoff: Tradeoff, count: int) -> None:
    """The numbers at the points of the front can all be read."""
    numbers = boxes(plot_front(tradeoff(count), OBJECTIVES), Annotation)
    assert len(numbers) == min(count, 20)
    assert not [pair for pair in itertools.combinations(numbers, 2) if numbers[pair[0]].overlaps(numbers[pair[1]])]


def test_front_is_named_beside_the_plot(small: pd.DataFrame) -> None:
    """Each number at a point stands again beside the plot with its configuration, the best first, ties included."""
    figure = plot_front(small, OBJECTIVES)
    assert set(boxes(figure, Annotation)) == {"1", "2", "3", "4"}
    names = ["1  ANN fp32", "2  ANN w4", "3  SNN w4 atan", "4  ANN a4"]
    assert [text for text in legend(figure) if text[0].isdigit()] == names


def test_long_front_says_how_many_are_named(tradeoff: Tradeoff) -> None:
    """A front too long to be named in full has its two ends named, and says how many are not."""
    figure = plot_front(tradeoff(200), OBJECTIVES)
    assert "20 of the 200 on the front" in boxes(figure, Text)
    assert {"1", "200"} <= set(boxes(figure, Annotation))


def test_axes_have_names_and_units(small: pd.DataFrame) -> None:
    """Axes, title and key say what is shown, in which unit, and of how many."""
    figure = plot_front(small, OBJECTIVES)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "test accuracy (fraction)"
    assert axes.get_ylabel() == "svm attack AUC (fraction)"
    assert axes.get_title("left").startswith("breast_cancer\n7 configurations, 1 of them failed")
    assert {"noise floor of guessing: 0.5 ± 0.059", "ANN", "SNN"} <= set(legend(figure))


def test_every_configuration_is_a_point_with_error_bars(small: pd.DataFrame) -> None:
    """All completed configurations are drawn in both plots, each with its spread."""
    expected = np.sort(small.dropna(subset="svm.auc")[list(OBJECTIVES)].to_numpy(float), axis=0)
    lines = [line for line in plot_front(small, OBJECTIVES).axes[0].lines if line.get_marker() in {"o", "^"}]
    drawn = np.concatenate([np.transpose(line.get_data()) for line in lines])
    np.testing.assert_allclose(np.sort(drawn, axis=0), expected)
    traces = plot_front_interactive(small, OBJECTIVES).data[1:]
    drawn = np.concatenate([np.transpose([trace.x, trace.y]) for trace in traces])
    np.testing.assert_allclose(np.sort(drawn, axis=0), expected)
    spreads = [spread for trace in traces for spread in trace.error_x.array]
    assert sorted(spreads) == pytest.approx(sorted(small["test_accuracy_sd"].dropna()))


def test_models_differ_in_marker_and_in_grey(small: pd.DataFrame) -> None:
    """ANN and SNN can be told apart without colour: other marker, other lightness."""
    handles = {h.get_label(): h for key in plot_front(small, OBJECTIVES).legends for h in key.legend_handles}
    ann, snn = handles["ANN"], handles["SNN"]
    assert ann.get_marker() != snn.get_marker()
    dark, light = (np.dot((0.299, 0.587, 0.114), to_rgb(handle.get_markerfacecolor())) for handle in (ann, snn))
    assert light - dark > 0.2


def test_hovering_tells_configuration_numbers_and_trial(small: pd.DataFrame) -> None:
    """Hovering over a point tells its configuration, means and spreads, placebo and trial."""
    texts = [text for trace in plot_front_interactive(small, OBJECTIVES).data[1:] for text in trace.hovertext]
    assert (
        "<b>ANN a4</b><br>test accuracy 0.920 ± 0.020<br>svm AUC 0.520 ± 0.020<br>svm placebo AUC 0.510 ± 0.000"
        "<br>svm excess AUC 0.010 ± 0.020"
        "<br>trial 0000000000000001"
    ) in texts


def test_accuracies_alone_can_be_plotted(small: pd.DataFrame) -> None:
    """Two accuracies make a plot without a noise floor."""
    objectives: dict[str, Direction] = {"train_accuracy": "minimize", "test_accuracy": "maximize"}
    assert not any("noise" in text for text in legend(plot_front(small, objectives)))
    assert not plot_front_interactive(small, objectives).layout.shapes


def test_files_are_written_for_every_dataset_that_has_numbers(small: pd.DataFrame, tmp_path: Path) -> None:
    """A dataset has a picture of 2160 x 1260 pixels and a page that needs no network; one that failed has none."""
    frame = pd.concat([small, small.head(2).assign(dataset="iris"), small.tail(1).assign(dataset="digits")])
    written = write_front_plots(tmp_path / "fronts", frame, OBJECTIVES)
    assert [path.name for path in written] == ["breast_cancer.png", "breast_cancer.html", "iris.png", "iris.html"]
    image = imread(written[0])
    assert image.shape[:2] == (1260, 2160)
    assert image.std() > 0.05
    page = written[1].read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link)[^>]*(?:src|href)=", page)
    assert "ANN a4" in page
