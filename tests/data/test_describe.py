import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from pydantic import TypeAdapter

import privsearch.data.describe
import privsearch.data.tables
from privsearch.data import load_dataset
from privsearch.data.describe import describe_file
from privsearch.data.tables import read_frame
from privsearch.errors import DataError
from privsearch.spec import Dataset
from privsearch.spec.plain_yaml import parse
from privsearch.spec.sweep_file import read_sweep

N = 200
RNG = np.random.default_rng(0)


@pytest.fixture
def people(tmp_path: Path) -> Path:
    """A table as people have them: ids, categories, missing values, a constant, semicolons and decimal commas."""
    frame = pd.DataFrame(
        {
            "id": np.arange(N) + 1,
            "age": RNG.integers(17, 90, N),
            "hours": RNG.normal(40, 9, N).round(1),
            "city": RNG.choice(["Köln", "Bonn", "Ulm"], N),
            "work": RNG.choice(["private", "public", "?"], N),
            "country": "DE",
            "income": RNG.choice(["<=50K", ">50K"], N),
        }
    )
    frame.loc[RNG.random(N) < 0.1, "hours"] = np.nan
    path = tmp_path / "people 2026.csv"
    frame.to_csv(path, sep=";", decimal=",", index=False, encoding="utf-8-sig", lineterminator="\r\n")
    return path


def sweep_with(described: Any, folder: Path) -> Any:
    """The first dataset of a sweep file into which an entry was pasted."""
    (folder / "s.yaml").write_text(f"name: s\n{described.yaml}\ngrids: {{g: {{model: [ann]}}}}\n")
    return read_sweep(folder / "s.yaml").datasets[0]


def test_the_entry_reads_the_table(people: Path, tmp_path: Path) -> None:
    """What is proposed can be pasted into a sweep file, and reads what was described."""
    described = describe_file(str(people), "income")
    assert described.entry == {
        "name": "people_2026",
        "path": str(people),
        "label": "income",
        "na_values": ["?"],
        "categorical": ["city", "work"],
        "missing": "impute",
        "drop": ["id", "country"],
    }
    raw = load_dataset(sweep_with(described, tmp_path))
    assert raw.column_names == ("age", "hours", "city", "work")
    assert described.findings is not None
    assert described.findings.input_shape == raw.input_shape == (1 + 2 + 4 + 4,)
    assert sum(described.findings.class_sizes.values()) == described.rows == N


def test_columns_are_described_as_they_are_in_the_file(people: Path) -> None:
    """Their types, missing values, different values, and what they may be."""
    columns = {column.name: column for column in describe_file(str(people), "income").columns}
    assert [column.kind for column in columns.values()] == [
        *("whole numbers", "whole numbers", "numbers", "text", "text", "text", "text"),
    ]
    assert columns["hours"].missing == sum(pd.read_csv(people, sep=";", decimal=",").hours.isna())
    assert columns["id"].content == "1 to 200"
    assert columns["id"].note.startswith("id: ascends from row to row")
    assert columns["country"].note == "constant: has the same value in every row"
    assert columns["income"].note == "the class"


def test_the_column_of_persons_is_no_feature(people: Path, tmp_path: Path) -> None:
    """It is neither a category nor an id to drop, and the entry has it."""
    described = describe_file(str(people), "income", group="age")
    assert described.entry["group"] == "age"
    assert {column.name: column.note for column in described.columns}["age"] == "the person"
    assert load_dataset(sweep_with(described, tmp_path)).unit == "age"


def test_many_identical_rows_are_dropped(people: Path) -> None:
    """The entry says so; what was found is of all rows."""
    text = people.read_text(encoding="utf-8-sig")
    people.write_text(text + "".join(text.splitlines(keepends=True)[1:21]), encoding="utf-8")
    described = describe_file(str(people), "income", drop=["id", "country"])
    assert described.entry["duplicates"] == "drop"
    assert described.findings is not None
    assert described.findings.repeats.total >= 20


def test_without_a_label_the_columns_are_told(people: Path) -> None:
    """To choose one."""
    described = describe_file(str(people))
    assert [column.name for column in described.columns][-1] == "income"
    assert (described.entry, described.findings, described.yaml) == ({}, None, "")


def test_what_cannot_be_a_class_is_told_with_the_columns(people: Path) -> None:
    """Measurements are no classes; the columns help to choose another one."""
    described = describe_file(str(people), "hours", missing="drop")
    assert "labels must be classes, but these are measurements" in described.problem
    assert len(described.columns) == 7
    assert not described.entry


