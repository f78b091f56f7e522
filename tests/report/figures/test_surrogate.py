import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from builders import make_completed, make_failed
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Text

from privsearch.analysis.frames import results_frame
from privsearch.errors import StudyError
from privsearch.report.figures.surrogate import plot_surrogates
from privsearch.spec import SvmAttack

GRADIENTS = {"fast_sigmoid": "o", "atan": "^", "spike_rate_escape": "s", "triangular": "D", "straight_through": "v"}


def study(*datasets: Any, **axes: Any) -> pd.DataFrame:
    """SNNs of all surrogate gradients, each with numbers of its own, and trials that are not to be drawn."""
    results = []
    for dataset in datasets or ("iris",):
        fixed = {"dataset": dataset, "model": "snn", **axes}
        for number, gradient in enumerate(GRADIENTS):
            own = {"accuracy": 0.8 + 0.02 * number, "auc": 0.52 + 0.01 * number, "surrogate_gradient": gradient}
            results += [make_completed(**own, **fixed), make_completed(**own, **fixed, weight_bit_width=2)]
        results.append(make_completed(dataset=dataset, model="ann", accuracy=0.1, auc=0.1))
    return results_frame(results)


def drawn(frame: pd.DataFrame) -> pd.DataFrame:
    """The rows that the plot must show."""
    return frame[frame["weight_bit_width"].isna() & (frame["model"] == "snn")]


def points(figure: Figure, panel: int = 0) -> dict[str, Line2D]:
    """By surrogate gradient, its filled marker."""
    names = {marker: gradient for gradient, marker in GRADIENTS.items()}
    filled = [a for a in figure.axes[panel].lines if a.get_marker() in names and a.get_markerfacecolor() != "white"]
    return {names[a.get_marker()]: a for a in filled if np.isfinite(a.get_xydata()).any()}


def test_points_are_those_of_the_table() -> None:
    """Every surrogate gradient has its marker at its AUC and accuracy, and a bar of its spread either way."""
    frame = study()
    figure = plot_surrogates(frame)
    assert list(points(figure)) == list(GRADIENTS)
    for row in drawn(frame).to_dict("records"):
        point = points(figure)[row["surrogate_gradient"]]
        assert point.get_xydata() == pytest.approx(np.array([[row["svm.auc"], row["test_accuracy"]]]))
        bars = [b for b in figure.axes[0].collections if np.allclose(b.get_colors()[0][:3], to_rgb(point.get_color()))]
        extents = [np.ptp(b.get_segments()[0], axis=0) / 2 for b in bars if isinstance(b, LineCollection)]
        expected = [[row["svm.auc_sd"], 0], [0, row["test_accuracy_sd"]]]
        np.testing.assert_allclose(extents, expected, atol=1e-12)


def test_excess_and_guessing_stand_beside_the_auc() -> None:
    """0.5 plus the excess is a hollow marker at its point's accuracy, and a line stands where guessing is."""
    frame = study()
    axes = plot_surrogates(frame).axes[0]
    hollow = [a.get_xydata()[0] for a in axes.lines if a.get_markerfacecolor() == "white"]
    np.testing.assert_allclose(
        hollow, drawn(frame).assign(debiased=lambda f: 0.5 + f["svm.excess_auc"])[["debiased", "test_accuracy"]]
    )
    assert any(list(a.get_xdata()) == [0.5, 0.5] for a in axes.lines)


def test_axes_have_names_and_units() -> None:
    """Axes, title and key say what is shown, in which unit, and of how many."""
    figure = plot_surrogates(study())
    axes = figure.axes[0]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("svm attack AUC (fraction)", "test accuracy (fraction)")
    assert axes.get_title() == "iris (n = 2)"
    assert [t.get_text() for t in figure.legends[0].get_texts()] == [
        *GRADIENTS,
        "0.5 + excess over placebo",
        "guessing",
        "± sd",
    ]


