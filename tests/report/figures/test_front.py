import itertools
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.cbook import pts_to_poststep, pts_to_prestep
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

from privsearch.analysis.selection import taken
from privsearch.analysis.tasks import Task
from privsearch.report.figures.front import plot_front, write_front_plots
from privsearch.report.figures.front_interactive import plot_front_interactive
from privsearch.spec import Constraint, Direction, Objectives

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}
DIRECTIONS = list(itertools.product(("maximize", "minimize"), repeat=2))
Tradeoff = Callable[..., Task]


def boxes(figure: Figure, kind: type[Text]) -> dict[str, Bbox]:
    """Where the visible texts of a figure are, in pixels."""
    figure.draw_without_rendering()
    texts = [text for text in figure.findobj(kind) if text.get_visible() and text.get_text()]
    return {text.get_text(): Text.get_window_extent(text) for text in texts}


def legend(figure: Figure) -> list[str]:
    """All that stands in the keys of a figure."""
    return [text.get_text() for key in figure.legends for text in key.get_texts()]


def points_of(task: Task) -> list[Any]:
    """What a browser draws of the configurations: neither the front's line nor the square around what is taken."""
    return [trace for trace in plot_front_interactive(task).data if trace.hovertext is not None]


@pytest.mark.parametrize("directions", DIRECTIONS)
def test_staircase_has_its_corners_on_the_worse_side(small: Task, directions: tuple[Direction, Direction]) -> None:
    """Between two neighbours on the front the line passes through the worse of each objective, in both plots."""
    task = replace(small, objectives=dict(zip(OBJECTIVES, directions, strict=True)))
    front = task.candidates.query("on_front").sort_values("test_accuracy")[list(OBJECTIVES)].to_numpy(float)
    worse = [np.minimum if direction == "maximize" else np.maximum for direction in directions]
    corners = [[w(a, b) for w, a, b in zip(worse, p, q, strict=True)] for p, q in itertools.pairwise(front)]
    line = next(line for line in plot_front(task).axes[0].lines if "steps" in line.get_drawstyle())
    expand = {"steps-pre": pts_to_prestep, "steps-post": pts_to_poststep}[line.get_drawstyle()]
    np.testing.assert_allclose(np.array(expand(*line.get_data())).T[1::2], np.reshape(corners, (-1, 2)))
    shape = plot_front_interactive(task).data[0].line.shape
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
    assert_readable(plot_front(tradeoff(count)))


def test_long_words_are_broken(tradeoff: Tradeoff) -> None:
    """Configurations that differ in many axes, of a dataset with a long name, leave room for the plot."""
    task = tradeoff(30, targets=2)
    axes = ("batch_size", "weight_decay", "learning_rate", "train_size", "test_size")
    rows = task.rows.assign(**dict.fromkeys(axes, task.rows["epochs"] * 100))
    assert_readable(plot_front(replace(task, title="x" * 100, rows=rows)))


@pytest.mark.parametrize("count", [2, 14, 200])
def test_no_two_numbers_overlap(tradeoff: Tradeoff, count: int) -> None:
    """The numbers at the points of the front can all be read."""
    numbers = boxes(plot_front(tradeoff(count)), Annotation)
    assert len(numbers) == min(count, 20)
    assert not [pair for pair in itertools.combinations(numbers, 2) if numbers[pair[0]].overlaps(numbers[pair[1]])]


def test_front_is_named_beside_the_plot(small: Task) -> None:
    """Each number at a point stands again beside the plot with its configuration, the best first, ties included."""
    figure = plot_front(small)
    assert set(boxes(figure, Annotation)) == {"1", "2", "3", "4"}
    names = ["1  ANN fp32", "2  ANN w4", "3  SNN w4 atan", "4  ANN a4"]
    assert [text for text in legend(figure) if text[0].isdigit()] == [f"{name} (1.00)" for name in names]


def test_long_front_says_how_many_are_named(tradeoff: Tradeoff) -> None:
    """A front too long to be named in full has its two ends named, and says how many are not."""
    figure = plot_front(tradeoff(200))
    assert "20 of the 200 on the front" in boxes(figure, Text)
    assert {"1", "200"} <= set(boxes(figure, Annotation))


