import os
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from privsearch.data.dataset import describe_dataset, load_dataset
from privsearch.data.splits import Splits, load_splits
from privsearch.errors import DataError
from privsearch.spec import Dataset, NpzDataset


def save(path: Path, **arrays: np.ndarray) -> NpzDataset:
    """Write the arrays and name them as a dataset."""
    np.savez(path, **arrays)
    return NpzDataset(name="mine", path=str(path))


@pytest.fixture
def numbered(tmp_path: Path) -> NpzDataset:
    """Images that carry their own index in every pixel, three classes of 60, 30 and 10."""
    x = np.broadcast_to(np.arange(100.0)[:, None, None], (100, 4, 4))
    return save(tmp_path / "numbered.npz", x=x, y=np.repeat([0, 1, 2], [60, 30, 10]))


def whole(dataset: Dataset, seed: int = 0) -> Splits:
    """Both splits, nothing left out."""
    return load_splits(dataset, seed=seed, train_size=None, test_size=None)


def indices(x: torch.Tensor) -> list[int]:
    """Which examples of `numbered` these are."""
    return x[:, 0, 0, 0].int().tolist()


def test_splits_are_disjoint_complete_and_stratified(numbered: NpzDataset) -> None:
    """Every example is in one split, each class 80-20, labels beside their inputs, images untouched."""
    splits = whole(numbered)
    train, test = indices(splits.x_train), indices(splits.x_test)
    assert sorted(train + test) == list(range(100))
    assert splits.y_train.bincount().tolist() == [48, 24, 8]
    assert splits.y_test.bincount().tolist() == [12, 6, 2]
    raw = load_dataset(numbered)
    np.testing.assert_array_equal(splits.y_train, raw.y[train])
    np.testing.assert_array_equal(splits.x_test, raw.x[test])


def test_types_shapes_and_description() -> None:
    """Splits are float32 and int64 tensors of the sizes that the description promises."""
    splits = whole("digits")
    assert splits.info == describe_dataset("digits")
    assert (splits.x_train.shape, splits.x_train.dtype) == ((1437, 1, 8, 8), torch.float32)
    assert (splits.y_train.shape, splits.y_train.dtype) == ((1437,), torch.int64)
    assert (splits.x_test.shape, splits.x_test.dtype) == ((360, 1, 8, 8), torch.float32)
    assert (splits.y_test.shape, splits.y_test.dtype) == ((360,), torch.int64)


def test_a_seed_names_one_split(tmp_path: Path, numbered: NpzDataset) -> None:
    """The same seed gives the same split, even when the file is read again; another seed gives another."""
    first = whole(numbered, seed=7)
    assert whole(numbered, seed=7) is first
    os.utime(numbered.path, ns=(0, 0))
    again = whole(numbered, seed=7)
    assert again is not first
    assert torch.equal(again.x_train, first.x_train)
    assert torch.equal(again.x_test, first.x_test)
    assert indices(whole(numbered, seed=8).x_test) != indices(first.x_test)


def test_an_edited_file_is_split_anew(tmp_path: Path) -> None:
    """Splits never outlive the file that they were read from."""
    y = np.arange(20) % 2
    dataset = save(tmp_path / "a.npz", x=np.zeros((20, 4, 4)), y=y)
    assert whole(dataset).x_train.max() == 0
    save(tmp_path / "a.npz", x=np.ones((20, 4, 4)), y=y)
    os.utime(tmp_path / "a.npz", ns=(0, 0))
    assert whole(dataset).x_train.min() == 1


