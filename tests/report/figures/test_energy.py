from pathlib import Path
from typing import Any

import numpy as np
from builders import make_completed
from counted_networks import conventional, counted, spiking
from matplotlib.axes import Axes

from privsearch.analysis.tasks import Task, tasks
from privsearch.report.figures.energy import has_energies, plot_energy
from privsearch.report.figures.study import write_plots
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.study.result import Completed

SWEEP: dict[str, Any] = {"name": "a", "datasets": ["iris"], "protocol": "halves", "attacks": ["loss"]}
SWEEP |= {"grids": {"a": {"model": ["ann", "snn"]}}}


def trial(number: int, accuracy: float, **fields: Any) -> Completed:
    attacks = SweepSpec.model_validate(SWEEP).attacks
    halves = HalvesProtocol(networks=4)
    return make_completed(f"{number:016x}", accuracy=accuracy, protocol=halves, attacks=attacks, **fields)


RESULTS = (
    counted(trial(1, 0.90, model="snn"), spiking()),
    counted(trial(2, 0.895), conventional()),
    counted(trial(3, 0.80, weight_bit_width=4), conventional(bits=4)),
)


def task(*results: Completed, **fields: Any) -> Task:
    (found,) = tasks(results, SweepSpec.model_validate(SWEEP | fields))
    return found


def points(axes: Axes, *, filled: bool) -> list[tuple[float, float]]:
    """The drawn configurations, by whether their markers are filled."""
    lines = [line for line in axes.lines if line.get_linestyle() == "None"]
    chosen = [line for line in lines if (line.get_markerfacecolor() != "white") == filled]
    return [point for line in chosen for point in zip(line.get_xdata(), line.get_ydata(), strict=True)]  # type: ignore[arg-type]


def test_configurations_of_equal_accuracy_are_filled_in_a_panel_for_each_table() -> None:
    """Energy on a log scale, what leaks upwards."""
    made = task(*RESULTS)
    panels = plot_energy(made).axes
    rows = made.rows.set_index("trial_id")
    assert [axes.get_xlabel() for axes in panels] == ["flat energy (nJ)", "bits energy (nJ)", "memory energy (nJ)"]
    for axes, table in zip(panels, ("flat", "bits", "memory"), strict=True):
        expected = [(rows[f"energy.{table}"].iloc[i], rows["worst.auc"].iloc[i]) for i in range(3)]
        np.testing.assert_allclose(sorted(points(axes, filled=True)), sorted(expected[:2]))
        np.testing.assert_allclose(points(axes, filled=False), expected[2:])
        assert axes.get_xscale() == "log"


def test_the_figure_is_written_where_operations_were_counted(tmp_path: Path) -> None:
    """A study of before has the figures that it had; and without an attack's number there is nothing to draw."""
    written = write_plots(tmp_path / "new", RESULTS, SweepSpec.model_validate(SWEEP), "loss")
    assert {path.name for path in written.files} >= {"energy_iris.png", "energy_iris.svg"}
    old = write_plots(tmp_path / "old", [trial(1, 0.9), trial(2, 0.8)], SweepSpec.model_validate(SWEEP), "loss")
    assert not [path for path in old.files if path.name.startswith("energy")]
    assert not has_energies(task(*RESULTS, objectives={"test_accuracy": "maximize", "energy.flat": "minimize"}))
