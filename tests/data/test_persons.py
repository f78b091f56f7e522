from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch.data import DatasetInfo, RawDataset, describe_dataset, examine_dataset, load_dataset
from privsearch.data.dataset import fingerprint
from privsearch.data.persons import connected, draw_persons, first_persons, numbered, with_persons
from privsearch.data.splits import load_splits
from privsearch.errors import DataError
from privsearch.spec import TableDataset

Arrays = tuple[np.ndarray, np.ndarray]


@st.composite
def persons(draw: st.DrawFn, least: int = 2) -> Arrays:
    """Persons with 1 to 12 examples each, in any order, and the classes of these; every class is of two persons."""
    sizes = draw(st.lists(st.integers(1, 12), min_size=least, max_size=40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    of = np.repeat(rng.permutation(len(sizes)) * 7, sizes)
    classes = draw(st.integers(2, 4))
    labels = rng.choice(classes, len(of), p=rng.dirichlet(np.ones(classes)))
    of, labels = np.concatenate([of, [-1, -2]]), np.concatenate([labels, [0, 1]])
    for label in np.unique(labels):
        holders = np.unique(of[labels == label])
        if len(holders) < 2:
            of, labels = np.append(of, 1000 + label), np.append(labels, label)
    order = rng.permutation(len(of))
    return of[order], labels[order]


@given(data=persons(least=8), share=st.floats(0.1, 0.9), seed=st.integers(0, 2**32))
def test_persons_are_drawn_whole_with_every_class_on_both_sides(data: Arrays, share: float, seed: int) -> None:
    """The number of persons is met but for rounding, and that of examples but for as many as a person or two have."""
    of, labels = data
    drawn = draw_persons(of, share, np.random.default_rng(seed), labels)
    inside, outside = set(of[drawn].tolist()), set(of[~drawn].tolist())
    assert not inside & outside
    assert set(labels[drawn]) == set(labels[~drawn]) == set(labels)
    assert abs(len(inside) - share * len(inside | outside)) <= 1 + len(set(labels))
    # Each class is drawn back and forth in the order of sizes, so that its deviation is within its largest person's.
    assert abs(drawn.sum() - share * len(of)) <= 12 * (1 + len(set(labels)))


def test_every_person_is_as_likely_however_many_examples_it_has() -> None:
    """Or the number of examples would tell who is a member."""
    of = np.repeat(np.arange(9), [1, 1, 1, 2, 2, 3, 5, 8, 40])
    rng = np.random.default_rng(0)
    for share in (0.5, 0.3, 0.8):
        drawn = np.array([draw_persons(of, share, rng)[np.unique(of, return_index=True)[1]] for _ in range(4000)])
        np.testing.assert_allclose(drawn.mean(0), share, atol=4 * np.sqrt(0.25 / 4000))
        assert {abs(count - 9 * share) < 1 for count in drawn.sum(1).tolist()} == {True}


@given(data=persons(), seed=st.integers(0, 2**32))
def test_a_smaller_part_is_in_a_larger_one(data: Arrays, seed: int) -> None:
    """Of whole persons, with every class; the size is met to within the examples of one person, if classes allow it."""
    of, labels = data
    previous = np.zeros(len(of), dtype=bool)
    for size in range(1, len(of) + 1, max(1, len(of) // 6)):
        drawn = first_persons(of, labels, size, np.random.default_rng(seed))
        assert not set(of[drawn].tolist()) & set(of[~drawn].tolist())
        assert set(labels[drawn]) == set(labels)
        assert not (previous & ~drawn).any()
        assert drawn.sum() <= max(size + 12, 12 * len(set(labels)))
        previous = drawn
    assert first_persons(of, labels, len(of), np.random.default_rng(seed)).all()


def test_rows_that_are_connected_in_either_way_are_of_one_group() -> None:
    """Through others, too; groups are numbered as they first occur."""
    assert connected(np.array([5, 5, 2, 2, 9, 7]), np.array([0, 1, 1, 3, 4, 4])).tolist() == [0, 0, 0, 0, 1, 1]
    assert numbered(np.array([4, 4, 1, 9, 1])).tolist() == [0, 0, 1, 2, 1]


FRAME = pd.DataFrame(
    {
        "a": np.arange(24.0),
        "patient": [f"0{k % 8}" for k in range(24)],
        "b": np.arange(24.0) % 5,
        "y": ["no", "yes", "no"] * 8,
    }
)
"""Eight patients with three rows each, of both classes."""

Load = Callable[..., tuple[RawDataset, DatasetInfo]]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Write a table, and read it with `group: patient`."""

    def load(frame: pd.DataFrame = FRAME, ending: str = "csv", **fields: Any) -> tuple[RawDataset, DatasetInfo]:
        path = tmp_path / f"t.{ending}"
        if ending == "csv":
            frame.to_csv(path, index=False)
        else:
            frame.to_parquet(path) if ending == "parquet" else frame.to_feather(path)
        given = {"name": "t", "path": str(path), "label": "y", "group": "patient"} | fields
        dataset = TableDataset.model_validate({k: v for k, v in given.items() if v is not None})
        return load_dataset(dataset), describe_dataset(dataset)

    return load


@pytest.mark.parametrize("ending", ["csv", "parquet", "arrow"])
def test_a_column_names_the_persons(load: Load, ending: str) -> None:
    """It is no feature; its values are names, as they are written; and it is the same in every format."""
    raw, info = load(ending=ending)
    assert raw.column_names == ("a", "b")
    assert raw.groups is not None
    assert raw.groups.tolist() == [k % 8 for k in range(24)]
    assert (raw.unit, info.num_persons) == ("patient", 8)
    assert info.fingerprint == load()[1].fingerprint


def test_names_of_persons_are_no_part_of_the_data(load: Load) -> None:
    """Who belongs together is: with other persons, or with identical rows that stay together, it is another trial."""
    other_names = FRAME.assign(patient=FRAME["patient"].map(lambda name: f"P-{9 - int(name)}"))
    assert load(other_names)[1].fingerprint == load()[1].fingerprint
    raw, info = load()
    without = replace(raw, groups=None, unit="")
    assert len({info.fingerprint, fingerprint(without), fingerprint(replace(raw, unit=""))}) == 3
    assert load(FRAME.assign(patient=np.arange(24) // 3))[1].fingerprint != info.fingerprint


def test_persons_of_one_row_each_change_nothing(load: Load, tmp_path: Path) -> None:
    """Then every trial is that of the same table without the column, and that is told."""
    single = FRAME.assign(patient=np.arange(24))
    raw, info = load(single)
    assert (raw.groups, info.num_persons) == (None, 0)
    dropped = TableDataset(name="t", path=str(tmp_path / "t.csv"), label="y", drop=("patient",))
    assert info.fingerprint == describe_dataset(dropped).fingerprint
    assert "No two rows have the same 'patient'" in raw.warnings[-1]


def test_rows_of_a_person_or_identical_ones_stay_together(load: Load) -> None:
    """Two persons with one row in common are one group under both rules; `drop` keeps the first of the rows."""
    frame = FRAME.copy()
    frame.loc[1, ["a", "b", "y"]] = frame.loc[0, ["a", "b", "y"]]  # of the persons 0 and 1
    raw, info = load(frame, duplicates="group")
    assert raw.groups is not None
    assert info.num_persons == 7
    assert raw.groups[0] == raw.groups[1] == raw.groups[8] == raw.groups[9]
    dropped, info = load(frame, duplicates="drop")
    assert dropped.groups is not None
    assert (len(dropped.y), len(dropped.groups), info.num_persons) == (23, 23, 8)
    assert load(frame)[1].num_persons == 8


@pytest.mark.parametrize(
    ("frame", "fields", "message"),
    [
        (
            FRAME.assign(patient=FRAME["patient"].where(FRAME.index != 3)),
            {},
            "column 'patient': every row must be of a person, .* but 1 name none .*, in row 3 .*Fill them in",
        ),
        (FRAME, {"group": "person"}, "group must name columns of the table, but there is no column 'person'"),
        (
            FRAME.assign(y=np.where(FRAME["patient"] == "00", "rare", FRAME["y"])),
            {},
            "t: with group: patient every class must be in rows of two persons, .* but 'rare' are in those of one only",
        ),
    ],
)
@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_what_cannot_be_is_refused(
    load: Load, frame: pd.DataFrame, fields: dict[str, str], message: str, ending: str
) -> None:
    """With the place and what to do."""
    with pytest.raises(DataError, match=message):
        load(frame, ending, **fields)


def test_rows_that_name_nobody_may_be_left_out(load: Load) -> None:
    """As other rows that lack a value."""
    raw, _ = load(FRAME.assign(patient=FRAME["patient"].where(FRAME.index != 3)), missing="drop")
    assert raw.rows is not None
    assert raw.rows.tolist() == [k for k in range(24) if k != 3]


def test_a_column_has_one_use() -> None:
    """The persons' column is neither the label nor a category nor left out."""
    for field in ("drop", "categorical"):
        with pytest.raises(ValueError, match=f"'p' stands in group and in {field}"):
            TableDataset.model_validate({"name": "t", "path": "t.csv", "label": "y", "group": "p", field: ["p"]})
    with pytest.raises(ValueError, match="'y' stands in label and in group"):
        TableDataset.model_validate({"name": "t", "path": "t.csv", "label": "y", "group": "y"})


@pytest.mark.parametrize(("train_size", "test_size"), [(None, None), (9, None), (None, 6), (8, 4), (1000, 1000)])
def test_no_person_is_on_both_sides_of_the_split(
    load: Load, tmp_path: Path, train_size: int | None, test_size: int | None
) -> None:
    """Nor is a person cut, whatever the sizes, which are met to within a person's rows."""
    load()
    dataset = TableDataset(name="t", path=str(tmp_path / "t.csv"), label="y", group="patient")
    splits = load_splits(dataset, seed=1, train_size=train_size, test_size=test_size)
    assert splits.groups is not None
    assert splits.groups.are_persons
    train, test = np.split(splits.rows % 8, [len(splits.y_train)])
    assert not set(train.tolist()) & set(test.tolist())
    assert set(np.bincount(splits.rows % 8).tolist()) <= {0, 3}
    if train_size:
        assert abs(len(train) - min(train_size, 21)) <= 3


def test_what_is_found_counts_the_persons(load: Load, tmp_path: Path) -> None:
    """With the fewest and the most rows of one; a person with a large part of the rows is told."""
    load(FRAME.assign(patient=np.minimum(np.arange(24) // 2, 8)))
    found = examine_dataset(TableDataset(name="t", path=str(tmp_path / "t.csv"), label="y", group="patient"))
    assert found.summary()["persons"] == {"unit": "patient", "count": 9, "fewest": 2, "most": 8}
    assert any("One patient has 8 of 24 rows" in warning for warning in found.warnings)


def test_identical_rows_are_told_where_they_may_be_parted(load: Load, tmp_path: Path) -> None:
    """Rows of one person stay together anyway, and those of two under `duplicates: group`."""
    twice = pd.concat([FRAME, FRAME], ignore_index=True)
    others = twice.assign(patient=np.arange(48) // 6)
    for frame, fields, is_told in ((twice, {}, False), (others, {}, True), (others, {"duplicates": "group"}, False)):
        load(frame)
        given = {"name": "t", "path": str(tmp_path / "t.csv"), "label": "y", "group": "patient"} | fields
        found = examine_dataset(TableDataset.model_validate(given))
        assert found.repeats.total == 24
        assert any("repeat an earlier one" in warning for warning in found.warnings) == is_told


def test_data_without_persons_stay_as_they_are() -> None:
    """As the very object."""
    raw = RawDataset("mine", "here", np.zeros((4, 1), np.float32), np.array([0, 1, 0, 1]), ("a", "b"))
    assert with_persons(raw) is raw


def test_persons_alike_have_the_same_chance_where_a_class_needs_another_one() -> None:
    """Where persons are exchanged so that a rare class is on both sides, none of the others is exchanged more often.

    The first of several of the same size was: of eight persons of the frequent class the chances were 0.80 to 0.95.
    """
    labels = np.repeat([0] * 8 + [1, 1, 2, 2], 3)
    persons, rng = np.repeat(np.arange(12), 3), np.random.default_rng(0)
    drawn = np.mean([draw_persons(persons, 0.8, rng, labels)[::3] for _ in range(3_000)], axis=0)
    np.testing.assert_allclose(drawn[:8], 0.875, atol=0.03)
    # One on each side, whatever the share.
    np.testing.assert_allclose(drawn[8:], 0.5, atol=0.04)
