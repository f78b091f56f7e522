import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

from privsearch.data.embedded import load_embedded
from privsearch.errors import DataError


@pytest.mark.parametrize(
    ("name", "shape", "num_classes"),
    [("iris", (150, 4), 3), ("breast_cancer", (569, 30), 2), ("digits", (1797, 1, 8, 8), 10)],
)
def test_shapes_and_types(name: str, shape: tuple[int, ...], num_classes: int) -> None:
    """Each embedded dataset has its well-known shape, in 32-bit floats, with classes from 0."""
    raw = load_embedded(name)
    assert raw.name == name
    assert raw.source == "in scikit-learn"
    assert (raw.x.shape, raw.x.dtype) == (shape, np.float32)
    assert (raw.y.shape, raw.y.dtype) == (shape[:1], np.int64)
    assert set(raw.y.tolist()) == set(range(num_classes))
    assert len(raw.class_names) == num_classes
    assert raw.test_x is None
    assert raw.test_y is None


def test_iris_is_as_scikit_learn_has_it() -> None:
    """A table keeps its own units, and its classes their names."""
    raw = load_embedded("iris")
    np.testing.assert_array_equal(raw.x, load_iris().data.astype(np.float32))
    assert raw.class_names == ("setosa", "versicolor", "virginica")


def test_digits_are_scaled_by_their_17_grey_levels() -> None:
    """Digits keep their pixels where they were, and lie in [0, 1]."""
    raw = load_embedded("digits")
    np.testing.assert_array_equal(raw.x[:, 0] * 16, load_digits().images)
    assert (raw.x.min(), raw.x.max()) == (0, 1)
    assert raw.class_names == tuple("0123456789")


def test_unknown_name_is_refused_with_the_nearest() -> None:
    """A misspelt name is answered with all names and the nearest of them."""
    with pytest.raises(DataError, match=r"one of 'iris', 'breast_cancer', 'digits', but got 'Irsi'.* mean 'iris'\?"):
        load_embedded("Irsi")
