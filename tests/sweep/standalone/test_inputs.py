import csv
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd
import pytest
import torch
from exported_networks import ExportedNetwork, exported_network
from kept_networks import short_sequences

from privsearch.sweep.standalone.inputs import MISSING_TEXTS

ROWS: Final = 60


def patients(path: Path, *, delimiter: str = ",", decimal: str = ".", header: bool = True) -> None:
    """A table with categories, missing values, truth values and times in seconds, written as people write them."""
    rng = np.random.default_rng(0)
    lines = [["id", "age", "at", "city", "smoker", "outcome"]] if header else []
    for row in range(ROWS):
        age = "" if rng.random() < 0.2 else f"{rng.normal(50, 10):.2f}".replace(".", decimal)
        city = (
            "NA"
            if rng.random() < 0.2
            else str(rng.choice(["Basel", "Bern", "Chur", "Zürich"], p=[0.4, 0.3, 0.25, 0.05]))
        )
        at = str(1_700_000_000 + int(rng.integers(60)))
        lines.append([str(row), age, at, city, str(bool(rng.integers(2))), ["ill", "well"][row % 2]])
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=delimiter).writerows(lines)


def table(folder: Path, **fields: Any) -> ExportedNetwork:
    """The export of a network on a table."""
    dataset = {"name": "mine", "path": str(folder / "mine.csv"), "label": "outcome", **fields}
    return exported_network(folder / "out", model="ann", width=0.01, dataset=dataset)


def assert_inputs_are_those_of_training(one: ExportedNetwork, file: Path) -> None:
    """The program prepares the rows of a file to the bit as the trial's splits are."""
    prepared = one.module.prepare(one.module.read(file))[one.splits.rows]
    assert torch.equal(prepared, torch.cat([one.splits.x_train, one.splits.x_test]))


IMPUTED: Final = {"categorical": ["city"], "missing": "impute", "drop": ["id"]}


@pytest.mark.parametrize(
    ("written", "fields"),
    [
        ({}, IMPUTED),
        ({"delimiter": ";", "decimal": ","}, {**IMPUTED, "max_categories": 2, "categorical": ["city", "smoker"]}),
        (
            {"header": False, "delimiter": "\t"},
            {**IMPUTED, "columns": ["id", "age", "at", "city", "smoker", "outcome"], "na_values": ["Bern"]},
        ),
        ({}, {"drop": ["id", "age", "city"]}),
        (
            {},
            {
                "drop": ["id", "age", "city"],
                "scaling": {"kind": "fixed", "low": [1_700_000_000, 0], "high": [1_700_000_050, 1]},
            },
        ),
    ],
    ids=["categories", "decimal comma", "no header", "numbers", "public ranges"],
)
def test_rows_become_inputs_as_in_training(tmp_path: Path, written: dict[str, Any], fields: dict[str, Any]) -> None:
    """From the file that the training data are in, to the bit."""
    patients(tmp_path / "mine.csv", **written)
    assert_inputs_are_those_of_training(table(tmp_path, **fields), tmp_path / "mine.csv")


def test_thousands_are_read_as_in_training(tmp_path: Path) -> None:
    """With the marks that the sweep names."""
    rows = "".join(f"1.{k:03},5;{'ab'[k // 10 % 2]}\n" for k in range(0, 400, 10))
    (tmp_path / "mine.csv").write_text("x;outcome\n" + rows)
    one = table(tmp_path, thousands=".", decimal=",")
    assert_inputs_are_those_of_training(one, tmp_path / "mine.csv")


def test_a_row_is_classified_by_its_values(tmp_path: Path) -> None:
    """Columns may stand in any order, more of them too; numbers are given as numbers or as they are written."""
    patients(tmp_path / "mine.csv", delimiter=";", decimal=",")
    module = table(tmp_path, **IMPUTED).module
    (tmp_path / "new.csv").write_text("note;city;age;smoker;at\nx;Chur;61,5;True;1700000005\n")
    (row,) = module.read(tmp_path / "new.csv")
    name, probabilities = module.classify(row)
    assert list(probabilities) == ["ill", "well"]
    assert name == max(probabilities, key=probabilities.__getitem__)
    assert sum(probabilities.values()) == pytest.approx(1)
    values = {"city": "Chur", "age": 61.5, "smoker": True, "at": 1_700_000_005}
    assert module.classify(values) == (name, probabilities)
    unknown = module.prepare([{**values, "city": "Lugano"}, {**values, "city": None}])
    assert unknown[0, -3:].tolist() != unknown[1, -3:].tolist()


