"""A probe of a machine: short trainings that show how long those of a sweep will take on it."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

import numpy as np

from privsearch.data import DatasetInfo
from privsearch.spec import TrialSpec
from privsearch.sweep.cost import training_seconds
from privsearch.sweep.pace import Kind, Pace, estimated_seconds, kinds

SECONDS: Final = 1.0
"""The seconds after which no further kind of trial is probed."""

_EACH: Final = 0.08
"""The estimated seconds of one short training."""

FEWEST_EPOCHS: Final = 4
"""The epochs of a short training, of which one is a single step where steps take long."""

Trial = tuple[TrialSpec, DatasetInfo]


def probe(trials: Iterable[Trial], clock: Callable[[], float] = time.perf_counter) -> Pace:
    """Train one network briefly for each of the kinds of trials that will take longest, and return the pace.

    Of a kind, one in the middle is taken, as the lowest and the highest thresholds are not what most trials have.

    The fastest epoch counts but the first, as that one also imports and compiles, and memory grows for a while. What
    cannot be trained here, or diverges, is passed over.

    Args:
        trials: the trials that a plan leaves to train, canonical, each with its dataset.
        clock: a clock that returns seconds.
    """
    groups: dict[Kind, list[Trial]] = {}
    for spec, info in trials:
        groups.setdefault(kinds(spec)[0], []).append((spec, info))
    costliest = sorted(groups.values(), key=lambda group: -sum(estimated_seconds(*trial) for trial in group))
    return Pace.of(_measured([_middle(group) for group in costliest], clock), "probe")


def _middle(group: Sequence[Trial]) -> Trial:
    """Return the trial whose threshold is in the middle of a group's."""
    by_threshold = sorted(group, key=lambda trial: (trial[0].threshold or 0.0, trial[0].act_bit_width or 0))
    return by_threshold[len(group) // 2]


def _measured(trials: Iterable[Trial], clock: Callable[[], float]) -> Iterator[tuple[TrialSpec, float, float]]:
    """Yield what was trained, the seconds that it took, and the seconds estimated, until the time is up."""
    left = SECONDS
    for spec, info in trials:
        if left <= 0:
            return
        started = clock()
        try:
            seconds, estimate = _train_briefly(spec, info, clock)
        except Exception:  # noqa: S112  # whatever fails here will be told by the sweep, and must not end a plan
            continue
        left -= clock() - started
        yield spec, seconds, estimate


def _train_briefly(spec: TrialSpec, info: DatasetInfo, clock: Callable[[], float]) -> tuple[float, float]:
    """Train one network on a part of the examples; return the seconds of an epoch, and those estimated.

    Its queries, which are few beside its training in a trial and many here, do not count.
    """
    # Imported here, as torch takes seconds.
    from privsearch.data.splits import load_splits
    from privsearch.models.training import Listeners, train_cohort

    short = _shortened(spec, info)
    splits = load_splits(short.dataset, seed=0, train_size=short.train_size, test_size=short.test_size)
    everybody = np.ones((1, len(splits.y_train)), bool)
    ends: list[float] = []
    train_cohort(short, splits, everybody, [0], Listeners(on_epoch=lambda *_: ends.append(clock())))
    share = len(splits.y_train) / sum(short.protocol.training_examples(len(splits.y_train)))
    fastest = min(end - start for start, end in pairwise(ends))
    return fastest, share * training_seconds(short, info, queries=False) / short.epochs


def _shortened(spec: TrialSpec, info: DatasetInfo) -> TrialSpec:
    """Return a trial with as many examples, then epochs, as one network can be trained for in the time."""
    num_train, num_test = spec.train_size or info.num_train, spec.test_size or info.num_test
    fewest = 2 * info.num_classes
    least = max(fewest, min(spec.batch_size, num_train))

    def one(examples: int, epochs: int) -> TrialSpec:
        changes = {"train_size": examples, "test_size": min(num_test, fewest), "epochs": epochs}
        return spec.model_copy(update=changes)

    def cost(examples: int, epochs: int) -> float:
        short = one(examples, epochs)
        return training_seconds(short, info, queries=False) * examples / sum(short.protocol.training_examples(examples))

    examples = min(num_train, max(least, int(least * _EACH / cost(least, 1))))
    epochs = max(FEWEST_EPOCHS, min(spec.epochs, int(_EACH / cost(examples, 1))))
    return one(examples, epochs)
