import io
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import run
from matplotlib.image import imread
from rich.console import Console

from privsearch.analysis.explanation import Explanation, explain, growth_words
from privsearch.analysis.tasks import Task
from privsearch.report.documents.importances import write_explanation
from privsearch.report.figures.importances import plot_hypervolume, plot_importances
from privsearch.report.terminal.importances import explanation_view
from privsearch.spec import Constraint, Objectives

TABULAR = Path(__file__).parents[3] / "studies" / "tabular"


def printed(found: Explanation) -> str:
    """All that is printed, as a terminal of 80 columns has it, its lines joined."""
    log = io.StringIO()
    for view in explanation_view(found):
        Console(file=log, width=80).print(view)
    return " ".join(log.getvalue().split())


@pytest.fixture
def found(task_of: Any) -> Explanation:
    """Of sixteen configurations: SNNs are more accurate, and few bits leak less."""
    rng = np.random.default_rng(0)
    rows = [
        ({"model": model, "weight_bit_width": bits, "epochs": epochs}, accuracies.tolist(), aucs.tolist())
        for model in ("ann", "snn")
        for bits in (None, 2, 4, 8)
        for epochs in (5, 10)
        for accuracies in [0.7 + 0.2 * (model == "snn") + rng.normal(0, 0.01, 3)]
        for aucs in [0.5 + 0.02 * (bits or 16) / 16 + rng.normal(0, 0.001, 3)]
    ]
    task = task_of(rows)
    return explain(task, task.rows["trial_id"].tolist())


def test_what_decides_is_told_for_every_objective(found: Explanation) -> None:
    """Importances with their intervals, marked where chance would do; the values on the front; the growth."""
    text = printed(found)
    assert "breast_cancer, protocol paper: what decides test svm reaching axis accuracy AUC the front n" in text
    importances = found.importances.set_index(["objective", "axis"])
    for (_, axis), row in importances.iterrows():
        mark = "~" if row["importance"] <= row["chance"] else ""
        low, high = (f"{row[end]:.2f}".removeprefix("0") for end in ("low", "high"))
        assert f"{mark}{row['importance']:.2f} [{low}, {high}]" in text
        assert axis in text
    assert importances.loc[("test_accuracy", "model"), "importance"] > 0.5
    assert "weight_bit_width null" in text
    assert "breast_cancer, protocol paper: Hypervolume 0." in text
    assert "after 16 trials: 0.95 of it after" in text


def test_what_cannot_be_told_is_said(small: Task) -> None:
    """Too few configurations for importances: the reason, and all the rest."""
    found = explain(small, small.rows["trial_id"].tolist())
    text = printed(found)
    assert "importances need at least 10 completed configurations with every objective, but there are 6" in text
    assert "values on the front" in text
    assert "Hypervolume 0." in text
    nothing = replace(small, constraints={"test_accuracy": Constraint.model_validate("> 1")})
    assert "Hypervolume 0: no configuration adds to it." in printed(explain(nothing, list(small.rows["trial_id"])))


def test_equally_good_configurations_are_told(found: Explanation) -> None:
    """In place of importances, which would mean nothing."""
    equal = replace(found.task, rows=found.task.rows.assign(**{"svm.auc": 0.5}))
    text = printed(explain(equal, []))
    assert "\N{EN DASH} all configurations are equally good: svm AUC." in text


def test_three_objectives_fit_on_a_terminal(found: Explanation) -> None:
    """No name of an axis is cut."""
    objectives: Objectives = found.task.objectives | {"svm.excess_auc": "minimize"}
    text = printed(explain(replace(found.task, objectives=objectives), []))
    assert "weight_bit_width" in text.partition("values on the front")[0]
    assert "svm reaching axis accuracy AUC excess AUC the front n" in text


def test_growth_is_told_in_words() -> None:
    """When most of the hypervolume was there, and when the last of it came."""
    history = pd.DataFrame({"number": range(1, 6), "hypervolume": [0.0, 0.4, 0.48, 0.5, 0.5]})
    words = "Hypervolume 0.5000 after 5 trials: 0.95 of it after 3, 0.99 of it after 4, all after 4."
    assert growth_words(history) == words


def test_figures_show_every_axis_and_the_growth(found: Explanation) -> None:
    """A panel for each objective and for the front; filled is what is above chance; nothing lies outside the page."""
    figure = plot_importances(found)
    assert [axes.get_title() for axes in figure.axes] == ["test accuracy", "svm AUC", "reaching the front"]
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert sorted(labels) == ["epochs", "model", "weight_bit_width"]
    points = [line for axes in figure.axes for line in axes.lines if line.get_marker() == "o"]
    filled = sum(line.get_markerfacecolor() != "white" for line in points)
    assert filled == (found.importances["importance"] > found.importances["chance"]).sum()
    assert len(points) == 9
    growth = plot_hypervolume(found)
    assert growth.axes[0].lines[0].get_ydata()[-1] == found.history["hypervolume"].iloc[-1]
    for one in (figure, growth):
        one.draw_without_rendering()
        drawn = one.get_tightbbox()
        assert (drawn.min >= 0).all()
        assert (drawn.max <= one.get_size_inches()).all()


def test_a_constraint_is_told_beside_the_importances(found: Explanation) -> None:
    """What violates it is not good, whatever else it is."""
    least = replace(found.task, constraints={"test_accuracy": Constraint.model_validate(">= 0.8")})
    told = explain(least, [])
    assert "For reaching the front, what violates test accuracy >= 0.8 comes last." in printed(told)
    assert "comes last" not in printed(found)


def test_a_search_is_drawn_as_it_was_proposed(found: Explanation) -> None:
    """The axis says in which order the trials stand."""
    order = found.task.rows["trial_id"].tolist()
    assert plot_hypervolume(found).axes[0].get_xlabel() == "finished trials"
    searched = explain(found.task, order, searched=True)
    assert plot_hypervolume(searched).axes[0].get_xlabel() == "trials, as proposed"


def test_files_are_tables_and_figures(found: Explanation, small: Task, tmp_path: Path) -> None:
    """Of importances that cannot be had there are none; what is written is what was found."""
    written = [path.name for path in write_explanation(tmp_path, found)]
    kinds = [("importances", "csv"), ("values", "csv"), ("hypervolume", "csv")]
    kinds += [(kind, end) for kind in ("importances", "hypervolume") for end in ("png", "svg")]
    assert written == [f"{kind}_breast_cancer.{end}" for kind, end in kinds]
    table = pd.read_csv(tmp_path / "importances_breast_cancer.csv")
    pd.testing.assert_frame_equal(table, found.importances)
    assert imread(tmp_path / "importances_breast_cancer.png").std() > 0.05
    few = write_explanation(tmp_path / "few", explain(small, []))
    assert not any("importances" in path.name for path in few)


def test_a_study_is_explained(tmp_path: Path) -> None:
    """A real one, from the command line: tables on the terminal, files in the study, the record as it was."""
    for name in ("sweep.yaml", "plan.json", "trials.jsonl"):
        shutil.copy(TABULAR / name, tmp_path)
    before = (tmp_path / "trials.jsonl").read_bytes()
    result = run("explain", tmp_path)
    assert result.exit_code == 0
    assert "iris, protocol paper: what decides" in result.stdout
    assert "breast_cancer, protocol paper: Hypervolume 0.9103" in " ".join(result.stdout.split())
    assert len(list((tmp_path / "analysis").iterdir())) == 14
    assert (tmp_path / "trials.jsonl").read_bytes() == before
