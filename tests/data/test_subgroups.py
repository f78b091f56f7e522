from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from privsearch.api.sweeps import run_sweep
from privsearch.data import load_dataset
from privsearch.data.dataset import fingerprint
from privsearch.data.splits import load_splits
from privsearch.data.subgroups import MOST_SUBGROUPS, named_subgroups
from privsearch.errors import DataError
from privsearch.spec import TableDataset

SIZE = 60
FRAME = pd.DataFrame(
    {
        "a": np.random.default_rng(0).normal(size=SIZE).round(3),
        "sex": np.where(np.arange(SIZE) % 3 == 0, "f", "m"),
        "code": [None if k % 10 == 9 else f"0{k % 2}" for k in range(SIZE)],
        "y": np.arange(SIZE) % 2,
    }
)


def dataset(folder: Path, ending: str = "csv", frame: pd.DataFrame = FRAME, **fields: Any) -> TableDataset:
    path = folder / f"t.{ending}"
    frame.to_csv(path, index=False) if ending == "csv" else frame.to_parquet(path)
    return TableDataset.model_validate({"name": "t", "path": str(path), "label": "y", **fields})


def test_what_is_missing_names_no_subgroup() -> None:
    found = named_subgroups(["b", None, "a", float("nan"), "", 2.0, 3])
    assert found.names == ("2", "3", "a", "b")
    assert found.numbers.tolist() == [3, -1, 2, -1, -1, 0, 1]


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_a_column_may_name_subgroups_and_be_no_input(tmp_path: Path, ending: str) -> None:
    """Its values are read as they are written, and every example keeps its own however it is split."""
    given = dataset(tmp_path, ending, drop=["code"], categorical=["sex"], subgroups="code")
    raw = load_dataset(given)
    assert raw.column_names == ("a", "sex")
    splits = load_splits(given, seed=0, train_size=30, test_size=None)
    names = splits.belonging["group_names"]
    assert names == ("00", "01")
    found = [None if number < 0 else names[number] for number in splits.belonging["groups"]]
    assert found == [None if k % 10 == 9 else f"0{k % 2}" for k in splits.rows]


def test_a_column_may_name_subgroups_and_be_an_input(tmp_path: Path) -> None:
    """Then networks are trained as without it."""
    fields = {"categorical": ["sex"], "drop": ["code"]}
    plain, grouped = (load_dataset(dataset(tmp_path, **fields, **more)) for more in ({}, {"subgroups": "sex"}))
    assert np.array_equal(plain.x, grouped.x)
    assert grouped.subgroups is not None
    assert grouped.subgroups.names == ("f", "m")
    assert fingerprint(plain) != fingerprint(grouped)


def test_rows_that_are_dropped_move_no_subgroup(tmp_path: Path) -> None:
    frame = FRAME.assign(a=FRAME["a"].mask(FRAME.index % 7 == 0))
    given = dataset(tmp_path, frame=frame, missing="drop", drop=["code"], categorical=["sex"], subgroups="sex")
    splits = load_splits(given, seed=0, train_size=None, test_size=None)
    assert len(splits.rows) == (~frame["a"].isna()).sum()
    names = splits.belonging["group_names"]
    assert [names[number] for number in splits.belonging["groups"]] == FRAME["sex"][splits.rows].tolist()


def test_too_many_subgroups_are_refused(tmp_path: Path) -> None:
    many = pd.DataFrame({"a": np.arange(2.0 * MOST_SUBGROUPS), "y": np.arange(2 * MOST_SUBGROUPS) % 2})
    with pytest.raises(DataError, match=r"subgroups must be a column of 1 to 100 different values, but it has 200"):
        load_dataset(dataset(tmp_path, frame=many, subgroups="a"))
    with pytest.raises(DataError, match=r"subgroups must name columns of the table, but there is no column 'age'"):
        load_dataset(dataset(tmp_path, drop=["code"], categorical=["sex"], subgroups="age"))


def test_what_leaks_of_each_subgroup_is_in_the_table_of_slices(tmp_path: Path) -> None:
    given = dataset(tmp_path, drop=["code"], categorical=["sex"], subgroups="sex")
    sweep = {
        "name": "s",
        "datasets": [given.model_dump(mode="json", exclude_defaults=True) | {"kind": "csv"}],
        "protocol": {"kind": "halves", "networks": 4},
        "grids": {"one": {"model": ["ann"]}},
        "recipe": {"epochs": 2, "width": 0.01},
        "attacks": ["loss"],
    }
    study = run_sweep(sweep, study=tmp_path / "study", runner="inline").study
    slices = study.slices().set_index("slice")
    of = slices[slices.index.str.startswith("group ")]
    assert set(of.index) == {"group f", "group m"}
    assert (of["num_members"] + of["num_non_members"]).sum() == pytest.approx(48)
    assert (of["auc_low"] <= of["auc"]).all()
    assert (of["auc"] <= of["auc_high"]).all()
    assert of["more_than_rest"].sum() == pytest.approx(0)