@pytest.mark.parametrize("count", [1, 2, 5])
def test_figure_is_fit_for_print(count: int) -> None:
    """Nothing is clipped, small or in the way of something else, however many datasets there are."""
    datasets = [{"kind": "csv", "name": f"dataset_{i}", "path": "a.csv", "label": "class"} for i in range(count)]
    figure = plot_surrogates(study(*datasets))
    figure.draw_without_rendering()
    extent = figure.get_tightbbox()
    assert (extent.min >= -0.01).all()
    assert (extent.max <= figure.get_size_inches() + 0.01).all()
    assert figure.get_figwidth() == (3.5 if count == 1 else 7.2)
    assert min(t.get_fontsize() for t in figure.findobj(Text) if t.get_text() and t.get_visible()) >= 7
    areas = [a.get_tightbbox() for a in figure.axes if a.get_visible()] + [figure.legends[0].get_window_extent()]
    assert not [pair for pair in itertools.combinations(areas, 2) if pair[0].overlaps(pair[1])]
    ticks = [text.get_window_extent() for text in figure.axes[0].get_xticklabels()]
    assert not [pair for pair in itertools.pairwise(ticks) if pair[0].overlaps(pair[1])]


def test_equal_points_stay_visible() -> None:
    """Of several gradients with equal numbers, each later one is smaller or of another shape, and has a pale edge."""
    marks = points(plot_surrogates(study())).values()
    sizes = [mark.get_markersize() for mark in marks]
    assert sizes == sorted(sizes, reverse=True)
    assert {mark.get_markeredgecolor() for mark in marks} == {"white"}


def test_failed_gradient_has_no_point() -> None:
    """A surrogate gradient whose trial failed is missing from the panel, whose title counts it."""
    frame = study()
    failed = make_failed(model="snn", surrogate_gradient="atan", protocol=make_completed().spec.protocol)
    frame = pd.concat([frame[frame["surrogate_gradient"].ne("atan")], results_frame([failed])], ignore_index=True)
    figure = plot_surrogates(frame)
    assert set(points(figure)) == GRADIENTS.keys() - {"atan"}
    assert "atan" not in [text.get_text() for text in figure.legends[0].get_texts()]
    assert figure.axes[0].get_title() == "iris (n = 2, 1 failed)"


def test_another_axis_has_panels_of_its_own() -> None:
    """SNNs with different time steps are not mixed in one panel."""
    frame = pd.concat([study(num_steps=10), study(num_steps=25), study("digits")], ignore_index=True)
    titles = [axes.get_title() for axes in plot_surrogates(frame).axes]
    assert titles == ["iris, num_steps 10 (n = 2)", "iris, num_steps 25 (n = 2)", "digits (n = 2)"]


def test_too_many_variants_are_refused_by_name() -> None:
    """More panels than fit on a page are an error that names the axis which makes them."""
    frame = pd.concat([study(num_steps=n) for n in range(1, 11)], ignore_index=True)
    with pytest.raises(StudyError, match=r"room for 9 panels .* differ in num_steps as well, and make 10"):
        plot_surrogates(frame)


def test_study_of_one_gradient_is_refused() -> None:
    """One surrogate gradient has no other to be compared with; the error says what to sweep."""
    frame = study()
    with pytest.raises(StudyError, match="sweep 'surrogate_gradient'"):
        plot_surrogates(frame[frame["surrogate_gradient"].fillna("atan") == "atan"])


def test_attack_of_choice_is_drawn() -> None:
    """The points are at the AUC of the attack that is named."""
    attacks = (SvmAttack(), SvmAttack(per_class=True))
    results = [make_completed(model="snn", surrogate_gradient=g, attacks=attacks) for g in ("atan", "triangular")]
    frame = results_frame(results).assign(**{"svm_per_class.auc": [0.7, 0.8]})
    figure = plot_surrogates(frame, "svm_per_class")
    assert [point.get_xdata()[0] for point in points(figure).values()] == [0.7, 0.8]
    assert figure.axes[0].get_xlabel() == "svm_per_class attack AUC (fraction)"
