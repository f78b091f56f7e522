"""The three datasets that scikit-learn brings along: no download, no file."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np
from sklearn.datasets import load_breast_cancer, load_digits, load_iris

from privsearch.data.raw import RawDataset, did_you_mean, listed
from privsearch.errors import DataError

_BUNCHES: Final[dict[str, Callable[[], Any]]] = {
    "iris": load_iris,
    "breast_cancer": load_breast_cancer,
    "digits": load_digits,
}


def load_embedded(name: str) -> RawDataset:
    """Load one of scikit-learn's datasets.

    Iris `(150, 4)` and breast cancer `(569, 30)` are tables in their own units; digits are `(1797, 1, 8, 8)` images,
    their 17 grey levels scaled to [0, 1].

    Raises:
        DataError: there is no embedded dataset of that name.
    """
    if name not in _BUNCHES:
        raise DataError(
            f"An embedded dataset must be one of {listed(_BUNCHES)}, but got {name!r}."
            f"{did_you_mean(name, list(_BUNCHES))}"
        )
    bunch = _BUNCHES[name]()
    x = bunch.images[:, np.newaxis] / 16 if name == "digits" else bunch.data
    return RawDataset(
        name=name,
        source="embedded (scikit-learn)",
        x=x.astype(np.float32),
        y=bunch.target.astype(np.int64),
        class_names=tuple(str(label) for label in bunch.target_names),
    )