def test_axes_have_names_and_units(small: Task) -> None:
    """Axes, title and key say what is shown, in which unit, and of how many."""
    figure = plot_front(small)
    axes = figure.axes[0]
    assert axes.get_xlabel() == "test accuracy (fraction)"
    assert axes.get_ylabel() == "svm attack AUC (fraction)"
    assert axes.get_title("left").startswith("breast_cancer, protocol paper\n7 configurations, 1 of them")
    assert {"guessing", "ANN", "SNN"} <= set(legend(figure))


def test_every_configuration_is_a_point_with_error_bars(small: Task) -> None:
    """All completed configurations are drawn in both plots, each with its spread."""
    expected = np.sort(small.rows.dropna(subset="svm.auc")[list(OBJECTIVES)].to_numpy(float), axis=0)
    lines = [line for line in plot_front(small).axes[0].lines if line.get_marker() in {"o", "^"}]
    drawn = np.concatenate([np.transpose(line.get_data()) for line in lines])
    np.testing.assert_allclose(np.sort(drawn, axis=0), expected)
    traces = points_of(small)
    drawn = np.concatenate([np.transpose([trace.x, trace.y]) for trace in traces])
    np.testing.assert_allclose(np.sort(drawn, axis=0), expected)
    reach = [length for trace in traces for length in trace.error_x.arrayminus]
    of_three = 4.302653 / np.sqrt(3)  # Student's t with two degrees of freedom
    assert sorted(reach) == pytest.approx(sorted(of_three * small.rows["test_accuracy_sd"].dropna()), rel=1e-5)


@pytest.mark.parametrize("objectives", [OBJECTIVES, {"test_accuracy": "maximize", "svm.excess_auc": "minimize"}])
def test_both_drawings_have_the_same_bars(small: Task, objectives: dict[str, str]) -> None:
    """In the picture and on the page a bar is the 95 % interval, and both say so in the same words."""
    task = replace(small, objectives=objectives)
    figure, page = plot_front(task), plot_front_interactive(task)
    assert "bars: 95 % interval of the mean" in figure.axes[0].get_title("left")
    assert "bars: 95 % interval of the mean" in page.layout.title.text
    lengths: dict[int, list[float]] = {0: [], 1: []}
    for bars in figure.axes[0].collections:
        for segment in bars.get_segments():  # type: ignore[attr-defined]
            along = int(np.argmax(np.ptp(segment, axis=0)))
            lengths[along].append(float(np.ptp(segment, axis=0)[along]))
    for along, name in enumerate(("error_x", "error_y")):
        sums = [
            down + up
            for trace in points_of(task)
            for down, up in zip(trace[name].arrayminus, trace[name].array, strict=True)
        ]
        drawn = [length for length in sums if length > 1e-9]
        assert sorted(length for length in lengths[along] if length > 1e-9) == pytest.approx(sorted(drawn))


def test_bars_of_the_page_end_where_the_range_ends(task_of: Callable[..., Task]) -> None:
    """Every bar is a 95 % interval; that of an accuracy goes no further than 1."""
    task = task_of([({"model": "ann"}, [1.0, 0.9, 1.0], [0.5, 0.6, 0.7]), ({"model": "snn"}, [0.9] * 3, [0.4] * 3)])
    figure = plot_front_interactive(task)
    (trace,) = [trace for trace in figure.data if (trace.name or "").startswith("ANN")]
    row = task.rows.iloc[0]
    assert trace.x[0] + trace.error_x.array[0] == pytest.approx(1.0)
    assert trace.error_x.arrayminus[0] == pytest.approx(4.302653 * row["test_accuracy_sd"] / np.sqrt(3), rel=1e-5)
    ends = (trace.y[0] - trace.error_y.arrayminus[0], trace.y[0] + trace.error_y.array[0])
    assert ends == pytest.approx((row["svm.auc_low"], row["svm.auc_high"]))
    assert "bars: 95 % interval of the mean" in figure.layout.title.text


def test_a_line_on_the_page_is_what_guessing_gives(small: Task) -> None:
    """At 0.5 of an AUC, and no band around it."""
    (line,) = plot_front_interactive(small).layout.shapes
    assert (line.type, line.y0, line.y1) == ("line", 0.5, 0.5)


