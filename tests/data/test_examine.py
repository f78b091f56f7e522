from dataclasses import replace
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from privsearch.data.dataset import load_dataset
from privsearch.data.examine import Findings, examine_dataset, examine_raw
from privsearch.data.raw import RawDataset
from privsearch.data.repeats import Repeats
from privsearch.spec import EmbeddedName, TableDataset

RNG = np.random.default_rng(0)
RAW = RawDataset(
    "mine",
    "here",
    RNG.normal(size=(144, 3)).astype(np.float32),
    np.arange(144) % 3,
    ("a", "b", "c"),
    column_names=tuple("xyz"),
)


def told(raw: RawDataset) -> str:
    """All that is told of data."""
    return " ".join(examine_raw(raw).warnings)


def test_ordinary_data_have_classes_and_no_warning() -> None:
    """The sizes of classes, and nothing else to say."""
    found = examine_raw(RAW)
    assert (dict(found.class_sizes), found.repeats, found.warnings) == (dict.fromkeys("abc", 48), Repeats(0, 0), ())
    assert found.input_shape == (3,)


@pytest.mark.parametrize("name", get_args(EmbeddedName))
def test_what_is_known_beforehand_is_what_is_found(name: str) -> None:
    """Nothing has to be read to plan the datasets that have a name."""
    assert examine_dataset(name) == examine_raw(load_dataset(name))  # type: ignore[arg-type]


def test_what_is_counted_beforehand_is_known_without_files() -> None:
    """As many examples as the description says."""
    for name in ("iris", "breast_cancer", "digits", "mnist", "fashion_mnist", "cifar10"):
        assert sum(examine_dataset(name).class_sizes.values()) > 100


@pytest.mark.parametrize("value", [-9999, 1e6])
@pytest.mark.parametrize("split", ["x", "test_x"])
def test_one_odd_value_is_told_with_its_column(value: float, split: str) -> None:
    """A placeholder for a missing value, in either split."""
    raw = replace(RAW, test_x=RAW.x[:24] + 0.01, test_y=RAW.y[:24])
    x = getattr(raw, split).copy()
    x[5, 1] = value
    assert f"of the middle 95 % of their column away from its median: y (1, such as {value:g})." in told(
        replace(raw, **{split: x})
    )


@pytest.mark.parametrize(
    "column", [RNG.lognormal(size=144), np.arange(144) == 7, np.arange(144) % 10 == 0, RNG.standard_t(3, 144)]
)
def test_a_long_tail_is_not_odd(column: np.ndarray) -> None:
    """Nor is a category of which there is one example."""
    x = RAW.x.copy()
    x[:, 0] = column
    assert told(replace(RAW, x=x)) == ""


def test_repeats_are_told_with_both_remedies() -> None:
    """From one in a hundred examples on, unless they are kept together already."""
    twice = replace(RAW, x=np.concatenate([RAW.x, RAW.x]), y=np.concatenate([RAW.y, RAW.y]))
    assert "144 of 288 examples repeat an earlier one" in told(twice)
    assert "duplicates: drop" in told(twice)
    assert "duplicates: group" in told(twice)
    assert told(replace(twice, groups=np.arange(288) % 144)) == ""
    given = replace(RAW, test_x=RAW.x[:24], test_y=RAW.y[:24])
    assert "24 of 168 examples repeat an earlier one, inputs and class (24 of the test split are in" in told(given)


def test_a_class_that_the_test_split_lacks_is_told_by_its_name() -> None:
    """Before anything is trained."""
    raw = replace(RAW, test_x=RAW.x[:20] + 1, test_y=RAW.y[:20] % 2)
    assert "The given test split has no example of 'c': under the protocol paper no attack can be run" in told(raw)


def test_uneven_classes_are_told_with_what_naming_one_is_worth() -> None:
    """390 against 10: an accuracy of 0.975 for nothing."""
    raw = RawDataset("mine", "here", RNG.normal(size=(400, 3)), (np.arange(400) >= 390).astype(int), ("no", "yes"))
    assert "to name 'no' every time has an accuracy of 0.975" in told(raw)
    assert not Findings((3,), {"a": 299, "b": 100}, Repeats(0, 0)).are_uneven
    assert Findings((3,), {"a": 300, "b": 100}, Repeats(0, 0)).are_uneven


def test_labels_and_numbers_are_told_from_the_file_on(tmp_path: Path) -> None:
    """Four classes, where numbers would make two of them."""
    rows = "".join(f"{k * 1.37 % 1:.3f},{('250.1', '250.10', '01', '1')[k % 4]}\n" for k in range(80))
    (tmp_path / "t.csv").write_text("x,code\n" + rows)
    found = examine_dataset(TableDataset(name="t", path=str(tmp_path / "t.csv"), label="code"))
    assert dict(found.class_sizes) == dict.fromkeys(("01", "1", "250.1", "250.10"), 20)
    assert "'250.1' and '250.10'" in " ".join(found.warnings)
