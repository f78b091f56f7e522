import io
import zipfile
from collections.abc import Iterator
from itertools import count

import numpy as np
import pytest
import torch
from training_kinds import KINDS, NETWORK, Shelf, same, spec_of, train

from privsearch._util import ending
from privsearch.errors import DivergedError
from privsearch.models import checkpoint
from privsearch.models.checkpoint import Checkpoints
from privsearch.study.cohort import Cohort
from privsearch.study.result import Epoch

pytestmark = pytest.mark.usefixtures("forgetting")

EVERY_STEP = 0.0


def at_every_step(kind: str) -> tuple[Cohort, list[bytes]]:
    """A training, and its state after each of its steps."""
    shelf = Shelf()
    return train(spec_of(kind), Checkpoints(shelf, EVERY_STEP)), shelf.saved


@pytest.fixture(scope="module")
def states() -> list[bytes]:
    """The states of an ANN in training, step by step."""
    return at_every_step("ann")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_goes_on_from_a_checkpoint_ends_bit_equal(kind: str) -> None:
    """After the first step, the last, the ends of epochs and steps between; it takes the steps that are left alone."""
    whole, saved = at_every_step(kind)
    assert same(train(spec_of(kind)), whole), "a checkpoint must change nothing"
    steps = len(saved) // 3
    between = np.random.default_rng(1).choice(np.arange(1, len(saved) - 1), 3, replace=False)
    for taken in {0, steps - 1, steps, len(saved) - 1, *between}:
        shelf, heard = Shelf({NETWORK: saved[taken]}), list[tuple[int, int, Epoch]]()
        assert same(train(spec_of(kind), Checkpoints(shelf, EVERY_STEP), heard), whole), taken
        assert shelf.saved == saved[taken + 1 :], "the states are the same to the bit, too"
        assert [event[1:] for event in heard] == list(enumerate(whole.networks[0].history))


class Killed(BaseException):
    """What no training catches."""


@pytest.mark.parametrize("kind", ["quantised snn", "registered"])
def test_a_training_that_is_killed_again_and_again_ends_bit_equal(kind: str) -> None:
    """Each life takes a step or a few more, and leaves one checkpoint."""

    class Deadly(Shelf):
        left = 0

        def save(self, network_id: str, content: bytes) -> None:
            super().save(network_id, content)
            self.left -= 1
            if self.left == 0:
                raise Killed

    shelf, dice, lives = Deadly(), np.random.default_rng(1), 0
    for lives in count(1):  # noqa: B007  # looked at below
        shelf.left = int(dice.integers(1, 5))
        try:
            survived = train(spec_of(kind), Checkpoints(shelf, EVERY_STEP))
        except Killed:
            assert list(shelf.contents) == [NETWORK]
            continue
        break
    assert lives > 3
    assert same(survived, train(spec_of(kind)))
    assert len(shelf.saved) == len(at_every_step(kind)[1]), "no step is taken twice"