def test_models_differ_in_marker_and_in_grey(small: Task) -> None:
    """ANN and SNN can be told apart without colour: other marker, other lightness."""
    keys = plot_front(small).legends
    pairs = [pair for key in keys for pair in zip(key.get_texts(), key.legend_handles, strict=True)]
    handles = {text.get_text(): handle for text, handle in pairs}
    ann, snn = handles["ANN"], handles["SNN"]
    assert ann.get_marker() != snn.get_marker()
    dark, light = (np.dot((0.299, 0.587, 0.114), to_rgb(handle.get_markerfacecolor())) for handle in (ann, snn))
    assert light - dark > 0.2


def test_hovering_tells_configuration_numbers_and_trial(small: Task) -> None:
    """Hovering over a point tells its configuration, means and spreads, placebo and trial."""
    texts = [text for trace in points_of(small) for text in trace.hovertext]
    assert (
        "<b>ANN a4</b><br>what privsearch pick takes<br>on the front with probability 1.00"
        "<br>test accuracy 0.920 ± 0.020"
        "<br>svm AUC ~0.520 ± 0.020 [.490, .550]"
        "<br>svm excess AUC +0.020 ± 0.000 [.020, .020]"
        "<br>trial 0000000000000001"
    ) in texts


def test_points_show_how_likely_they_are_on_the_front(small: Task) -> None:
    """From a probability of 0.5 on a point is filled, from 0.1 on hollow, else faint, on the front of means or off."""
    small.uncertainty.probability[:] = [0.5, 0.49, 0.1, 0.09, 0.5, 0.49]
    figure = plot_front(small)
    looks = {
        (line.get_marker(), line.get_markerfacecolor() == "white", line.get_alpha() is not None): len(line.get_xdata())
        for line in figure.axes[0].lines
        if line.get_marker() in {"o", "^"}
    }
    filled, hollow, faint = (False, False), (True, False), (False, True)
    assert looks == {("o", *filled): 1, ("o", *hollow): 2, ("^", *filled): 1, ("^", *hollow): 1, ("^", *faint): 1}
    said = ["on the front with probability ≥ 0.5", "with probability ≥ 0.1", "with probability < 0.1"]
    assert set(said) <= set(legend(figure))
    traces = {trace.name: len(trace.x) for trace in points_of(small)}
    assert traces == {f"ANN, {said[0]}": 1, f"ANN, {said[1]}": 2, **{f"SNN, {words}": 1 for words in said}}


def test_one_target_shows_the_front_alone(single: Task) -> None:
    """Where nothing is known of other networks, what is on the front is filled, and all else hollow."""
    figure = plot_front(single)
    points = [line for line in figure.axes[0].lines if line.get_marker() in {"o", "^"}]
    hollow = [x for line in points if line.get_markerfacecolor() == "white" for x in line.get_xdata()]
    assert sorted(hollow) == [0.91, 0.94]
    assert sum(len(line.get_xdata()) for line in points) == 6
    assert {"on the front", "not on the front", "1  ANN fp32"} <= set(legend(figure))
    assert not any("probability" in text for text in legend(figure))


def test_accuracies_alone_can_be_plotted(small: Task) -> None:
    """Two accuracies make a plot without a noise floor."""
    task = replace(small, objectives={"train_accuracy": "minimize", "test_accuracy": "maximize"})
    assert not any("noise" in text for text in legend(plot_front(task)))
    assert not plot_front_interactive(task).layout.shapes


def test_what_pick_takes_is_framed(small: Task) -> None:
    """A square is around it in both plots, which their keys name, and hovering tells of it; elsewhere there is none."""
    row = small.rows[small.rows["trial_id"] == taken(small)].iloc[0]
    figure = plot_front(small)
    (frame,) = [line for line in figure.axes[0].lines if line.get_marker() == "s"]
    assert [*frame.get_xdata(), *frame.get_ydata()] == [row["test_accuracy"], row["svm.auc"]]
    words = "what privsearch pick takes: ANN a4"
    assert words in legend(figure)
    traces = plot_front_interactive(small).data
    (drawn,) = [trace for trace in traces if trace.name == words]
    assert [*drawn.x, *drawn.y] == [row["test_accuracy"], row["svm.auc"]]
    told = [text for trace in traces for text in trace.hovertext or () if "what privsearch pick takes" in text]
    assert [text.startswith("<b>ANN a4</b>") for text in told] == [True]
    accuracies = replace(small, objectives={"train_accuracy": "minimize", "test_accuracy": "maximize"})
    assert not any("pick" in text for text in legend(plot_front(accuracies)))


