"""The three datasets that scikit-learn contains, without download or file."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from privsearch.data.raw import RawDataset, did_you_mean, listed
from privsearch.errors import DataError

SOURCE: Final = "in scikit-learn"


@dataclass(frozen=True)
class KnownDataset:
    """The facts about a dataset that a plan needs without waiting for scikit-learn's import.

    Attributes:
        input_shape: the shape of an example.
        num_classes: the number of classes.
        num_examples: the number of examples; a fifth of them become the test split.
        fingerprint: `privsearch.data.dataset.fingerprint` of the data, compared whenever they are loaded.
        class_sizes: the number of examples of each class, by its name.
        repeats: the numbers of examples that repeat one of the same split, and of test examples that are in training.
    """

    input_shape: tuple[int, ...]
    num_classes: int
    num_examples: int
    fingerprint: str
    class_sizes: dict[str, int]
    repeats: tuple[int, int]


EMBEDDED: Final = {
    "iris": KnownDataset(
        (4,),
        3,
        150,
        "9905bba7fded03f50113351a2a54a698c9668e246e52a69cb0dac004b29dbc7f",
        {"setosa": 50, "versicolor": 50, "virginica": 50},
        (1, 0),
    ),
    "breast_cancer": KnownDataset(
        (30,),
        2,
        569,
        "301113494a09d7997deba8b5024c610eea339eb933928d04e0074f310cc95244",
        {"malignant": 212, "benign": 357},
        (0, 0),
    ),
    "digits": KnownDataset(
        (1, 8, 8),
        10,
        1797,
        "b6701249b5c0631b7ecc7f3c9392c6bd994a4f1095cff5f6a0e463046f52ed51",
        dict(zip("0123456789", (178, 182, 177, 183, 181, 182, 181, 179, 174, 180), strict=True)),
        (0, 0),
    ),
}


def load_embedded(name: str) -> RawDataset:
    """Load one of scikit-learn's datasets.

    Iris `(150, 4)` and breast cancer `(569, 30)` are tables in their own units; digits are `(1797, 1, 8, 8)` images,
    their 17 grey levels scaled to [0, 1].

    Raises:
        DataError: there is no embedded dataset of that name.
    """
    if name not in EMBEDDED:
        raise DataError(
            f"An embedded dataset must be one of {listed(EMBEDDED)}, but got {name!r}."
            f"{did_you_mean(name, list(EMBEDDED))}"
        )
    # Here, because the import takes a second, and a plan needs no data.
    from sklearn.datasets import load_breast_cancer, load_digits, load_iris

    bunch = {"iris": load_iris, "breast_cancer": load_breast_cancer, "digits": load_digits}[name]()
    x = bunch.images[:, np.newaxis] / 16 if name == "digits" else bunch.data
    return RawDataset(
        name=name,
        source=SOURCE,
        x=x.astype(np.float32),
        y=bunch.target.astype(np.int64),
        class_names=tuple(str(label) for label in bunch.target_names),
    )