def test_own_test_split_is_kept(tmp_path: Path) -> None:
    """Data that bring a test split keep it whole and in order, whatever the seed."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.random((n, 1, 4, 4), dtype=np.float32) for name, n in (("x_train", 20), ("x_test", 10))}
    y = np.arange(20) % 2
    splits = whole(save(tmp_path / "own.npz", **arrays, y_train=y, y_test=y[:10]), seed=3)
    np.testing.assert_array_equal(splits.x_train, arrays["x_train"])
    np.testing.assert_array_equal(splits.x_test, arrays["x_test"])
    np.testing.assert_array_equal(splits.y_test, y[:10])


def test_own_test_split_may_lack_a_class(tmp_path: Path) -> None:
    """A test split without one of the classes can still be cut to a size."""
    x, y = np.zeros((20, 4, 4)), np.arange(20) % 4
    dataset = save(tmp_path / "own.npz", x_train=x, y_train=y, x_test=x[:10], y_test=np.arange(10) % 2 + 1)
    splits = load_splits(dataset, seed=0, train_size=4, test_size=2)
    assert sorted(splits.y_train.tolist()) == [0, 1, 2, 3]
    assert sorted(splits.y_test.tolist()) == [1, 2]


def test_subsamples_are_stratified_and_nested(numbered: NpzDataset) -> None:
    """A size keeps the share of each class, and a smaller training set lies within a larger one."""
    small = load_splits(numbered, seed=0, train_size=20, test_size=10)
    large = load_splits(numbered, seed=0, train_size=40, test_size=10)
    assert small.y_train.bincount().tolist() == [12, 6, 2]
    assert large.y_train.bincount().tolist() == [24, 12, 4]
    assert small.y_test.bincount().tolist() == [6, 3, 1]
    assert set(indices(small.x_train)) < set(indices(large.x_train)) < set(indices(whole(numbered).x_train))
    assert set(indices(small.x_test)) < set(indices(whole(numbered).x_test))


def test_one_size_has_no_say_in_the_other_split(numbered: NpzDataset) -> None:
    """The test split is the same for every `train_size`, so accuracies of one sweep can be compared."""
    small = load_splits(numbered, seed=0, train_size=10, test_size=10)
    large = load_splits(numbered, seed=0, train_size=None, test_size=10)
    assert torch.equal(small.x_test, large.x_test)


@given(
    counts=st.lists(st.integers(2, 60), min_size=2, max_size=6).filter(lambda counts: sum(counts) >= 5 * len(counts)),
    seed=st.integers(0, 2**63 - 1),
    data=st.data(),
)
def test_every_class_is_in_every_split(
    tmp_path_factory: pytest.TempPathFactory, counts: list[int], seed: int, data: st.DataObject
) -> None:
    """However rare a class is, training and test split both hold it, at every size allowed, and sizes are exact."""
    y = np.repeat(np.arange(len(counts)), counts)
    num_test = -(-len(y) // 5)
    train_size = data.draw(st.integers(len(counts), len(y) - num_test))
    test_size = data.draw(st.integers(len(counts), num_test))
    dataset = save(tmp_path_factory.mktemp("rare") / "rare.npz", x=np.zeros((len(y), 1)), y=y)
    for splits, sizes in (
        (whole(dataset, seed), (len(y) - num_test, num_test)),
        (load_splits(dataset, seed=seed, train_size=train_size, test_size=test_size), (train_size, test_size)),
    ):
        assert (len(splits.y_train), len(splits.y_test)) == sizes
        assert set(splits.y_train.tolist()) == set(splits.y_test.tolist()) == set(range(len(counts)))


def test_a_rare_class_takes_from_the_largest(tmp_path: Path) -> None:
    """Room for a rare class comes from the class that has most to spare."""
    y = np.repeat([0, 1, 2], [96, 2, 2])
    splits = load_splits(save(tmp_path / "rare.npz", x=np.zeros((100, 1)), y=y), seed=0, train_size=4, test_size=None)
    assert splits.y_train.bincount().tolist() == [2, 1, 1]
    assert splits.y_test.bincount().tolist() == [18, 1, 1]


@pytest.mark.parametrize("train_size", [None, 60])
def test_tables_are_standardised_by_the_training_split_alone(train_size: int | None) -> None:
    """Training features have mean 0 and deviation 1; the test split is moved by the same amounts, not its own."""
    splits = load_splits("breast_cancer", seed=0, train_size=train_size, test_size=None)
    torch.testing.assert_close(splits.x_train.mean(0), torch.zeros(30), atol=1e-5, rtol=0)
    torch.testing.assert_close(splits.x_train.std(0, correction=0), torch.ones(30), atol=1e-5, rtol=0)
    assert splits.x_test.mean(0).abs().max() > 0.01


def test_standardising_is_one_affine_map(tmp_path: Path) -> None:
    """Training and test examples with the same value in a feature have it after scaling too; constants become 0."""
    x_train = np.array([[1.0, 5.0], [3.0, 5.0]] * 5)
    x_test = np.array([[1.0, 5.0], [5.0, 6.0]])
    y = np.arange(10) % 2
    splits = whole(save(tmp_path / "t.npz", x_train=x_train, y_train=y, x_test=x_test, y_test=y[:2]))
    assert splits.x_train[:2].tolist() == [[-1.0, 0.0], [1.0, 0.0]]
    assert splits.x_test.tolist() == [[-1.0, 0.0], [3.0, 1.0]]


def test_huge_values_can_be_standardised(tmp_path: Path) -> None:
    """Values near the end of the 32-bit range do not overflow on the way."""
    y = np.arange(20) % 2
    x = np.where(y, 3e38, -3e38)[:, None]
    assert whole(save(tmp_path / "huge.npz", x=x, y=y)).x_train.abs().unique().tolist() == [1.0]


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({"train_size": 81, "test_size": None}, r"mine: train_size must be from 3 .* to 80 .*, but got 81\. Choose"),
        ({"train_size": 2, "test_size": None}, r"mine: train_size must be from 3 \(the classes .*, but got 2\."),
        ({"train_size": None, "test_size": 21}, r"mine: test_size must be from 3 .* to 20 .*, but got 21\."),
        ({"train_size": None, "test_size": 0}, r"mine: test_size must be from 3 .* to 20 .*, but got 0\."),
    ],
)
def test_impossible_sizes(numbered: NpzDataset, sizes: dict[str, int | None], message: str) -> None:
    """A size outside what the split can give is refused with the range and the way out."""
    with pytest.raises(DataError, match=message):
        load_splits(numbered, seed=0, **sizes)


def test_batches_are_both_splits_in_order(numbered: NpzDataset) -> None:
    """The training split and then the test split, cut without regard to where one ends; only the last is smaller."""
    splits = whole(numbered)
    batches = list(splits.batches(30))
    assert [len(batch) for batch in batches] == [30, 30, 30, 10]
    assert torch.equal(torch.cat(batches), torch.cat([splits.x_train, splits.x_test]))


def test_rows_say_where_an_example_stands_in_the_data(numbered: NpzDataset) -> None:
    """After the split and both subsamples, an example is still found in the user's own file."""
    splits = load_splits(numbered, seed=3, train_size=40, test_size=10)
    assert splits.rows.tolist() == indices(splits.x_train) + indices(splits.x_test)


