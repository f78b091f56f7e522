import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread

from privsearch.analysis.audit import audit_table
from privsearch.report.figures import audit as plots
from privsearch.report.figures.audit import write_audit_plots
from privsearch.report.figures.audit_attacks import plot_attacks
from privsearch.report.figures.audit_leakage import plot_leakage
from privsearch.report.figures.audit_tradeoff import plot_leakage_against
from privsearch.spec import WORST
from privsearch.study.result import Completed

Study = Callable[..., list[Completed]]
FIGURES = ("leakage", "attacks", "accuracy_vs_leakage", "gap_vs_leakage")


def key(figure: Figure) -> list[str]:
    """All that stands in the keys of a figure."""
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def drawn(figure: Figure, *markers: str) -> list[tuple[float, float]]:
    """The points with one of these markers."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() in markers]
    return [point for line in lines for point in zip(*map(np.ravel, line.get_data()), strict=True)]


def notes(figure: Figure) -> list[str]:
    """What stands at the right of the rows."""
    return [text.get_text() for text in figure.axes[0].texts]


def assert_readable(figure: Figure) -> None:
    """Everything lies within the figure, the key beside the plot, and the plot has room."""
    figure.draw_without_rendering()
    extent = figure.get_tightbbox()
    assert (extent.min >= 0).all()
    assert (extent.max <= figure.get_size_inches()).all()
    axes = figure.axes[0]
    assert not any(legend.get_window_extent().overlaps(axes.bbox) for legend in figure.legends)
    assert axes.bbox.width > 0.3 * figure.bbox.width


def test_every_figure_is_written_for_print(audited_study: Study, tmp_path: Path) -> None:
    """A study of both protocols gives each figure as PNG of 300 dpi, not blank, and as SVG whose text is text."""
    files, skipped = write_audit_plots(tmp_path / "plots", audit_table(audited_study(2)))
    assert [path.name for path in files] == [f"{name}_iris.{ending}" for name in FIGURES for ending in ("png", "svg")]
    assert skipped == []
    for png, svg in zip(files[::2], files[1::2], strict=True):
        image = imread(png)
        assert image.shape[1] in (1050, 2160)
        assert image[..., :3].std() > 0.05
        assert "iris" in svg.read_text(encoding="utf-8")


def test_figures_without_halves_are_skipped_with_the_reason(audited_study: Study, tmp_path: Path) -> None:
    """A study of the paper's protocol has the leakage figure, and is told what the others need."""
    files, skipped = write_audit_plots(tmp_path, audit_table(audited_study(2, ("paper",))))
    assert [path.name for path in files] == ["leakage_iris.png", "leakage_iris.svg"]
    assert [message.split(":")[0] for message in skipped] == [f"{name}_iris" for name in FIGURES[1:]]
    assert "protocol halves" in skipped[0]


