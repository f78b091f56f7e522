import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from privsearch.data.dataset import fingerprint
from privsearch.data.raw import RawDataset
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import TableDataset

ROWS = "".join(f"{i},{i / 2},{'ab'[i % 2]}\n" for i in range(10))


@pytest.fixture
def csv(tmp_path: Path) -> Callable[..., RawDataset]:
    """Write a CSV file and load it."""

    def load(text: str | bytes, label: str = "label") -> RawDataset:
        path = tmp_path / "table.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return load_table(TableDataset(name="mine", path=str(path), label=label))

    return load


def test_csv_columns_become_features_in_order(csv: Callable[..., RawDataset], tmp_path: Path) -> None:
    """All columns but the label are features, in the order of the file."""
    raw = csv("x,y,label\n" + ROWS)
    np.testing.assert_array_equal(raw.x, np.array([[i, i / 2] for i in range(10)], dtype=np.float32), strict=True)
    np.testing.assert_array_equal(raw.y, np.arange(10) % 2, strict=True)
    assert raw.class_names == ("a", "b")
    assert (raw.name, raw.source) == ("mine", str(tmp_path / "table.csv"))
    assert raw.test_x is None


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffx,y,label\n" + ROWS,
        "x, y, label\n" + ROWS.replace(",", ", "),
        "x,y,label\n" + ROWS + "\n\n",
        ("x,y,label\n" + ROWS).replace("\n", "\r\n"),
        '"x","y","label"\n' + ROWS.replace("a", '"a"'),
    ],
    ids=["byte order mark", "spaces after commas", "blank lines at the end", "Windows line ends", "quotes"],
)
def test_csv_dialects_mean_the_same(csv: Callable[..., RawDataset], text: str) -> None:
    """What spreadsheets write in different ways is read as the same table."""
    plain = csv("x,y,label\n" + ROWS)
    raw = csv(text)
    np.testing.assert_array_equal(raw.x, plain.x)
    np.testing.assert_array_equal(raw.y, plain.y)
    assert raw.class_names == plain.class_names


def test_csv_label_may_stand_anywhere(csv: Callable[..., RawDataset]) -> None:
    """The label is found by its name, not by its place."""
    raw = csv("kind,x\n" + "a,1\nb,2\n" * 5, label="kind")
    assert raw.x[:2].tolist() == [[1.0], [2.0]]


@pytest.mark.parametrize(
    ("a", "b", "class_names"),
    [
        ("10", "9", ("9", "10")),
        ("True", "False", ("False", "True")),
        ("2", "x", ("2", "x")),
        ("1.5", "-1", ("-1.0", "1.5")),
    ],
)
def test_csv_classes_are_sorted(csv: Callable[..., RawDataset], a: str, b: str, class_names: tuple[str, str]) -> None:
    """Numbers are sorted as numbers, everything else as text."""
    raw = csv("x,label\n" + f"1,{a}\n2,{b}\n" * 5)
    assert raw.class_names == class_names
    assert raw.y[0] == class_names.index(a)


def test_csv_true_and_false_are_numbers(csv: Callable[..., RawDataset]) -> None:
    """A one-hot column as pandas writes it counts as 1 and 0."""
    assert csv("x,label\n" + "True,a\nFalse,b\n" * 5).x[:2].tolist() == [[1.0], [0.0]]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a readable CSV file .* No columns .* Save the table as CSV again"),
        ("\n\n", "must be a readable CSV file"),
        (b"\x89PNG\xff\xfe\0\1", "must be text, but its encoding cannot be told. Add encoding: cp1252, or another one"),
        ("x,y,label\n" + ROWS + "1,2,a,4,5\n", "as many fields in every row.* Expected 3 fields in line 12, saw 5"),
        ("x,y,label\n" + ROWS.replace("\n", ",7\n"), "as many fields in every row.* Length of header"),
        ("x,y,label\n" + ROWS + '1,"2,a\n', "must be a readable CSV file .* EOF inside string"),
        ("x,y,label\n", "at least one row and one column beside the label, but got 0 rows"),
        ("label\n" + "a\nb\n" * 5, "one column beside the label, but got 10 rows and the columns 'label'"),
        ("x,y,Lable\n" + ROWS, "got label 'label' and the columns are .* 'x', 'y', 'Lable'.* Did you mean 'Lable'?"),
        ("x;y;kind\n" + ROWS.replace(",", ";"), "separated by commas.* 'x', 'y', 'kind'"),
        ("x,x,label\n" + ROWS, "a name of its own, but these occur more than once: 'x'. Rename or remove"),
        (",x,label\n" + ROWS, "must have a name, but column 1 of 3 has none.* index=False"),
        ("x,y,label\n" + ROWS + "1,2,\n", "column 'label': every row must have a label, but 1 have none .* in row 10 "),
        (
            "x,y,label\n" + ROWS + "1,two,a\n",
            "column 'y': .* must hold numbers, unless .* but 1 are not, such as 'two', in row 10 ",
        ),
        (
            "x,y,label\n" + ROWS + "1+2j,2,a\n",
            "column 'x': .* must hold numbers, unless .* but 1 are not, such as '1\\+2j'",
        ),
        (
            "x,y,label\n,1,a\n" + ROWS + ",2,a\n",
            r"column 'x': every value must be there, .* missing in 'x' \(2\), the first in row 0, 11 ",
        ),
        ("x,y,label\n" + ROWS + "-inf,2,a\n", "column 'x': .* finite .* 1 are infinite or too large, in row 10 "),
        ("x,y,label\n" + ROWS + "1,1e300,a\n", "column 'y': .* finite 32-bit number, but 1 are"),
        (
            "x,y,label\n" + ROWS.replace("b", "a"),
            "column 'label': at least 2 classes must occur, but all labels are 'a'",
        ),
        ("x,y,label\n" + ROWS + "1,2,c\n", "at least 2 examples, but 1 of 3 have one only: 'c'. Remove them or add"),
        ("x,label\n" + "".join(f"1,{i}.5\n" for i in range(12)), "12 of 12 .* 9.5 and 2 more.* put them into classes"),
        ("x,label\n" + "1,a\n1,b\n1,c\n" * 3, "room for every class, but 9 examples give 2 for 3 classes"),
    ],
)
def test_csv_mistakes(csv: Callable[..., RawDataset], tmp_path: Path, text: str | bytes, message: str) -> None:
    """Every mistake in a table is named with its file, its place, and what must hold."""
    with pytest.raises(DataError, match=f"^{re.escape(str(tmp_path / 'table.csv'))}.*{message}"):
        csv(text)


