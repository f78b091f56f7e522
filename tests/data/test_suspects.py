from typing import Any

import numpy as np
import pytest

from privsearch.data.raw import RawDataset
from privsearch.data.suspects import find_suspects
from privsearch.data.table_inputs import TableInputs

N = 120
RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=N)
NOISE = RNG.normal(size=N)


def found(**columns: Any) -> dict[str, str]:
    """The fault of each suspect among columns; those of text have categories."""
    texts = {
        name: np.unique(values, return_inverse=True) for name, values in columns.items() if values.dtype.kind == "U"
    }
    x = np.column_stack([texts[name][1] if name in texts else values for name, values in columns.items()])
    inputs = TableInputs(
        tuple(tuple(texts[name][0].tolist()) if name in texts else None for name in columns),
        tuple(bool(np.isnan(column).any()) for column in x.T),
        20,
    )
    x = x.astype(np.float64)
    raw = RawDataset("t", "t", x, Y, ("a", "b", "c"), table_inputs=inputs, column_names=tuple(columns))
    return {suspect.column: suspect.fault for suspect in find_suspects(raw)}


def missing(values: np.ndarray) -> np.ndarray:
    """The same values, the first two missing."""
    return np.where(np.arange(N) < 2, np.nan, values)


@pytest.mark.parametrize(
    ("values", "fault"),
    [
        (np.arange(N), "id"),
        (-np.arange(N) / 3, "id"),
        (RNG.permutation(N) + 1_000, "id"),
        (np.array([f"p{k}" for k in RNG.permutation(N)]), "id"),
        (np.ones(N), "constant"),
        (np.full(N, np.nan), "constant"),
        (Y * 2.0, "leak"),
        (np.array(["u", "v", "w"])[Y], "leak"),
        (Y + 0.1 * RNG.random(N), "leak"),
        (np.array([f"p{k // 3}" for k in range(N)]), "person"),
        (NOISE, None),
        (missing(np.ones(N)), None),  # that it is missing says something
        (Y + NOISE, None),
        (RNG.integers(50, size=N), None),
        (np.array(list("abcd"))[RNG.integers(4, size=N)], None),
        (missing(np.arange(N)), None),
    ],
)
def test_columns_that_are_hardly_features_are_found(values: np.ndarray, fault: str | None) -> None:
    """Those that number the rows, never change, or tell the class; and no others."""
    assert found(noise=NOISE, column=values) == ({"column": fault} if fault else {})


def test_images_have_no_columns() -> None:
    """A pixel that never changes is no fault."""
    assert not find_suspects(RawDataset("t", "t", np.zeros((N, 1, 4, 4), np.float32), Y, ("a", "b", "c")))


def test_a_column_without_values_is_constant() -> None:
    """And is told as what it is."""
    raw = RawDataset("mine", "here", np.full((8, 1), np.nan), np.arange(8) % 2, ("a", "b"), column_names=("empty",))
    first = next(iter(find_suspects(raw)))
    assert (first.fault, first.evidence) == ("constant", "has no value")
