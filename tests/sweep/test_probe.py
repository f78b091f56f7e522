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


def test_each_kind_is_trained_twice(trials: list[Trial]) -> None:
    """On a clock that takes a tenth of a second a look, both kinds are measured, and both took that."""
    ticks = count()
    pace = probe(trials, clock=lambda: next(ticks) / 10)
    assert (pace.source, pace.count) == ("probe", 2)
    assert {kinds(spec)[0] for spec, _ in trials} <= pace.factors.keys()
    # Each training looks at the clock before and after.
    assert next(ticks) == 8


def test_the_first_training_of_a_kind_does_not_count(trials: list[Trial]) -> None:
    """Of two trainings that take 10 s and 0.01 s, as the first one compiles, the second tells the pace."""
    looks = iter([0.0, 10.0, 10.0, 10.01])
    once = probe(trials[:1], clock=lambda: next(looks))
    ticks = iter([0.0, 0.01, 0.01, 0.02])
    assert once.factors == pytest.approx(probe(trials[:1], clock=lambda: next(ticks)).factors)


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

    slow, fast = pace_at(0.2), pace_at(0.1)
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
