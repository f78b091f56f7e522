from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from privsearch import register_dataset
from privsearch.data import describe_dataset, load_dataset
from privsearch.data.raw import RawDataset
from privsearch.data.sequences import lengths_of, padded, standardized_over_time, without_padding
from privsearch.data.splits import load_splits
from privsearch.errors import DataError
from privsearch.spec import NpzDataset, RegisteredDataset, registry

RNG = np.random.default_rng(0)
X = RNG.normal(size=(20, 6, 3))
Y = np.arange(20) % 2
LENGTHS = np.arange(20) % 6 + 1


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., RawDataset]:
    """Write an NPZ file and load it."""

    def load(fields: dict[str, Any] | None = None, **arrays: Any) -> RawDataset:
        np.savez(tmp_path / "a.npz", **arrays)
        return load_dataset(NpzDataset(name="mine", path=str(tmp_path / "a.npz"), **(fields or {})))

    return load


def test_three_axes_are_over_time_if_the_entry_says_so(read: Callable[..., RawDataset]) -> None:
    """They are grey images otherwise."""
    assert read({"time": True}, x=X, y=Y).x.shape == (20, 6, 3)
    assert read(x=RNG.random((20, 6, 5)), y=Y).x.shape == (20, 1, 6, 5)


def test_lengths_say_so_as_well(read: Callable[..., RawDataset]) -> None:
    """And what lies beyond is padding, whatever stands there."""
    raw = read(x=X, y=Y, lengths=LENGTHS)
    assert lengths_of(raw.x).tolist() == LENGTHS.tolist()
    is_valid = np.arange(6) < LENGTHS[:, None]
    np.testing.assert_array_equal(raw.x[is_valid], X[is_valid].astype(np.float32))
    assert np.isnan(raw.x[~is_valid]).all()


@pytest.mark.parametrize("beyond", [np.nan, np.inf, 1e9])
def test_padding_is_the_same_data_however_it_is_written(read: Callable[..., RawDataset], beyond: float) -> None:
    """With lengths, or with NaN from the end of an example on: one fingerprint."""
    with_nan = np.where(np.arange(6)[:, None] < LENGTHS[:, None, None], X, np.nan)
    other = np.where(np.isnan(with_nan), beyond, with_nan)
    expected = read({"time": True}, x=with_nan, y=Y).x
    np.testing.assert_array_equal(read(x=other, y=Y, lengths=LENGTHS).x, expected, strict=True)


def test_steps_that_no_example_has_are_dropped(read: Callable[..., RawDataset]) -> None:
    """However wide the arrays are, the data are the same."""
    shorter = np.minimum(LENGTHS, 4)
    wide, narrow = read(x=X, y=Y, lengths=shorter), read(x=X[:, :4], y=Y, lengths=shorter)
    np.testing.assert_array_equal(wide.x, narrow.x, strict=True)
    even = read(x=X, y=Y, lengths=np.full(20, 4))
    assert (even.input_shape, even.has_padding) == ((4, 3), False)
    frames = RNG.random((20, 6, 2, 5, 5))
    assert read(x=frames, y=Y, lengths=shorter).x.shape == (20, 4, 2, 5, 5)
    split = {"x_train": X, "y_train": Y, "x_test": X[:4], "y_test": Y[:4]}
    raw = read(**split, lengths_train=shorter, lengths_test=np.array([5, 1, 1, 1]))
    assert raw.input_shape == (5, 3)


@pytest.mark.parametrize(
    ("given", "fields", "read_as"),
    [
        ((20, 6, 5, 7), {"time": True}, (20, 6, 1, 5, 7)),
        ((20, 6, 2, 5, 7), {}, (20, 6, 2, 5, 7)),
        ((20, 6, 9, 9, 2), {}, (20, 6, 2, 9, 9)),
        ((20, 6, 5, 7, 6), {"layout": "channels_last"}, (20, 6, 6, 5, 7)),
    ],
)
def test_frames_have_their_channels_first(
    read: Callable[..., RawDataset], given: tuple[int, ...], fields: dict[str, Any], read_as: tuple[int, ...]
) -> None:
    """Where these are is told as of images; five axes are over time in any case."""
    x = RNG.random(given)
    frames = read(fields, x=x, y=Y).x
    assert frames.shape == read_as
    channels = {(20, 6, 5, 7): x[:, :, None], (20, 6, 2, 5, 7): x}.get(given, np.moveaxis(x, -1, 2))
    np.testing.assert_array_equal(frames, channels.astype(np.float32))


def test_counts_of_events_are_not_scaled(read: Callable[..., RawDataset]) -> None:
    """Though of 8 bits, they are no shades; large ones are told."""
    counts = RNG.integers(3, size=(20, 6, 2, 8, 8)).astype(np.uint8)
    raw = read(x=counts, y=Y, lengths=LENGTHS)
    assert np.nanmax(raw.x) == 2
    assert raw.warnings == ()
    assert "over time are of type uint8 and reach 20" in read(x=counts * 10, y=Y).warnings[0]


