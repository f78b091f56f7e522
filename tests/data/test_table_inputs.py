from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from privsearch.data.splits import load_splits
from privsearch.data.table_inputs import TableInputs
from privsearch.data.tables import MISSING, load_table
from privsearch.errors import DataError
from privsearch.spec import TableDataset

RNG = np.random.default_rng(0)


def test_inputs_are_those_of_a_pipeline_of_scikit_learn() -> None:
    """The median, the scale and the categories of the training split, as its own classes compute them."""
    numbers = RNG.normal(5, 3, (60, 2))
    numbers[RNG.random((60, 2)) < 0.2] = np.nan
    codes = RNG.integers(4, size=60).astype(float)
    codes[:4] = range(4)
    table = np.column_stack([numbers[:, 0], codes, numbers[:, 1]])
    inputs = TableInputs((None, tuple("abcd"), None), (True, False, True), 20)
    train, test = inputs.fitted(table[:40], table[40:])
    scaled = make_pipeline(SimpleImputer(strategy="median"), StandardScaler())
    expected = ColumnTransformer(
        [("numbers", scaled, [0, 2]), ("categories", OneHotEncoder(sparse_output=False), [1])]
    ).fit(table[:40])
    for got, rows in ((train, table[:40]), (test, table[40:])):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got[:, [0, 7, 2, 3, 4, 5]], expected.transform(rows), atol=1e-6)
        np.testing.assert_array_equal(got[:, [1, 8]], np.isnan(rows[:, [0, 2]]))
        assert not got[:, 6].any()  # no category beyond the four


def test_rare_and_unknown_categories_share_an_input() -> None:
    """The most frequent ones of the training split have one each; the others, and those that it lacks, one together."""
    inputs = TableInputs((tuple("abcde"),), (False,), 2)
    train = np.array([0, 0, 0, 3, 3, 1, 2], dtype=float)[:, np.newaxis]
    test = np.array([0, 1, 2, 3, 4], dtype=float)[:, np.newaxis]
    _, got = inputs.fitted(train, test)
    np.testing.assert_array_equal(got.argmax(1), [0, 2, 2, 1, 2])
    lacking = TableInputs((tuple("abc"),), (False,), 20)
    _, got = lacking.fitted(np.array([[0.0], [2.0]]), np.array([[0.0], [1.0], [2.0]]))
    np.testing.assert_array_equal(got, np.eye(4)[[0, 3, 2]])


@given(
    codes=st.lists(st.integers(0, 9), min_size=4, max_size=30),
    cut=st.integers(1, 3),
    most=st.integers(2, 12),
)
def test_every_split_gives_as_many_inputs(codes: list[int], cut: int, most: int) -> None:
    """Networks of one trial have one shape, and every category has exactly one input."""
    names = tuple(map(str, range(10)))
    inputs = TableInputs((names, None), (False, True), most)
    table = np.column_stack([np.array(codes, float), np.full(len(codes), np.nan)])
    for part in inputs.fitted(table[:cut], table[cut:]):
        assert part.shape[1] == inputs.num_inputs == min(10, most) + 1 + 2
        np.testing.assert_array_equal(part[:, : min(10, most) + 1].sum(1), 1)
        assert np.isfinite(part).all()


def table(folder: Path, **fields: object) -> TableDataset:
    """A table with a category and missing values, on disk."""
    rows = [f"{'' if k % 7 == 0 else k},{'' if k % 11 == 0 else 'xyz'[k % 3]},{k % 2}\n" for k in range(50)]
    (folder / "t.csv").write_text("a,b,y\n" + "".join(rows))
    return TableDataset.model_validate({"name": "t", "path": str(folder / "t.csv"), "label": "y", **fields})


