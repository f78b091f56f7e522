from collections.abc import Iterator
from itertools import count

import pytest

from privsearch.data import describe_dataset
from privsearch.errors import DivergedError
from privsearch.spec import TrialSpec
from privsearch.sweep.pace import Pace, kinds
from privsearch.sweep.probe import Trial, probe


def trial(dataset: str, model: str, epochs: int = 5) -> Trial:
    info = describe_dataset(dataset)
    return TrialSpec(dataset=dataset, model=model, epochs=epochs, num_steps=3).canonical(info.network), info


@pytest.fixture
def trials() -> list[Trial]:
    """Two kinds, one of them twice."""
    return [trial("iris", "ann"), trial("iris", "ann", epochs=6), trial("iris", "snn")]


def test_each_kind_is_trained(trials: list[Trial]) -> None:
    """On a clock that takes a hundredth of a second a look, there is time for both kinds."""
    ticks = count()
    pace = probe(trials, clock=lambda: next(ticks) / 100)
    assert (pace.source, pace.count) == ("probe", 2)
    assert {kinds(spec)[0] for spec, _ in trials} <= pace.factors.keys()


def test_the_fastest_epoch_counts(trials: list[Trial]) -> None:
    """Of epochs that take 10, 5, 0.01 and 0.02 s, as the first one compiles and memory grows, the third does."""
    ends = [10.0, 15.0, 15.01, 15.03, *(15.03 + 0.02 * k for k in range(1, 20))]
    once = probe(trials[:1], clock=iter([0.0, *ends]).__next__)
    ticks = count()
    even = probe(trials[:1], clock=lambda: next(ticks) / 100)
    assert once.factors == pytest.approx(even.factors)


def test_the_trial_in_the_middle_stands_for_its_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of thresholds from 0.5 to 1.5 the one of 1 is trained, whatever their order."""
    info = describe_dataset("iris")
    planned = [
        TrialSpec(dataset="iris", model="snn", act_bit_width=4, threshold=threshold).canonical(info.network)
        for threshold in (1.5, 0.5, 1.25, 1.0, 0.75)
    ]
    seen = []

    def see(spec: TrialSpec, *_: object) -> None:
        seen.append(spec.threshold)
        raise DivergedError("enough is seen")

    monkeypatch.setattr("privsearch.models.training.train_cohort", see)
    probe([(spec, info) for spec in planned], clock=lambda: 0.0)
    assert seen == [1.0]


def test_a_slow_machine_is_probed_briefly(trials: list[Trial]) -> None:
    """Once the time is up, no further kind is trained, and the other goes by the first."""
    ticks = count()
    pace = probe(trials, clock=lambda: float(2 * next(ticks)))
    assert pace.count == 1
    assert pace.factor(trials[0][0]) == pace.factor(trials[2][0])


def test_a_machine_half_as_fast_takes_twice_as_long(trials: list[Trial]) -> None:
    """Factors are the clock's seconds over the estimates."""

    def pace_at(step: float) -> Pace:
        ticks = count()
        return probe(trials, clock=lambda: step * next(ticks))

    slow, fast = pace_at(0.02), pace_at(0.01)
    assert slow.factors == pytest.approx({kind: 2 * factor for kind, factor in fast.factors.items()})


def test_what_cannot_be_trained_is_passed_over(trials: list[Trial], monkeypatch: pytest.MonkeyPatch) -> None:
    """A probe never fails a plan: what diverges tells nothing, and the estimates stay."""

    def diverge(*_: object) -> Iterator[None]:
        raise DivergedError("a loss is not finite")

    monkeypatch.setattr("privsearch.models.training.train_cohort", diverge)
    assert probe(trials) == Pace()


def test_nothing_to_train_is_no_probe() -> None:
    """Without a trial nothing is measured."""
    assert probe([]) == Pace()
