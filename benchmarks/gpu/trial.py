"""A whole trial on CIFAR-10: a target and a shadow are trained, and an SVM attacks."""

from typing import Any

from benchmarks.gpu.cifar10 import cifar10_trial, timed_trial
from benchmarks.gpu.settings import Settings


def measure(settings: Settings) -> dict[str, Any]:
    """Run the trial once."""
    with cifar10_trial(settings, settings.trial_epochs) as prepared:
        return {"data": prepared.data, "num_steps": settings.trial_steps, **timed_trial(prepared.spec, settings.device)}