def test_a_given_test_split_has_lengths_of_its_own(read: Callable[..., RawDataset]) -> None:
    arrays = {"x_train": X, "y_train": Y, "x_test": X[:4], "y_test": Y[:4]}
    raw = read(**arrays, lengths_train=LENGTHS, lengths_test=np.full(4, 6))
    assert raw.test_x is not None
    assert (lengths_of(raw.x).sum(), lengths_of(raw.test_x).tolist()) == (LENGTHS.sum(), [6] * 4)
    with pytest.raises(DataError, match=r"missing: 'lengths_test'"):
        read(**arrays, lengths_train=LENGTHS)


def test_registered_arrays_may_be_over_time() -> None:
    """By the same rules."""
    register_dataset("voices", lambda: {"x": X, "y": Y, "lengths": LENGTHS})
    try:
        info = describe_dataset(RegisteredDataset(name="voices"))
    finally:
        registry.forget("dataset", "voices")
    assert (info.network, info.input_shape, info.num_steps) == ("fcnet", (6, 3), 6)


@pytest.mark.parametrize(
    ("x", "lengths", "message"),
    [
        (X[:, 0], None, r"x: inputs over time must be numbers of shape \(n, time, features\), .* got shape \(20, 3\)"),
        (X, LENGTHS[1:], r"l: lengths must be integers of shape \(20,\), .* got shape \(19,\), dtype int64"),
        (X, LENGTHS / 1, r"l: lengths must be integers of shape \(20,\), .* dtype float64"),
        (X, LENGTHS - 1, r"l: every length must be from 1 to 6, the time steps of x, but got 0 at index 0, 6, 12"),
        (X, LENGTHS + 1, r"l: every length must be from 1 to 6, .* but got 7 at index 5, 11, 17"),
        (np.where(np.arange(6)[:, None] == 2, np.nan, X), None, r"x: every value within an example's length must be"),
        (np.where(np.arange(3) == 2, np.nan, X), None, r"but 120 are NaN or infinite, at index \(0, 0, 2\)"),
        (
            np.where(np.arange(20)[:, None, None] == 4, np.nan, X),
            None,
            r"every example must have a step .* index 4\.",
        ),
    ],
)
def test_what_is_not_over_time_is_refused(x: np.ndarray, lengths: np.ndarray | None, message: str) -> None:
    """A gap within an example is a missing value, no padding."""
    with pytest.raises(DataError, match=message):
        padded(x, lengths, "x", "l")


def test_features_are_standardised_over_the_valid_steps_of_the_training_split(tmp_path: Path) -> None:
    """However many steps of padding there are."""
    np.savez(tmp_path / "a.npz", x=X * 7 + 3, y=Y, lengths=LENGTHS)
    splits = load_splits(NpzDataset(name="mine", path=str(tmp_path / "a.npz")), seed=0, train_size=None, test_size=None)
    assert splits.x_train.shape == (16, 6, 3)
    values = splits.x_train.numpy()[~np.isnan(splits.x_train.numpy()[:, :, 0])]
    np.testing.assert_allclose(values.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(values.std(0), 1, atol=1e-6)


def test_networks_with_splits_of_their_own_standardise_by_these(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=X, y=Y, lengths=LENGTHS)
    splits = load_splits(NpzDataset(name="mine", path=str(tmp_path / "a.npz")), seed=0, train_size=None, test_size=None)
    in_training = np.arange(20) >= 4
    own = splits.with_own(in_training[None]).of_network(0)
    assert splits.unscaled is not None
    train, test = standardized_over_time(splits.unscaled[4:], splits.unscaled[:4])
    np.testing.assert_array_equal(own.x_train.numpy(), train)
    np.testing.assert_array_equal(own.x_test.numpy(), test)


def test_an_attack_that_reads_inputs_finds_padding_as_zero() -> None:
    x = padded(X, LENGTHS, "x", "l")
    assert np.isfinite(without_padding(x)).all()
    table = X[:, 0]
    assert without_padding(table) is table


def test_dates_are_kept_in_64_bits_over_time_too(read: Callable[..., RawDataset]) -> None:
    """A large number that all values have in common costs nothing."""
    raw = read(x=X + 1e9, y=Y, lengths=LENGTHS)
    assert raw.x.dtype == np.float64


def test_records_of_data_that_are_not_over_time_stay_as_they_were() -> None:
    """The field is written where it says something."""
    assert "time" not in NpzDataset(name="a", path="a.npz").model_dump()
    assert NpzDataset(name="a", path="a.npz", time=True).model_dump()["time"] is True