def flipped(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def compressed(content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return file.getvalue()


def changed(content: bytes, **fields: object) -> bytes:
    """The same checkpoint with other fields, and right checksums."""
    file = io.BytesIO()
    torch.save({**torch.load(io.BytesIO(content), weights_only=True), **fields}, file)
    return file.getvalue()


def damages(content: bytes) -> Iterator[bytes]:
    held = torch.load(io.BytesIO(content), weights_only=True)
    yield from (b"", b"PK", content[:-100], content[: len(content) // 2], compressed(content))
    yield from (flipped(content, place) for place in np.random.default_rng(2).integers(len(content), size=20))
    for fields in (
        {"format": 2},
        {"network_id": "m" * 16},
        {"environment": "privsearch 0.0.1, torch 1.0 on another processor"},
        {"weights": {**held["weights"], "0.affine.bias": torch.zeros(3)}},
        {"weights": {**held["weights"], "0.affine.bias": held["weights"]["0.affine.bias"].double()}},
        {"weights": {"0.affine.bias": held["weights"]["0.affine.bias"]}},
        {"optimizer": held["optimizer"][:-1]},
        {"generator": torch.zeros(8, dtype=torch.uint8)},
        {"global_generator": torch.zeros(8, dtype=torch.uint8)},
        {"order": held["order"] + 1},
        {"order": held["order"][:-1]},
        {"history": [(0.5, 0.5)] * 3},
        {"history": [(float("nan"), 0.5)]},
        {"loss_sum": held["loss_sum"].float()},
        {"losses": torch.zeros(0)},
        {"losses": torch.zeros(9)},
        {"losses": torch.zeros(1, dtype=torch.float64)},
        # One number each, in a file, that claims more places than any memory has.
        {"order": torch.zeros(1, dtype=torch.int64).expand(2**46)},
        {"losses": torch.zeros(1).expand(2**46)},
    ):
        yield changed(content, **fields)


def test_what_is_damaged_or_foreign_is_not_there(states: list[bytes]) -> None:
    """The training begins anew; or a bit that means nothing was flipped, and it goes on."""
    spec = spec_of("ann")
    whole, middle = train(spec), states[len(states) // 2]
    assert same(train(spec, Checkpoints(Shelf({NETWORK: changed(middle)}), EVERY_STEP)), whole)
    anew = 0
    for content in damages(middle):
        shelf = Shelf({NETWORK: content})
        assert same(train(spec, Checkpoints(shelf, EVERY_STEP)), whole)
        assert len(shelf.saved) in {len(states), len(states) - len(states) // 2 - 1}
        anew += len(shelf.saved) == len(states)
    assert anew >= 5 + 15 + 19


def test_code_in_a_checkpoint_is_not_run(states: list[bytes], capsys: pytest.CaptureFixture[str]) -> None:
    """A checkpoint may come with a stranger's study."""

    class Bad:
        def __reduce__(self) -> tuple[object, ...]:
            return print, ("executed",)

    file = io.BytesIO()
    torch.save({**torch.load(io.BytesIO(states[0]), weights_only=True), "history": Bad()}, file)
    shelf = Shelf({NETWORK: file.getvalue()})
    train(spec_of("ann"), Checkpoints(shelf, EVERY_STEP))
    assert len(shelf.saved) == len(states)
    assert capsys.readouterr().out == ""


def test_a_checkpoint_comes_when_its_time_has_passed(monkeypatch: pytest.MonkeyPatch, states: list[bytes]) -> None:
    """What is shorter than the interval writes none; otherwise the time counts from the start or the last one."""
    clock = count()
    # The clock is read at the start, after every step and after every checkpoint.
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: next(clock))
    steps = len(states)
    for seconds, times in ((steps + 1.0, 0), (float(steps), 1), (3.0, steps // 3), (1.0, steps)):
        shelf = Shelf()
        train(spec_of("ann"), Checkpoints(shelf, seconds))
        assert len(shelf.saved) == times, seconds


def test_a_process_that_is_told_to_end_leaves_a_checkpoint(
    monkeypatch: pytest.MonkeyPatch, states: list[bytes]
) -> None:
    """Long before its time, but not of what has hardly begun; then it may end."""
    told: list[bool] = []
    monkeypatch.setattr(ending, "is_near", lambda: True)
    monkeypatch.setattr(ending, "finished", lambda: told.append(True))
    monkeypatch.setattr(checkpoint.time, "monotonic", count(step=10).__next__)
    for seconds, times in ((600.0, len(states)), (660.0, len(states) // 2), (1e6, 0)):
        shelf = Shelf()
        train(spec_of("ann"), Checkpoints(shelf, seconds))
        assert len(shelf.saved) == times, seconds
    assert len(told) == 3 * len(states)


def test_a_shelf_that_fails_costs_no_training(caplog: pytest.LogCaptureFixture) -> None:
    """It goes on without, and says so once; what failed is noted each time, and can be told to the user."""
    checkpoints = Checkpoints(Shelf(broken=True), EVERY_STEP)
    with checkpoints.until_safe([NETWORK]):
        assert same(train(spec_of("ann"), checkpoints), train(spec_of("ann")))
    assert [record.getMessage() for record in caplog.records] == [
        "checkpoints: the shelf: must hold, but is broken; trainings go on without"
    ]
    assert len(checkpoints.failures) > 3


def train_and_die(checkpoints: Checkpoints) -> None:
    train(spec_of("ann"), checkpoints)
    raise Killed


def test_a_checkpoint_stays_until_the_outputs_are_safe() -> None:
    """Where keeping them fails, it is still there."""
    shelf = Shelf()
    checkpoints = Checkpoints(shelf, EVERY_STEP)
    with pytest.raises(Killed), checkpoints.until_safe([NETWORK]):
        train_and_die(checkpoints)
    assert list(shelf.contents) == [NETWORK]
    with checkpoints.until_safe([NETWORK]):
        train(spec_of("ann"), checkpoints)
        assert list(shelf.contents) == [NETWORK]
    assert shelf.contents == {}


def test_a_divergence_is_told_in_the_same_words() -> None:
    """Also where the step at which it happened lies before the checkpoint; its checkpoint is gone with it."""
    spec = spec_of("ann").model_copy(update={"learning_rate": 1e30})
    shelf = Shelf()
    with pytest.raises(DivergedError, match=r"is (nan|inf) at step \d of 3 in epoch 1 of 3") as whole:
        train(spec, Checkpoints(shelf, EVERY_STEP))
    assert shelf.contents == {}
    assert len(shelf.saved) == 3
    for content in shelf.saved:
        other = Shelf({NETWORK: content})
        with pytest.raises(DivergedError) as resumed:
            train(spec, Checkpoints(other, EVERY_STEP))
        assert str(resumed.value) == str(whole.value)
        assert (other.contents, len(other.saved)) == ({}, 2 - shelf.saved.index(content))


@pytest.mark.gpu
@pytest.mark.parametrize("kind", ["snn", "registered"])
def test_a_gpu_goes_on_to_the_same_bits(kind: str) -> None:
    """Its own random numbers are a part of the state."""
    shelf = Shelf()
    whole = train(spec_of(kind), Checkpoints(shelf, EVERY_STEP), device="cuda")
    for content in shelf.saved[::4]:
        other = Shelf({NETWORK: content})
        assert same(train(spec_of(kind), Checkpoints(other, EVERY_STEP), device="cuda"), whole)
        assert len(other.saved) < len(shelf.saved)