def test_each_protocol_without_a_placebo_has_its_own_figures(
    audited_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With several such protocols, the names of the figures end with the protocol."""
    monkeypatch.setattr(plots, "_FAIR", ["paper", "halves"])
    files, skipped = write_audit_plots(tmp_path, audit_table(audited_study(2)))
    ends = ["attacks_iris_halves.png", "attacks_iris_paper.png"]
    assert sorted(path.name for path in files if path.name.startswith("attacks") and path.suffix == ".png") == ends
    assert skipped == []


def test_figures_of_worst_are_skipped_where_there_is_none(audited_study: Study, tmp_path: Path) -> None:
    """Trials without `worst` have the figures of all attacks; what the others lack is said."""
    table = audit_table(audited_study(2, ("halves",)))
    files, skipped = write_audit_plots(tmp_path, table[table["attack"] != WORST])
    assert [path.name for path in files[::2]] == ["leakage_iris.png", "attacks_iris.png"]
    assert [message.split(":")[0] for message in skipped] == [f"{name}_iris" for name in FIGURES[2:]]
    assert "no worst: not every attack" in skipped[0]


def test_attack_that_one_kind_of_model_lacks_is_drawn_for_the_other(audited_study: Study) -> None:
    """Where ANNs have not been given an attack, its row has the points of the SNNs alone."""
    table = audit_table(audited_study(4, ("halves",)))
    figure = plot_attacks(table[(table["model"] == "snn") | (table["attack"] != "svm")])
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["svm", "loss"]
    assert {round(y) for _, y in drawn(figure, "o")} == {1}
    assert {round(y) for _, y in drawn(figure, "^")} == {0, 1}
    assert notes(figure)[:2] == ["2 of 4", "2 of 4"]


def test_more_configurations_than_fit_make_pages(
    audited_study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Configurations beyond one page go to numbered pages, each on one of them."""
    monkeypatch.setattr(plots, "_CONFIGURATIONS_ON_A_PAGE", 2)
    files, _ = write_audit_plots(tmp_path, audit_table(audited_study(3, ("paper",))))
    assert [path.name for path in files[1::2]] == ["leakage_iris_1.svg", "leakage_iris_2.svg"]
    pages = [path.read_text(encoding="utf-8") for path in files[1::2]]
    for epochs in (1, 2, 3):
        assert sum(f"epochs {epochs}<" in page for page in pages) == 1


@pytest.mark.parametrize("protocols", [("halves", "paper"), ("halves",), ("paper",)])
def test_leakage_shows_what_each_protocol_says(audited_study: Study, protocols: tuple[str, ...]) -> None:
    """A row has the fair audit's AUC, the paper's and its excess, as far as the study has them, and nothing else."""
    table = audit_table(audited_study(2, protocols))
    figure = plot_leakage(table)
    expected = []
    if "halves" in protocols:
        expected += table[(table["protocol"] == "halves") & (table["attack"] == WORST)]["auc"].tolist()
    if "paper" in protocols:
        svm = table[(table["protocol"] == "paper") & (table["attack"] == "svm")]
        expected += [*svm["auc"], *(0.5 + svm["excess_auc"])]
    assert sorted(x for x, _ in drawn(figure, "o", "^")) == pytest.approx(sorted(expected))
    assert any("95 % interval" in label for label in key(figure)) == ("halves" in protocols)
    assert any("excess" in label for label in key(figure)) == ("paper" in protocols)
    assert any(re.fullmatch(r"0.560 \[.*\]  svm", note) for note in notes(figure)) == ("halves" in protocols)


def test_one_row_holds_both_protocols_of_a_configuration(audited_study: Study) -> None:
    """A configuration has one row, and its marks lie within it; ANNs come first."""
    figure = plot_leakage(audit_table(audited_study(4)))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels == ["ANN epochs 1", "ANN epochs 3", "SNN epochs 2", "SNN epochs 4"]
    rows = [round(y) for _, y in drawn(figure, "o", "^")]
    assert sorted(rows) == [row for row in range(4) for _ in range(3)]


def test_attacks_are_ordered_by_strength(audited_study: Study) -> None:
    """The attack with the highest mean stands at the top, and is counted on the configurations where it has it."""
    figure = plot_attacks(audit_table(audited_study(4, ("halves",))))
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["svm", "loss"]
    assert notes(figure)[:2] == ["4 of 4", "0 of 4"]
    assert {"ANN", "SNN"} <= set(key(figure))


def test_tradeoff_has_intervals_in_both_directions(audited_study: Study) -> None:
    """Each configuration is a point with the intervals of its accuracy and of its AUC."""
    table = audit_table(audited_study(4, ("halves",)))
    worst = table[table["attack"] == WORST]
    figure = plot_leakage_against(worst, "test_accuracy")
    np.testing.assert_allclose(sorted(drawn(figure, "o", "^")), np.sort(worst[["test_accuracy", "auc"]], axis=0))
    segments = np.concatenate([bars.get_segments() for bars in figure.axes[0].collections])
    lengths = np.abs(segments[:, 1] - segments[:, 0])
    for along, name in enumerate(("test_accuracy", "auc")):
        widths = worst[f"{name}_high"] - worst[f"{name}_low"]
        assert sorted(lengths[lengths[:, along] > 0][:, along]) == pytest.approx(sorted(widths))


def test_gap_is_held_against_correctness_alone(audited_study: Study) -> None:
    """Against the accuracy gap a line tells the AUC of calling a member whatever is classified rightly."""
    table = audit_table(audited_study(2, ("halves",)))
    worst = table[table["attack"] == WORST]
    figure = plot_leakage_against(worst, "accuracy_gap")
    line = next(line for line in figure.axes[0].lines if line.get_linestyle() == "--")
    gaps, aucs = map(np.asarray, line.get_data())
    np.testing.assert_allclose(aucs, 0.5 + gaps / 2)
    assert not any("--" in line.get_linestyle() for line in plot_leakage_against(worst, "test_accuracy").axes[0].lines)


def long_names(table: pd.DataFrame) -> pd.DataFrame:
    """The same with configurations and attacks of long names."""
    long = "lira_offline_per_example_spike_counts_input_dropout"
    words = table["configuration"] + " spike_rate_escape num_steps 100 learning_rate 0.0001"
    return table.replace({"attack": {"loss": long}, "strongest": {"svm": long}}).assign(configuration=words)


@pytest.mark.parametrize("count", [1, 36])
def test_nothing_is_clipped(audited_study: Study, count: int) -> None:
    """Every text and mark lies within the figure, however many configurations there are, and whatever their names."""
    table = long_names(audit_table(audited_study(count)))
    fair = table[table["protocol"] == "halves"]
    assert_readable(plot_leakage(table))
    assert_readable(plot_attacks(fair))
    assert_readable(plot_leakage_against(fair[fair["attack"] == WORST], "accuracy_gap"))