@pytest.mark.parametrize("label", ["setosa", "species"])
def test_a_table_without_a_header_is_told(csv: Callable[..., RawDataset], label: str) -> None:
    """Its first example would be taken for names, and missed."""
    table = "5.1,3.5,1.4,0.2,setosa\n" + "4.9,3.0,1.4,0.2,setosa\n6.2,2.9,4.3,1.3,versicolor\n" * 5
    told = r"The first row must name the columns, but holds numbers \('5\.1', '3\.5', '1\.4' and 2 more\)\."
    if label == "setosa":
        (warning,) = csv(table, label=label).warnings
        assert re.match(told, warning)
    else:
        with pytest.raises(DataError, match=told):
            csv(table, label=label)
    with pytest.raises(DataError, match=f"more than once: '1.4'.*{told}"):
        csv(table.replace("0.2", "1.4", 1).replace("5.1,3.5,1.4,1.4", "5.1,3.5,1.4,1.4"))


@pytest.mark.parametrize("header", ["0,1,2,y", "400,410.5,421,y", "1x1,1x2,2x1,y", "a,1,0,y"])
def test_names_that_are_numbers_are_not_told(csv: Callable[..., RawDataset], header: str) -> None:
    """Numbers of columns, and wavelengths."""
    assert csv(f"{header}\n" + "1,2.5,3,a\n4,5,6,b\n" * 5, label="y").warnings == ()


def test_a_table_beyond_all_measure_is_refused_with_its_size(csv: Callable[..., RawDataset], tmp_path: Path) -> None:
    """Before any of it is read: the sizes of the file and of its header are enough."""
    (tmp_path / "large.csv").touch()
    os.truncate(tmp_path / "large.csv", 5 * 2**30)
    with pytest.raises(DataError, match=r"at most 4,294,967,296 bytes, but has 5,368,709,120\. Take fewer rows"):
        load_table(TableDataset(name="mine", path=str(tmp_path / "large.csv"), label="label"))
    with pytest.raises(DataError, match=r"at most 100,000 columns, but got 100,001\. Write an NPZ archive"):
        csv(",".join(map(str, range(100_001))) + "\n")


def test_long_lists_are_cut(csv: Callable[..., RawDataset]) -> None:
    """A message lists ten columns at most, and five rows, and says how many it leaves out."""
    with pytest.raises(DataError, match=r"'c9' and 10 more\. Name one"):
        csv(",".join(f"c{i}" for i in range(20)) + "\n")
    with pytest.raises(DataError, match=r"'x' \(12\), the first in row 0, 1, 2, 3, 4 and 7 more \(the first is 0\)\."):
        csv("x,label\n" + "nan,a\nnan,b\n" * 6)


def test_a_limit_of_categories_that_is_not_reached_is_no_part_of_the_data(tmp_path: Path) -> None:
    """Only one that a column reaches makes other inputs, and so other data."""
    (tmp_path / "t.csv").write_text("c,y\n" + "".join(f"c{k % 4},{k // 4 % 2}\n" for k in range(40)))
    entry = {"name": "mine", "path": str(tmp_path / "t.csv"), "label": "y", "categorical": ("c",)}
    prints = [
        fingerprint(load_table(TableDataset.model_validate({**entry, "max_categories": limit})))
        for limit in (2, 3, 4, 20, 1000)
    ]
    assert len(set(prints)) == 3
    assert prints[2] == prints[3] == prints[4]
