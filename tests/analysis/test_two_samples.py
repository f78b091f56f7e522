import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from privsearch._util.interval import Interval
from privsearch.analysis.two_samples import classifier_auc

Samples = tuple[np.ndarray, np.ndarray, np.ndarray]


def samples(seed: int = 0, *, shift: float = 0.0, scale: float = 1.0, features: int = 4, size: int = 200) -> Samples:
    """Two samples of as many normal inputs, the second of which is shifted, or scaled; labels that say nothing."""
    rng = np.random.default_rng(seed)
    inputs = rng.normal(size=(2 * size, features)) * np.repeat([[1.0], [scale]], size, axis=0)
    inputs[size:] += shift
    return inputs, rng.integers(3, size=2 * size), np.arange(2 * size) < size


def auc_of(given: Samples, seed: int = 0) -> Interval:
    return classifier_auc(*given, np.random.default_rng(seed))[0]


@pytest.mark.parametrize("features", [4, 100])
@pytest.mark.parametrize("change", [{"shift": 1.0}, {"scale": 3.0}])
def test_a_shift_and_another_scale_are_found(change: dict[str, float], features: int) -> None:
    """By one standard deviation, and by three times the spread; among few inputs and among many."""
    assert auc_of(samples(features=features, **change)).low > 0.7


def test_classes_that_are_more_frequent_are_found() -> None:
    """The label is one more input."""
    inputs, _, is_first = samples(size=400)
    labels = np.where(np.random.default_rng(1).random(800) < np.where(is_first, 0.2, 0.8), 1, 0)
    assert auc_of((inputs, labels, is_first)).low > 0.6


def test_samples_that_are_alike_have_one_half_in_their_intervals() -> None:
    """In all but 1 of 20 cases, half of the others on either side; 0.5 is the mean."""
    intervals = [auc_of(samples(seed, size=60), seed) for seed in range(60)]
    # Of 60, more than 6 on one side would come by chance in fewer than 1 of 1,000 cases.
    assert sum(interval.low > 0.5 for interval in intervals) <= 6
    assert sum(interval.high < 0.5 for interval in intervals) <= 6
    values = [interval.value for interval in intervals]
    assert abs(np.mean(values) - 0.5) < 3.3 * np.std(values) / np.sqrt(len(values))


def test_it_is_judged_on_examples_that_it_did_not_learn_from() -> None:
    """On half of either sample, the larger half of an odd one."""
    inputs, labels, is_first = samples(size=30)
    chosen = np.arange(60) != 0
    rng = np.random.default_rng(0)
    _, members, others = classifier_auc(inputs[chosen], labels[chosen], is_first[chosen], rng)
    assert (members, others) == (15, 15)


def test_the_number_of_threads_is_not_another_result() -> None:
    """To the last bit, with the components of many inputs."""
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            found.append(auc_of(samples(features=100, shift=0.2)))
    assert found[0] == found[1]
