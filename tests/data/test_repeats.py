from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from privsearch.attacks.protocols import rules_of
from privsearch.data.dataset import describe_dataset, describe_raw, fingerprint, load_dataset
from privsearch.data.raw import RawDataset
from privsearch.data.repeats import count_repeats, identical_rows, with_repeats
from privsearch.data.splits import Splits, load_splits
from privsearch.errors import DataError
from privsearch.spec import HalvesProtocol, NpzDataset, OneRunProtocol, PaperProtocol, Protocol

X = np.arange(24, dtype=np.float32).reshape(12, 2)
RAW = RawDataset("mine", "here", X, np.arange(12) % 2, ("a", "b"))
TWICE = replace(RAW, x=np.concatenate([X, X[::-1]]), y=np.concatenate([RAW.y, RAW.y[::-1]]))
GIVEN = replace(RAW, test_x=np.concatenate([X[:3], X[:1] + 0.5, X[:1] + 0.5]), test_y=np.array([0, 1, 0, 0, 0]))


def test_identical_rows_have_the_inputs_and_the_class_of_another() -> None:
    """The class counts as well, and zeros have no sign."""
    raw = replace(RAW, x=np.array([[0.0], [-0.0], [1], [1], [2]], np.float32), y=np.array([0, 0, 0, 1, 0]))
    assert identical_rows(raw)[0].tolist() == [0, 0, 1, 2, 3]


def test_repeats_are_counted() -> None:
    """Within one split, and across two."""
    assert (count_repeats(RAW).within, count_repeats(RAW).across) == (0, 0)
    assert (count_repeats(TWICE).within, count_repeats(TWICE).across) == (12, 0)
    assert (count_repeats(GIVEN).within, count_repeats(GIVEN).across) == (1, 3)


def test_data_without_repeats_are_the_same_under_every_rule() -> None:
    """To the fingerprint, so that a rule that changes nothing runs nothing again."""
    assert with_repeats(RAW, "drop") is with_repeats(RAW, "group") is with_repeats(RAW, None) is RAW


def test_the_first_of_identical_rows_is_kept() -> None:
    """In its place, which is told as that in the user's own file."""
    dropped = with_repeats(TWICE, "drop")
    np.testing.assert_array_equal(dropped.x, X)
    assert dropped.rows is not None
    assert dropped.rows.tolist() == list(range(12))
    dropped = with_repeats(GIVEN, "drop")
    np.testing.assert_array_equal(dropped.x, X)
    assert dropped.test_rows is not None
    assert dropped.test_rows.tolist() == [3]


def test_the_rule_is_a_part_of_the_data() -> None:
    """Other splits are other trials."""
    prints = {fingerprint(with_repeats(TWICE, rule)) for rule in ("drop", "group", None)}
    assert len(prints) == 3
    assert fingerprint(with_repeats(TWICE, "drop")) == fingerprint(RAW)


@pytest.mark.parametrize(
    ("raw", "rule", "message"),
    [
        (replace(TWICE, y=TWICE.y * 0 + (TWICE.x[:, 0] < 1)), "drop", r"the classes 'b' have one left"),
        (replace(TWICE, y=TWICE.y * 0 + (TWICE.x[:, 0] < 1)), "group", r"but 'b' have one only, repeated"),
        (replace(RAW, test_x=X[:3], test_y=RAW.y[:3]), "drop", "drop none is left"),
        (GIVEN, "group", "3 of the given test split are in the training split too. Write duplicates: drop"),
    ],
)
def test_what_a_rule_cannot_do_is_refused(raw: RawDataset, rule: str, message: str) -> None:
    """With what to do instead."""
    with pytest.raises(DataError, match=f"mine: .*{message}"):
        with_repeats(raw, rule)  # type: ignore[arg-type]


@pytest.fixture
def twice(tmp_path: Path) -> NpzDataset:
    """120 random examples with random classes, all of them written twice, kept together."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(120, 4)), rng.integers(2, size=120)
    np.savez(tmp_path / "twice.npz", x=np.concatenate([x, x]), y=np.concatenate([y, y]))
    return NpzDataset(name="twice", path=str(tmp_path / "twice.npz"), duplicates="group")


def example(rows: np.ndarray) -> set[int]:
    """The examples that rows of `twice` are."""
    return set((rows % 120).tolist())


def loaded(dataset: NpzDataset) -> Splits:
    """The whole splits."""
    return load_splits(dataset, seed=0, train_size=None, test_size=None)


def test_identical_rows_are_on_one_side_of_the_split(twice: NpzDataset) -> None:
    """No example of the test split was trained on, whichever copy; the sizes are as planned."""
    splits = loaded(twice)
    train, test = np.split(splits.rows, [len(splits.y_train)])
    assert not example(train) & example(test)
    assert len(test) == describe_dataset(twice).num_test == 48


@pytest.mark.parametrize("protocol", [PaperProtocol(resplit=True), PaperProtocol(resplit=False), HalvesProtocol()])
def test_identical_rows_are_members_together(twice: NpzDataset, protocol: Protocol) -> None:
    """Under every protocol, for every network."""
    splits, rules = loaded(twice), rules_of(protocol)
    own = splits.with_own(rules.draw_splits(splits.labels, len(splits.y_train), 0, splits.groups))
    subsets, _ = rules.draw_cohort(len(splits.y_train), 0, own.training_groups(protocol.networks))
    for network, subset in enumerate(subsets):
        rows = own.of_network(network).rows
        train, test = np.split(rows, [len(subset)])
        assert len(train) == len(splits.y_train)
        assert not example(train) & example(test)
        assert not example(train[subset]) & example(train[~subset])
        assert 0.4 * len(train) <= subset.sum()


def test_one_coin_for_two_examples_is_refused(twice: NpzDataset) -> None:
    """The bound on epsilon rests on a coin of its own for every example."""
    splits = loaded(twice)
    with pytest.raises(DataError, match="one coin; write duplicates: drop"):
        rules_of(OneRunProtocol()).draw_cohort(192, 0, splits.training_groups(1))


def test_rows_that_were_dropped_leave_the_others_their_places(twice: NpzDataset) -> None:
    """The most exposed rows are those of the user's own file."""
    dropped = twice.model_copy(update={"duplicates": "drop"})
    assert load_dataset(dropped).x.shape == (120, 4)
    raw = load_dataset(twice.model_copy(update={"duplicates": None}))
    splits = loaded(dropped)
    assert splits.unscaled is not None
    np.testing.assert_array_equal(raw.x[splits.rows], splits.unscaled)


def test_rows_of_a_given_test_split_go_on_after_all_that_were_read() -> None:
    """Also after those at the end that were dropped as repeats."""
    raw = with_repeats(replace(TWICE, test_x=X + 0.5, test_y=RAW.y), "drop")
    assert len(raw.y) == 12
    assert describe_raw(raw).rows_read == 24
    assert describe_raw(RAW).rows_read == 12