def test_what_cannot_be_taken_is_told(tmp_path: Path) -> None:
    """The column, and what is wrong with it."""
    patients(tmp_path / "mine.csv")
    module = table(tmp_path, **IMPUTED).module
    values = {"city": "Chur", "age": 61.5, "smoker": True, "at": 1_700_000_005}
    for change, said in (
        ({"age": "old"}, "'age' must be a number, but is 'old'"),
        ({"at": None}, "'at' must have a value, as it had throughout the training"),
        ({"at": 1e300}, "'at' must be a finite 32-bit number"),
    ):
        with pytest.raises(module.ModelError, match=said):
            module.classify({**values, **change})
    with pytest.raises(module.ModelError, match="row 0 must have 'at'"):
        module.classify({"age": 1})
    for text, said in (("age,at\n1,2\n", "lacks 'city', 'smoker'"), ("city,age,smoker,at\n1,2\n", "row 0 must have 4")):
        (tmp_path / "new.csv").write_text(text)
        with pytest.raises(module.ModelError, match=said):
            module.read(tmp_path / "new.csv")


def test_a_column_without_a_number_in_training_says_nothing(tmp_path: Path) -> None:
    """Whatever it holds later is as good as missing, as where the test split alone has numbers."""
    cells = [f"{k},{'' if k < 39 else 5},{'ab'[k % 2]}" for k in range(40)]
    (tmp_path / "mine.csv").write_text("\n".join(["x,y,outcome", *cells]) + "\n")
    one = table(tmp_path, missing="impute")
    assert_inputs_are_those_of_training(one, tmp_path / "mine.csv")


def test_missing_values_are_those_of_pandas(tmp_path: Path) -> None:
    """A text that pandas takes for missing is so here, and no other."""
    texts = [*MISSING_TEXTS, "missing", "NONE", "-", "Na"]
    path = tmp_path / "texts.csv"
    path.write_text("x,y\n" + "".join(f"{text},1\n" for text in texts))
    missing = pd.read_csv(path)["x"].isna().tolist()
    assert missing == [text in MISSING_TEXTS for text in texts]


def test_images_may_have_their_channels_anywhere(tmp_path: Path) -> None:
    """First, last, or none if there is one; of 8 bits where they were so in training."""
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 3), np.uint8)
    np.savez(tmp_path / "images.npz", x=images, y=np.arange(40) % 2)
    dataset = {"name": "images", "path": str(tmp_path / "images.npz")}
    one = exported_network(tmp_path / "out", model="ann", width=0.1, dataset=dataset)
    module, expected = one.module, torch.cat([one.splits.inputs(x) for x in (one.splits.x_train, one.splits.x_test)])
    for given in (images, np.moveaxis(images, 3, 1)):
        np.save(tmp_path / "new.npy", given)
        assert torch.equal(module.prepare(module.read(tmp_path / "new.npy"))[one.splits.rows], expected)
    np.save(tmp_path / "new.npy", images[3])
    assert module.read(tmp_path / "new.npy").shape == (1, 6, 6, 3)
    with pytest.raises(module.ModelError, match="type uint8, from 0 to 255"):
        module.prepare(images / 255)
    with pytest.raises(module.ModelError, match=r"must have the shape \(3, 6, 6\)"):
        module.prepare(images[:, :5])


def test_examples_over_time_end_where_they_end(tmp_path: Path) -> None:
    """One that is shorter may lack its steps, or have NaN there."""
    one = exported_network(tmp_path / "out", model="snn", width=0.1, dataset=short_sequences(tmp_path))
    module = one.module
    arrays = np.load(tmp_path / "sequences.npz")
    x = arrays["x"].copy()
    x[np.arange(5) >= arrays["lengths"][:, None]] = np.nan
    expected = torch.cat([one.splits.x_train, one.splits.x_test])
    prepared = module.prepare(x)[one.splits.rows]
    assert torch.equal(prepared.nan_to_num(), expected.nan_to_num())
    assert torch.equal(prepared.isnan(), expected.isnan())
    assert module.classify(x[1]) == module.classify(x[1, :2])
    x[4, 2, 0] = np.nan
    with pytest.raises(module.ModelError, match="must be finite, up to its end"):
        module.prepare(x)