def test_missing_values_are_what_the_sweep_says(tmp_path: Path) -> None:
    """Imputed, with an input that tells or a category of their own; or dropped, while other rows keep theirs."""
    imputed = load_table(table(tmp_path, categorical=("b",), missing="impute"))
    assert imputed.table_inputs is not None
    assert imputed.table_inputs.categories == (None, (MISSING, "x", "y", "z"))
    assert imputed.table_inputs.with_missing == (True, False)
    dropped = load_table(table(tmp_path, categorical=("b",), missing="drop"))
    rows = [k for k in range(50) if k % 7 and k % 11]
    np.testing.assert_array_equal(dropped.rows, rows)
    np.testing.assert_array_equal(dropped.x[:, 0], rows)
    numbers = load_table(table(tmp_path, drop=("b",), missing="drop"))
    assert numbers.table_inputs is None
    assert len(numbers.y) == 50 - 8


@pytest.mark.parametrize("missing", [None, "refuse"])
def test_missing_values_are_refused_with_the_lines_to_add(tmp_path: Path, missing: str | None) -> None:
    """First the text is told, with both lines; where it is said, the missing values alone."""
    lines = r"\n    categorical: \[b\]\n    missing: impute\n" if missing is None else r"\n    categorical: \[b\]\n"
    with pytest.raises(DataError, match=rf"column 'b': [\s\S]*Add to this dataset's entry{lines}"):
        load_table(table(tmp_path, missing=missing))
    with pytest.raises(
        DataError, match=r"missing in 'a' \(8\), 'b' \(5\)[\s\S]*\n    missing: impute\n[\s\S]*missing: drop"
    ):
        load_table(table(tmp_path, missing=missing, categorical=("b",)))


def test_splits_fit_on_the_training_split_of_each_network(tmp_path: Path) -> None:
    """A network with a training split of its own has its own median, scale and categories."""
    dataset = table(tmp_path, categorical=("b",), missing="impute")
    splits = load_splits(dataset, seed=0, train_size=None, test_size=None)
    assert splits.x_train.shape == (40, 2 + 5)
    training = np.zeros((1, 50), dtype=bool)
    training[0, np.random.default_rng(1).permutation(50)[:40]] = True
    own = splits.with_own(training).of_network(0)
    assert own.unscaled is not None
    assert own.table_inputs is not None
    expected = own.table_inputs.fitted(own.unscaled[:40], own.unscaled[40:])
    np.testing.assert_array_equal(own.x_train.numpy(), expected[0])
    np.testing.assert_array_equal(own.x_test.numpy(), expected[1])
    values = own.x_train.numpy()
    assert abs(values[:, 0].mean()) < 1e-6
    assert abs(values[:, 0].std() - 1) < 1e-6


def test_a_column_without_values_in_training_is_zero_in_both() -> None:
    """There is no scale for a value of the test split, which may be any number."""
    inputs = TableInputs((None, None), (True, False), 20)
    train, test = np.array([[np.nan, 1.0], [np.nan, 2.0]]), np.array([[1e9, 1.5], [np.nan, 1.5]])
    fitted_train, fitted_test = inputs.fitted(train, test)
    assert fitted_train[:, 0].tolist() == fitted_test[:, 0].tolist() == [0, 0]
    assert fitted_test[:, 1].tolist() == [0, 1]


def test_a_category_called_missing_is_not_that_of_missing_values(tmp_path: Path) -> None:
    """However many brackets it has: the two would be one input."""
    names = ["(missing)", "((missing))", "", "a"]
    rows = [f"{k},{names[k % 4]},{'xy'[k % 2]}" for k in range(40)]
    (tmp_path / "t.csv").write_text("\n".join(["u,c,y", *rows]) + "\n")
    raw = load_table(
        TableDataset(name="t", path=str(tmp_path / "t.csv"), label="y", categorical=("c",), missing="impute")
    )
    assert raw.table_inputs is not None
    assert raw.table_inputs.categories[1] == ("(((missing)))", "((missing))", "(missing)", "a")
    assert [raw.table_inputs.categories[1][int(code)] for code in raw.x[:4, 1]] == [  # type: ignore[index]
        "(missing)",
        "((missing))",
        "(((missing)))",
        "a",
    ]