def own_training(splits: Splits, networks: int = 2) -> np.ndarray:
    """A training split for each network, as large as that of the splits."""
    examples, num_train = len(splits.rows), len(splits.y_train)
    rng = np.random.default_rng(0)
    return np.stack([rng.permutation(examples) < num_train for _ in range(networks)])


def test_a_network_has_the_split_that_it_was_given(numbered: NpzDataset) -> None:
    """The same examples in other splits: each beside its label and its row, and where to find it in the first order."""
    splits = load_splits(numbered, seed=3, train_size=40, test_size=10)
    training = own_training(splits)
    for network, in_training in enumerate(training):
        own = splits.with_own(training).of_network(network)
        order = splits.with_own(training).places_of(network)
        assert own.own_training is None
        assert own.rows.tolist() == indices(own.x_train) + indices(own.x_test) == splits.rows[order].tolist()
        assert np.array_equal(own.labels, splits.labels[order])
        assert np.array_equal(order[:40], np.flatnonzero(in_training))
        assert np.array_equal(np.sort(order), np.arange(50))
    assert splits.with_own(None).of_network(1) is splits
    assert splits.places_of(1).tolist() == list(range(50))


def test_a_table_is_scaled_by_the_networks_own_training_split() -> None:
    """From the values as they were read: as scikit-learn does it, with nothing of the test split in it."""
    splits = load_splits("breast_cancer", seed=0, train_size=300, test_size=None)
    own = splits.with_own(own_training(splits)).of_network(1)
    raw = load_dataset("breast_cancer").x[own.rows].astype(np.float64)
    train, test = raw[:300], raw[300:]
    expected = [((part - train.mean(0)) / train.std(0)).astype(np.float32) for part in (train, test)]
    np.testing.assert_allclose(own.x_train, expected[0], rtol=0, atol=1e-5)
    np.testing.assert_allclose(own.x_test, expected[1], rtol=0, atol=1e-5)
    # Another test split, the same training split: the same inputs.
    fewer = own_training(splits)[1:].copy()
    left_out = np.flatnonzero(~fewer[0])[:50]
    assert splits.unscaled is not None
    splits.unscaled[left_out] *= 1000
    try:
        again = splits.with_own(fewer).of_network(0)
    finally:
        splits.unscaled[left_out] /= 1000
    assert torch.equal(again.x_train, own.x_train)


def test_the_sweeps_own_split_is_scaled_as_ever() -> None:
    """A network whose split is that of the sweep gets its inputs, to the bit."""
    splits = whole("iris")
    own = splits.with_own((np.arange(150) < 120)[None]).of_network(0)
    assert torch.equal(own.x_train, splits.x_train)
    assert torch.equal(own.x_test, splits.x_test)


def test_rows_of_pooled_data_are_told_apart(tmp_path: Path) -> None:
    """A test split that the data bring is counted from 0; once both are pooled, its rows follow the training data's."""
    x, y = np.arange(60.0).reshape(30, 2), np.arange(30) % 2
    splits = whole(save(tmp_path / "two.npz", x_train=x[:20], y_train=y[:20], x_test=x[20:], y_test=y[20:]))
    assert splits.rows.tolist() == [*range(20), *range(10)]
    own = splits.with_own(own_training(splits)).of_network(0)
    assert own.unscaled is not None
    assert own.unscaled[:, 0].tolist() == (2 * own.rows).tolist()
    assert sorted(own.rows) == list(range(30))


def test_other_labels_are_those_of_the_training_split_alone() -> None:
    """The splits that trials share stay as they are; where no class differs, they are the same object."""
    splits = load_splits("iris", seed=0, train_size=None, test_size=None)
    labels = splits.y_train.numpy().copy()
    assert splits.with_training_labels(labels) is splits
    labels[7] = (labels[7] + 1) % 3
    changed = splits.with_training_labels(labels)
    assert torch.nonzero(changed.y_train != splits.y_train).tolist() == [[7]]
    assert changed.x_train is splits.x_train
    assert changed.y_test is splits.y_test
