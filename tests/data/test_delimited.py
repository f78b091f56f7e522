import codecs
import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch.data.delimited import DELIMITERS, recognised_delimiter
from privsearch.data.raw import RawDataset
from privsearch.data.tables import load_table
from privsearch.errors import DataError
from privsearch.spec import TableDataset

HEADER = ("größe", "weight", "note, of sorts", "label")
Load = Callable[..., RawDataset]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a file of bytes and load it as a table."""

    def load(content: bytes, name: str = "table.csv", **fields: Any) -> RawDataset:
        (tmp_path / name).write_bytes(content)
        return load_table(TableDataset(**{"name": "mine", "path": str(tmp_path / name), "label": "label", **fields}))

    return load


def written(delimiter: str = ",", decimal: str = ".", end: str = "\n") -> str:
    """A table of 20 rows as programs write it: fields in quotes where they hold the delimiter."""

    def field(text: str) -> str:
        return f'"{text}"' if delimiter in text or decimal == text else text

    rows = [HEADER, *((str(k / 4).replace(".", decimal), str(k * k), f"-{k}", f"c, {k % 2}") for k in range(20))]
    return end.join(delimiter.join(map(field, row)) for row in rows) + end


EXPECTED = np.array([[k / 4, k * k, -k] for k in range(20)], dtype=np.float32)


@pytest.mark.parametrize("delimiter", DELIMITERS)
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiter_decimal_mark_and_line_ends_are_recognised(
    load: Load, delimiter: str, decimal: str, end: str
) -> None:
    """The same numbers, names and classes, whichever program wrote the table."""
    raw = load(written(delimiter, decimal, end).encode())
    np.testing.assert_array_equal(raw.x, EXPECTED, strict=True)
    assert raw.class_names == ("c, 0", "c, 1")
    assert raw.column_names == HEADER[:3]
    assert not raw.warnings


@pytest.mark.parametrize(
    ("encoding", "mark", "is_told"),
    [
        ("utf-8", b"", False),
        ("utf-8", codecs.BOM_UTF8, False),
        ("utf-16-le", codecs.BOM_UTF16_LE, False),
        ("utf-16-be", codecs.BOM_UTF16_BE, False),
        ("cp1252", b"", True),
    ],
)
def test_the_encoding_is_recognised(load: Load, encoding: str, mark: bytes, is_told: bool) -> None:
    """By its mark, as UTF-8, or else by its bytes; the last is told."""
    raw = load(mark + written(";").encode(encoding))
    np.testing.assert_array_equal(raw.x, EXPECTED, strict=True)
    assert raw.column_names == HEADER[:3]
    assert any("not in UTF-8" in warning for warning in raw.warnings) == is_told


def test_what_the_sweep_says_is_taken_at_its_word(load: Load) -> None:
    """Where it cannot be recognised, the delimiter, the decimal mark and the encoding can be named."""
    raw = load(written("^", ",").encode("cp500"), delimiter="^", decimal=",", encoding="cp500")
    np.testing.assert_array_equal(raw.x, EXPECTED, strict=True)
    raw = load(written("\t").encode(), delimiter="tab")
    np.testing.assert_array_equal(raw.x, EXPECTED, strict=True)
    with pytest.raises(DataError, match=r"must be a readable CSV file.* add delimiter, encoding or kind"):
        load(written().encode("cp500"), encoding="utf-8")


@pytest.mark.parametrize(("values", "refused"), [(("1,000", "2,500"), True), (("1,000", "2,5"), False)])
def test_a_comma_that_may_separate_thousands_is_not_guessed(load: Load, values: tuple[str, str], refused: bool) -> None:
    """1,000 may be a thousand or one; beside 2,5 it is one."""
    content = "x;label\n" + "".join(f"{values[k % 2]};{k % 2}\n" for k in range(10))
    if refused:
        with pytest.raises(DataError, match=r"column 'x': .*'1,000' may have a decimal comma .* Add decimal: \",\""):
            load(content.encode())
        assert load(content.encode(), decimal=",").x[0, 0] == 1
    else:
        assert load(content.encode()).x[0, 0] == 1


def test_several_commas_are_no_decimal_comma(load: Load) -> None:
    """What has commas between thousands only is refused as well, with the remedy."""
    content = "x;label\n" + "".join(f"1,234,56{k};{k % 2}\n" for k in range(10))
    with pytest.raises(DataError, match="write the numbers without commas"):
        load(content.encode())


@pytest.mark.parametrize(
    ("rows", "label", "delimiter"),
    [
        (["a,b;y\n", "1,2;3\n"], "y", ";"),  # both fit; the label decides
        (["a,b;y\n", "1,2;3\n"], "b;y", ","),
        (["a;b;y\n", "1,5;2,5;0\n"], "y", ";"),
        (["a;b;y\n", "1;2\n"], "y", ";"),  # a row that does not fit is told in the right columns
        (["a\n", "1\n"], "a", ","),
        (['"a;1","b;2",y\n', "1,2,3\n"], "y", ","),
        ([], "y", ","),
    ],
)
def test_the_delimiter_is_that_of_every_row(rows: list[str], label: str, delimiter: str) -> None:
    """Of several that fit, that which sets the label apart; of none, that of the header."""
    assert recognised_delimiter(rows, label) == delimiter


def test_columns_name_those_of_a_file_without_a_header(load: Load) -> None:
    """The first row is an example then; a wrong number of names is told."""
    content = "".join(written(",").splitlines(keepends=True)[1:]).encode()
    raw = load(content, "table.data", columns=("a", "b", "c", "label"))
    np.testing.assert_array_equal(raw.x, EXPECTED, strict=True)
    assert raw.column_names == ("a", "b", "c")
    with pytest.raises(DataError, match="columns must name every column, but names 3, and the first row has 4 fields"):
        load(content, "table.data", columns=("a", "b", "label"))


def test_texts_for_missing_values_are_those_that_are_named(load: Load) -> None:
    """A question mark is text until the sweep says that it is none."""
    content = "x;label\n" + "".join(f"{'?' if k == 3 else k};{k % 2}\n" for k in range(20))
    with pytest.raises(
        DataError, match=r"such as '\?'[\s\S]*if '\?' stands for a missing value,\n    na_values: \['\?'\]\n"
    ):
        load(content.encode())
    assert len(load(content.encode(), na_values=("?",), missing="drop").y) == 19
    assert load(content.encode(), na_values=("?",), missing="impute").input_shape == (2,)


@pytest.mark.parametrize(
    "content",
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" * 9, b"\0" * 100, gzip.compress(b"x,label\n")],
    ids=["image", "zeros", "packed"],
)
def test_what_is_no_text_is_refused(load: Load, content: bytes) -> None:
    """Images, zeros and packed files that are called .csv."""
    with pytest.raises(DataError, match=r"^/.*table\.csv: "):
        load(content)


@pytest.mark.parametrize("fields", [{}, {"decimal": ","}], ids=["recognised", "said"])
@pytest.mark.parametrize(("value", "refused"), [("1.000", True), ("12.500", True), ("3.14", False), ("0.125", False)])
def test_a_point_beside_a_decimal_comma_is_not_guessed(
    load: Load, fields: dict[str, str], value: str, refused: bool
) -> None:
    """Where 2,5 is a number, 1.000 is a thousand; what cannot be one has a decimal point."""
    content = ("x;z;label\n" + "".join(f"{value};{k},5;{k % 2}\n" for k in range(10))).encode()
    if refused:
        with pytest.raises(DataError, match=rf"column 'x': .* {value!r} may have a point between thousands"):
            load(content, **fields)
        assert load(content, drop=["x"], **fields).x[1, 0] == 1.5
    else:
        assert load(content, **fields).x[0, 0] == float(value)


@pytest.mark.parametrize(
    ("mark", "decimal", "delimiter"),
    [(".", ",", ";"), (",", ".", ";"), (" ", ",", ";"), ("'", ".", ","), ("\u202f", ",", ";")],
)
def test_marks_between_thousands_are_read_where_they_are_named(
    load: Load, mark: str, decimal: str, delimiter: str
) -> None:
    """With the decimal mark left unsaid, too; plain numbers beside them stay what they are."""
    numbers = [1234567.5, -1000, 12, 0.25, 100] * 4
    texts = [f"{n:,}".replace(",", "_").replace(".", decimal).replace("_", mark) for n in numbers]
    rows = [f"{text}{delimiter}{'xy'[k % 2]}" for k, text in enumerate(texts)]
    content = "\n".join([f"a{delimiter}label", *rows]).encode()
    named = " " if mark == "\u202f" else mark
    raw = load(content, thousands=named)
    np.testing.assert_allclose(raw.x[:, 0], numbers)
    with pytest.raises(DataError, match="thousands: "):
        load(content)


def test_a_mark_that_parts_no_thousands_makes_no_number(load: Load) -> None:
    """A date, and a version, have points as well."""
    content = b"a;label\n" + b"".join(b"1.10;%s\n" % b"xy"[k % 2 : k % 2 + 1] for k in range(20))
    with pytest.raises(DataError, match=r"thousands must be in threes, but got '1\.10'"):
        load(content, thousands=".")


@pytest.mark.parametrize("missing", [None, "impute", "drop"])
def test_a_row_that_is_too_short_is_refused_with_its_line(load: Load, missing: str | None) -> None:
    """It was filled up with missing values, which were then imputed in silence; one with empty fields is whole."""
    rows = ["a,b,label", *(f'{k},"x\ny",{"xy"[k % 2]}' for k in range(10)), "11,x", *(f"{k},,x" for k in range(4)), "1"]
    fields = {"categorical": ["b"], "missing": missing}
    with pytest.raises(DataError, match=r"line 22: every row .* 3, but this one has 2, and 1 more have too few"):
        load("\n".join(rows).encode(), **fields)
    whole = [row for row in rows if row.count(",") == 2]
    assert len(load("\n".join(whole).encode(), categorical=["b"], missing="impute").y) == 14


@pytest.mark.parametrize(
    ("first", "told"),
    [
        ("sep=;", "by which Excel names the delimiter. Remove this line; .* add delimiter: ';'"),
        ('"sep=\t"', "Remove this line; .* add delimiter: tab"),
        ("# made by a program", "Remove the line that begins with #"),
        ("# made by a program\n#, and another", "Remove the 2 lines that begin with #"),
    ],
)
def test_a_line_above_the_header_is_refused_with_the_remedy(load: Load, first: str, told: str) -> None:
    """With a mark of the encoding before it, too."""
    table = written(";")
    for mark in (b"", codecs.BOM_UTF8):
        with pytest.raises(DataError, match=rf"line 1: the first line must be the header, but is .*{told}"):
            load(mark + f"{first}\n{table}".encode())


def test_a_header_may_begin_with_a_hash(load: Load) -> None:
    """As NumPy writes it."""
    content = b"#a,label\n" + b"".join(b"%d,%s\n" % (k, b"xy"[k % 2 : k % 2 + 1]) for k in range(20))
    assert load(content).column_names == ("#a",)


def test_long_cells_are_cut_in_messages(load: Load) -> None:
    """A text of a whole page is no example to read."""
    content = ("a,label\n" + "".join(f"{'word ' * 500}{k},{'xy'[k % 2]}\n" for k in range(20))).encode()
    with pytest.raises(DataError) as error:
        load(content)
    assert len(str(error.value)) < 600