@pytest.mark.parametrize(
    ("label", "fields", "message"),
    [
        ("incom", {}, "the label must be a column, but got label 'incom' .* Did you mean 'income'"),
        ("income", {"delimiter": ";;"}, "must be one character such as"),
        ("income", {"encoding": "klingon"}, "must be the name of a text encoding"),
    ],
)
def test_mistakes(people: Path, label: str, fields: dict[str, Any], message: str) -> None:
    """They are told as in a sweep."""
    with pytest.raises(DataError, match=message):
        describe_file(str(people), label, **fields)


def test_arrays_are_described_by_what_is_found_in_them(tmp_path: Path) -> None:
    """Their entry is the name and the path."""
    np.savez(tmp_path / "scans.npz", x=RNG.random((60, 8, 8)), y=np.arange(60) % 3)
    described = describe_file(str(tmp_path / "scans.npz"))
    assert described.rows == 60
    assert described.findings is not None
    assert described.findings.input_shape == (1, 8, 8)
    assert described.entry == {"name": "scans", "path": str(tmp_path / "scans.npz")}
    assert load_dataset(sweep_with(described, tmp_path)).name == "scans"


def test_a_pair_of_arrays_is_described_with_its_labels(tmp_path: Path) -> None:
    """They are in a file of their own."""
    np.save(tmp_path / "x.npy", RNG.random((40, 5)))
    np.save(tmp_path / "y.npy", np.arange(40) % 2)
    described = describe_file(str(tmp_path / "x.npy"), labels=str(tmp_path / "y.npy"))
    assert described.entry["labels"] == str(tmp_path / "y.npy")
    assert load_dataset(sweep_with(described, tmp_path)).input_shape == (5,)


def test_a_folder_of_images_is_described(tmp_path: Path) -> None:
    """Its classes are those of its folders."""
    for k in range(20):
        folder = tmp_path / "cats and dogs" / "ab"[k % 2]
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(RNG.integers(0, 255, (8, 9, 3)).astype(np.uint8)).save(folder / f"{k}.png")
    described = describe_file(str(tmp_path / "cats and dogs"))
    assert described.findings is not None
    assert described.findings.class_sizes == {"a": 10, "b": 10}
    assert load_dataset(sweep_with(described, tmp_path)).input_shape == (3, 8, 9)


def test_identical_rows_are_not_dropped_where_too_few_would_be_left(tmp_path: Path) -> None:
    """The entry can be used: a table of one category has few different rows."""
    (tmp_path / "t.csv").write_text("colour,y\n" + "".join(f"{'rg'[k % 2]},{k // 2 % 2}\n" for k in range(20)))
    described = describe_file(str(tmp_path / "t.csv"), "y")
    assert dict(described.entry)["categorical"] == ["colour"]
    assert "duplicates" not in described.entry
    assert described.findings is not None
    assert any("repeat an earlier one" in sentence for sentence in described.findings.warnings)


@pytest.mark.parametrize("name", ["no", "null", "1", "a: b", "x, z", "#1", "[x]", "'q'", "*a", "é\n", "1e3", "~"])
def test_the_entry_can_be_pasted_whatever_a_column_is_called(tmp_path: Path, name: str) -> None:
    """Words of YAML, numbers and signs are quoted where they must be."""
    rows = [(name, "z", "y"), *(("pq"[k % 3 % 2], k / 7, k % 2) for k in range(30))]
    with (tmp_path / "t.csv").open("w", newline="") as file:
        csv.writer(file).writerows(rows)
    for label in ("y", name):
        described = describe_file(str(tmp_path / "t.csv"), label)
        assert parse(described.yaml).value["datasets"] == [dict(described.entry)]


@pytest.mark.parametrize(("marker", "reads"), [("", 1), ("?", 2)])
def test_a_table_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, marker: str, reads: int) -> None:
    """And once more where a marker hides numbers; whatever is left out, imputed or dropped after that."""
    rows = [f"{k},{k % 4},{marker if k == 3 else k % 7},town{k % 3},1,{'xy'[k % 2]}" for k in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["id,a,b,city,one,y", *rows, *rows[:8]]) + "\n")
    seen: list[Path] = []

    def counted(path: Path, dataset: Any) -> Any:
        seen.append(path)
        return read_frame(path, dataset)

    monkeypatch.setattr(privsearch.data.describe, "read_frame", counted)
    monkeypatch.setattr(privsearch.data.tables, "read_frame", counted)
    described = describe_file(str(tmp_path / "t.csv"), "y")
    assert (described.problem, len(seen)) == ("", reads)
    assert (described.entry["missing"], described.entry["categorical"]) == ("impute", ["city"])
    assert described.entry["drop"] == ["one"]
    assert load_dataset(TypeAdapter(Dataset).validate_python(described.entry)).input_shape == (1 + 1 + 2 + 4,)