def test_files_are_written_for_every_task_that_has_numbers(small: Task, tmp_path: Path) -> None:
    """A task has a picture of 2160 x 1260 pixels and a page that needs no network; one that failed has none."""
    failed = replace(small, name="digits", rows=small.rows.tail(1))
    written = write_front_plots(tmp_path / "fronts", [small, replace(small, name="v1.5_halves"), failed])
    names = ["breast_cancer.png", "breast_cancer.html", "v1.5_halves.png", "v1.5_halves.html"]
    assert [path.name for path in written] == names
    image = imread(written[0])
    assert image.shape[:2] == (1260, 2160)
    assert image.std() > 0.05
    page = written[1].read_text(encoding="utf-8")
    assert not re.findall(r"<(?:script|link)[^>]*(?:src|href)=", page)
    assert "ANN a4" in page


def test_a_page_shows_markup_and_does_not_obey_it(small: Task, tmp_path: Path) -> None:
    """A dataset called like a script would be text on the page: escaped for plotly, and for the page it stands in."""
    image = "<img src=x onerror=alert(2)>"
    rows, targets = (table.assign(trial_id=table["trial_id"] + image) for table in (small.rows, small.targets))
    completed = [one.model_copy(update={"trial_id": one.trial_id + image}) for one in small.completed]
    hostile = replace(
        small, title="</script><script>alert(1)</script>", rows=rows, targets=targets, completed=completed, numbers={}
    )
    page = next(path for path in write_front_plots(tmp_path, [hostile]) if path.suffix == ".html").read_text()
    assert "<script>alert(1)" not in page
    assert "<img src=x" not in page
    title = plot_front_interactive(hostile).layout.title.text
    assert title.startswith("&lt;/script&gt;&lt;script&gt;alert(1)")


def test_three_objectives_have_a_panel_for_each_pair(small: Task) -> None:
    """Every configuration is in each of them, the front is numbered in each, and no panel has a staircase."""
    objectives: Objectives = OBJECTIVES | {"seconds": "minimize"}
    task = replace(small, objectives=objectives, rows=small.rows.assign(seconds=[3.0, 1, 2, 4, 5, 6, 7]))
    figure = plot_front(task)
    assert [(axes.get_xlabel(), axes.get_ylabel()) for axes in figure.axes] == [
        ("test accuracy (fraction)", "svm attack AUC (fraction)"),
        ("test accuracy (fraction)", "seconds"),
        ("svm attack AUC (fraction)", "seconds"),
    ]
    front = task.candidates["on_front"].sum()
    for axes in figure.axes:
        points = [line for line in axes.lines if line.get_marker() in {"o", "^"}]
        assert sum(len(line.get_xdata()) for line in points) == 6
        assert len([text for text in axes.texts if text.get_text().isdigit()]) == front
        assert not any("steps" in line.get_drawstyle() for line in axes.lines)
    assert_readable(figure)
    assert sum(len(trace.x) for trace in points_of(task)) == 3 * 6
    traces = plot_front_interactive(task).data
    named = [trace.name for trace in traces if trace.showlegend]
    assert len(named) == len(set(named))


@pytest.mark.parametrize("bound", [">= 0.95", "> 1"])
def test_what_violates_a_constraint_is_a_cross(small: Task, bound: str) -> None:
    """In both plots, and named in the key; where nothing is feasible, the figure says so."""
    task = replace(small, constraints={"test_accuracy": Constraint.model_validate(bound)})
    infeasible = int((~task.candidates["feasible"]).sum())
    figure = plot_front(task)
    crosses = [line for line in figure.axes[0].lines if line.get_marker() == "x"]
    assert sum(len(line.get_xdata()) for line in crosses) == infeasible
    assert "violates a constraint" in legend(figure)
    assert f"asked for: test accuracy {bound}" in figure.axes[0].get_title("left")
    assert ("nothing satisfies all constraints" in boxes(figure, Text)) == (infeasible == 6)
    assert_readable(figure)
    traces = [trace for trace in plot_front_interactive(task).data if trace.marker.symbol == "x-thin-open"]
    assert sum(len(trace.x) for trace in traces) == infeasible
    assert all("violates a constraint" in text for trace in traces for text in trace.hovertext)
