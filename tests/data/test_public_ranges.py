from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from privsearch.data import describe_dataset
from privsearch.data.public_ranges import scaled_between
from privsearch.data.splits import load_splits
from privsearch.errors import DataError
from privsearch.spec.fixed_scaling import FixedScaling
from privsearch.spec.table_dataset import TableDataset

PATH = Path("a.csv")


def scaling(low: Any, high: Any) -> FixedScaling:
    return FixedScaling.model_validate({"low": low, "high": high})


def table(folder: Path, ages: list[float], **fields: Any) -> TableDataset:
    path = folder / "ages.csv"
    path.write_text("age,dose,y\n" + "".join(f"{age},{i % 3},{i % 2}\n" for i, age in enumerate(ages)))
    return TableDataset.model_validate({"name": "ages", "path": str(path), "label": "y", **fields})


def test_a_public_range_becomes_that_from_minus_one_to_one() -> None:
    """Of all columns or of each, and what lies beyond is its end."""
    x = np.array([[0.0, 10.0], [50.0, 5.0], [100.0, 0.0], [170.0, -3.0]])
    expected = [[-1, 1], [0, 0], [1, -1], [1, -1]]
    assert scaled_between(x, scaling(0, [100, 10]), ["a", "b"], PATH).tolist() == expected
    assert scaled_between(x, scaling([0, 0], [100, 10]), ["a", "b"], PATH).dtype == np.float32
    with pytest.raises(DataError, match=r"one number, or one for each of the 2 columns \(a, b\)"):
        scaled_between(x, scaling(0, [1, 1, 1]), ["a", "b"], PATH)


def test_no_example_decides_how_another_is_seen(tmp_path: Path) -> None:
    """The inputs of all others stay to the bit where one example changes, which a standardised table's do not."""
    ages = [float(20 + i % 40) for i in range(60)]
    changed = [*ages[:-1], 99.0]
    fixed = {"scaling": {"kind": "fixed", "low": 0, "high": [120, 2]}}
    for fields, others_stay in ((fixed, True), ({}, False)):
        seen = []
        for values in (ages, changed):
            splits = load_splits(table(tmp_path, values, **fields), seed=0, train_size=None, test_size=None)
            x = np.concatenate([splits.x_train.numpy(), splits.x_test.numpy()])
            seen.append(x[splits.rows.argsort()][:-1])
        assert np.array_equal(*seen) == others_stay, fields
        own = splits.with_own(np.arange(60)[None] % 5 > 0).of_network(0)
        assert len(own.x_train) == 48


def test_scaling_is_a_part_of_the_data(tmp_path: Path) -> None:
    """Other ranges are other data; a table without them keeps its fingerprint."""
    ages = [float(i) for i in range(60)]
    given = [{}, *({"scaling": {"low": 0, "high": high}} for high in (100, 120))]
    assert len({describe_dataset(table(tmp_path, ages, **fields)).fingerprint for fields in given}) == 3


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"scaling": {"low": 1, "high": 1}}, "each high of scaling must lie above its low, but got 1 and 1"),
        ({"scaling": {"low": [0, 0], "high": [1, 1, 1]}}, "must have as many numbers, but have 2 and 3"),
        ({"scaling": {"low": 0, "high": 1}, "missing": "impute"}, "but missing: impute is fitted"),
        ({"scaling": {"low": 0, "high": 1}, "categorical": ["dose"]}, "but categorical is fitted"),
    ],
)
def test_ranges_that_cannot_be_meant_are_refused(fields: dict[str, Any], sentence: str, tmp_path: Path) -> None:
    """Empty ones, ranges for other columns than there are, and what the training split would decide all the same."""
    with pytest.raises(ValidationError, match=sentence):
        table(tmp_path, [1.0], **fields)
