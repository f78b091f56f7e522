"""The sizes of a measurement, and the time limits of its parts. Nothing but Python's own library is needed here."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Settings:
    """The sizes of a measurement.

    Attributes:
        device: the device, by torch's name.
        batch: the images of a training step.
        num_steps: T of a training step.
        rounds: the timed rounds of each side of a row, after the warm-up.
        warm_up: the rounds before these.
        train_size: the training images of a trial; None for all.
        test_size: the test images of a trial; None for all.
        trial_steps: T of a trial.
        trial_batch: the batch size of a trial.
        trial_epochs: the epochs of the whole trial.
        shared_trials: the number of trials that share the device.
        shared_epochs: the epochs of each of these.
        profiled_steps: the training steps that are profiled.
    """

    device: str
    batch: int
    num_steps: int
    rounds: int
    warm_up: int
    train_size: int | None
    test_size: int | None
    trial_steps: int
    trial_batch: int
    trial_epochs: int
    shared_trials: int
    shared_epochs: int
    profiled_steps: int


FULL: Final = Settings(
    device="cuda",
    batch=128,
    num_steps=25,
    rounds=30,
    warm_up=5,
    train_size=None,
    test_size=None,
    trial_steps=10,
    trial_batch=128,
    trial_epochs=20,
    shared_trials=4,
    shared_epochs=2,
    profiled_steps=10,
)

DRY: Final = Settings(
    device="cpu",
    batch=10,
    num_steps=3,
    rounds=2,
    warm_up=1,
    train_size=100,
    test_size=50,
    trial_steps=8,
    trial_batch=50,
    trial_epochs=1,
    shared_trials=2,
    shared_epochs=1,
    profiled_steps=2,
)

LIMITS: Final = {
    "environment": 120,
    "gpu_tests": 600,
    "steps": 900,
    "trial": 1200,
    "sharing": 1200,
    "profiling": 300,
}
"""The parts, in their order, and the seconds that each may take."""
