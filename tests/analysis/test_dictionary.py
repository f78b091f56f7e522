from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders import make_completed, make_failed

from privsearch.analysis.dictionary import column_meaning, measured_columns, own_columns
from privsearch.analysis.frames import exposed_frame, results_frame, slices_frame, targets_frame
from privsearch.spec import AXES, HalvesProtocol
from privsearch.spec.columns import result_columns

STUDIES = Path(__file__).parents[2] / "studies"
TABLES = sorted(path for path in STUDIES.glob("*/*.csv") if path.stem in ("results", "targets", "slices", "exposed"))


@pytest.mark.parametrize("path", TABLES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_every_value_of_the_kept_studies_is_as_described(path: Path) -> None:
    """Each column has a meaning, and its values have its type and lie in its range."""
    for header, values in pd.read_csv(path, low_memory=False).items():
        described, there = column_meaning(path.stem, str(header)), values.dropna()
        assert described.name == header
        assert described.meaning
        if described.allowed:
            assert set(there) <= set(described.allowed)
        if described.type not in ("integer", "number"):
            continue
        numbers = there.astype(float)
        assert described.type == "number" or (numbers % 1 == 0).all()
        assert described.minimum is None or (numbers >= described.minimum).all()
        assert described.maximum is None or (numbers <= described.maximum).all()


def test_the_kept_studies_are_not_few() -> None:
    """The tables of the test above are those of every kind."""
    assert {path.stem for path in TABLES} == {"results", "targets", "slices", "exposed"}


def test_every_column_of_new_results_has_a_meaning() -> None:
    """So do those of a failed trial, of a protocol with a placebo and of one without."""
    results = [make_completed("1" * 16), make_failed("2" * 16), make_completed("3" * 16, protocol=HalvesProtocol())]
    frames: dict[str, Any] = {"results": results_frame, "targets": targets_frame}
    for table, frame in {**frames, "slices": slices_frame, "exposed": exposed_frame}.items():
        columns = list(frame(results).columns)
        assert len(columns) > 10
        assert all(column_meaning(table, header).meaning for header in columns)


def test_every_axis_and_every_objective_has_a_meaning() -> None:
    """Whatever may be an axis or an objective stands in results.csv."""
    objectives = result_columns(["mine", "worst"], placebo=True, epsilon=True, spread=True)
    assert all(column_meaning("results", header).meaning for header in (*AXES, *objectives))


@pytest.mark.parametrize("header", ["nonsense", "mine.nonsense", "auc", "test_accuracy_median", "dp", "beta_sd"])
def test_an_unknown_column_has_none(header: str) -> None:
    """A table of targets has neither axes nor what nobody measures."""
    with pytest.raises(KeyError, match=header):
        column_meaning("targets", header)


def test_a_spread_tells_what_it_is_the_spread_of() -> None:
    """A standard deviation has the unit of its number, an end of an interval its range as well."""
    energy = column_meaning("results", "energy.flat_once_sd")
    assert (energy.unit, energy.minimum, energy.maximum) == ("nanojoules", 0, None)
    assert energy.meaning == "sample standard deviation of energy.flat_once over the targets"
    advantage = column_meaning("targets", "lira.advantage_low")
    assert (advantage.unit, advantage.minimum, advantage.maximum) == ("fraction", -1, 1)
    assert column_meaning("results", "worst.auc_high").meaning.endswith("simultaneous for all attacks")


def test_meanings_differ() -> None:
    """No two numbers of a table are described in the same words."""
    for table in ("results", "targets"):
        meanings = [column.meaning for column in (*own_columns(table), *measured_columns(table))]
        assert len(set(meanings)) == len(meanings)
