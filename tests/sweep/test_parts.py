from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from builders import make_completed
from hypothesis import given, settings
from hypothesis import strategies as st

from privsearch.api.study import Study
from privsearch.errors import StudyError
from privsearch.spec import SweepSpec
from privsearch.study.cohort import Cohort, join
from privsearch.study.result import Completed, Death, parse_result
from privsearch.study.signal_archive import SignalArchive
from privsearch.sweep.advance import Advance
from privsearch.sweep.cohort import Keeping, TrialNetworks
from privsearch.sweep.parts import LEAST_SECONDS, MOST_SECONDS, TrainedPart, longest_part, parts_of
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.jobs import TrainAndAttack
from privsearch.sweep.runners.ray_tune.messages import Advanced, Finished, GivenUp, Started
from privsearch.sweep.runners.ray_tune.schedule import Schedule
from privsearch.sweep.trial import run_trial

DEATH = Death(
    cause="died", exit_code=None, signal="SIGKILL", log_tail="", peak_memory_bytes=None, seconds=1.0, host="h"
)
IDS = tuple(f"n{0:016x}-{k}" for k in range(40))


def trial_of(seconds: list[float], attack: float = 1.0) -> PlannedTrial:
    """A trial on paper whose networks take these times."""
    planned = PlannedTrial("a" * 16, make_completed().spec, (), (), False, sum(seconds) + attack, 0)
    return replace(planned, networks=IDS[: len(seconds)], to_train=dict(enumerate(seconds)))


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=30), st.floats(0.1, 100))
def test_the_parts_of_a_trial_are_all_of_its_networks_in_order(seconds: list[float], longest: float) -> None:
    """None is longer than may be unless it is a single network, and none could take the next one's first network in."""
    trial = trial_of(seconds)
    parts = parts_of(trial, longest)
    if not parts:
        assert len(seconds) == 1 or sum(seconds) <= longest
        return
    networks = [part.part or () for part in parts]
    assert [k for part in networks for k in part] == list(range(len(seconds)))
    assert len(parts) > 1
    for part, of_part in zip(parts, networks, strict=True):
        assert part.seconds == pytest.approx(sum(seconds[k] for k in of_part))
        assert len(of_part) == 1 or part.seconds <= longest + 1e-9
    for part, following in pairwise(networks):
        assert sum(seconds[k] for k in (*part, following[0])) > longest


def test_only_long_trials_are_split() -> None:
    """A thousand short ones are not; a single one is, into a few parts for each worker; no part is a trifle."""
    many = [trial_of([1.0] * 8) for _ in range(1000)]
    assert not any(parts_of(trial, longest_part(many, 2)) for trial in many)
    one = trial_of([10.0] * 16)
    assert 4 <= len(parts_of(one, longest_part([one], 2))) <= 16
    short = trial_of([0.1] * 16)
    assert parts_of(short, longest_part([short], 16)) == []
    huge = trial_of([30.0] * 40)
    assert longest_part([huge] * 100, 2) == MOST_SECONDS
    assert longest_part([], 2) == LEAST_SECONDS


def test_what_is_left_after_the_parts_is_short_and_finds_them() -> None:
    """The networks are in files of their own, and only the attacks are left."""
    rest = trial_of([5.0, 5.0], attack=2.0).rest()
    assert (rest.seconds, rest.to_train, rest.part) == (2.0, {}, None)
    assert {network: file.name for network, file in rest.files.items()} == {IDS[0]: IDS[0], IDS[1]: IDS[1]}


def test_a_trial_that_is_split_comes_last_itself() -> None:
    """Its parts are told of as they end, and nothing else is: it has begun once, and is finished once."""
    schedule = Schedule([trial_of([10.0] * 4)], workers=1, retries=0, splits=True)
    parts = list(iter(schedule.take, None))
    for shard in parts:
        (work,) = schedule.begin(shard)
        assert work is not None
        assert work.part is not None
        schedule.done(shard.number, TrainedPart(networks=work.part).model_dump_json())
    last = schedule.take()
    assert last is not None
    (work,) = schedule.begin(last)
    assert work is not None
    assert work.part is None
    schedule.done(last.number, "the trial")
    events = schedule.events(0)
    assert (events[0], events[-1]) == (Started(0), Finished(0, "the trial"))
    advances = [Advance.model_validate_json(event.advance) for event in events[1:-1] if isinstance(event, Advanced)]
    assert [network for advance in advances for network in advance.trained] == [0, 1, 2, 3]
    assert len(events) == len(parts) + 2
    assert schedule.take() is None


def test_a_trial_is_given_up_with_the_first_part_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left of it is not run any more, and its other outcomes are nobody's business."""
    schedule = Schedule([trial_of([10.0] * 4)], workers=1, retries=0, splits=True)
    first, second, *others = iter(schedule.take, None)
    for shard in (first, second):
        schedule.begin(shard)
    schedule.done(first.number, DEATH)
    schedule.done(second.number, TrainedPart(networks=(1,)).model_dump_json())
    for shard in others:
        assert schedule.begin(shard) == [None]
        schedule.done(shard.number, "")
    assert schedule.take() is None
    assert [event for event in schedule.events(0) if not isinstance(event, Started)] == [GivenUp(0, 1, DEATH)]


@dataclass(frozen=True)
class Cohorts:
    """Two trials of six networks each.

    Attributes:
        trials: the trials.
        numbers: by trial_id, the numbers that they have when nothing is split.
        networks: by network id, what one training of it gave.
    """

    trials: Sequence[PlannedTrial]
    numbers: Mapping[str, Any]
    networks: Mapping[str, Cohort]


@pytest.fixture(scope="module")
def cohorts(tmp_path_factory: pytest.TempPathFactory) -> Cohorts:
    """Both trials, trained once."""
    sweep = SweepSpec.model_validate(
        {
            "name": "split",
            "datasets": ("iris",),
            "protocol": {"kind": "halves", "networks": 6},
            "grids": {"g": {"model": ["ann", "snn"]}},
            "recipe": {"epochs": 1, "num_steps": 2, "batch_size": 64},
            "attacks": ("loss",),
        }
    )
    trials = make_plan(sweep, Study(tmp_path_factory.mktemp("study") / "s")).todo
    numbers, networks = {}, {}
    for trial in trials:
        archive = SignalArchive(tmp_path_factory.mktemp("signals"))
        result = run_trial(trial.spec, archive=archive)
        cohort = archive.load(trial.trial_id)
        assert isinstance(result, Completed)
        assert cohort is not None
        numbers[trial.trial_id] = result.numbers()
        networks |= {network: cohort.part([k]) for k, network in enumerate(cohort.network_ids)}
    return Cohorts(trials, numbers, networks)


class Killed(BaseException):  # no error
    """The end of a worker."""


class Cluster:
    """Workers that do what a schedule hands out, in any order, and die of it now and then."""

    def __init__(self, cohorts: Cohorts, data: st.DataObject) -> None:
        self.cohorts, self.data = cohorts, data
        self.kills = 0
        self.trained = Counter[str]()

    def train(self, networks: TrialNetworks, chosen: Sequence[int], keep: Keeping) -> tuple[Cohort, None]:
        """Stand for the training of some networks, after which the worker may be killed."""
        self.trained.update(networks.ids[k] for k in chosen)
        if self.data.draw(st.integers(0, 6), label="kill") == 6:
            self.kills += 1
            raise Killed
        return join([self.cohorts.networks[networks.ids[k]] for k in chosen]), None

    def run(self, schedule: Schedule, job: TrainAndAttack) -> None:
        """Work until nothing is left."""
        working: list[tuple[int, list[PlannedTrial | None]]] = []
        while True:
            if (shard := schedule.take()) is not None:
                working.append((shard.number, [*schedule.begin(shard)]))
            if not working:
                return
            number, left = working[self.data.draw(st.integers(0, len(working) - 1), label="worker")]
            schedule.done(number, self.outcome(job, left.pop(0)))
            working = [(number, left) for number, left in working if left]

    def outcome(self, job: TrainAndAttack, work: PlannedTrial | None) -> str | Death:
        """Do one item of work."""
        assert work is not None
        try:
            return job(work, "cpu").model_dump_json()
        except Killed:
            return DEATH


@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_results_do_not_depend_on_how_work_was_split(cohorts: Cohorts, data: st.DataObject) -> None:
    """Whatever the parts, the order of the workers and the kills: the bits are the same, and nothing kept is lost.

    A network is trained a second time only if its worker was killed before its signals were kept.
    """
    seconds = data.draw(st.sampled_from([0.1, 1.0, 3.0, 30.0]), label="seconds of a network")
    planned = [
        replace(trial, to_train=dict.fromkeys(trial.to_train, seconds), seconds=6 * seconds + 1.0)
        for trial in cohorts.trials
    ]
    schedule = Schedule(planned, workers=data.draw(st.integers(1, 4)), retries=10_000, splits=True)
    cluster = Cluster(cohorts, data)
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(TrialNetworks, "train", lambda *of, **options: cluster.train(*of, **options))  # noqa: PLW0108  # a bound method would not get the trial's networks
        cluster.run(schedule, TrainAndAttack(SignalArchive(Path(folder))))
    results = [parse_result(event.result) for event in schedule.events(0) if isinstance(event, Finished)]
    assert all(isinstance(result, Completed) for result in results)
    assert {r.trial_id: r.numbers() for r in results if isinstance(r, Completed)} == cohorts.numbers
    assert cluster.trained.keys() == cohorts.networks.keys()
    # A kill costs what one item trains before it is kept: a network, or a trial that is not split.
    assert cluster.trained.total() - len(cohorts.networks) <= cluster.kills * (1 if seconds > 1 else 6)


def test_a_part_that_fails_leaves_the_trial_to_itself(cohorts: Cohorts, tmp_path: Path) -> None:
    """It says why, and the trial trains what it does not find: it has its numbers, or fails of its own."""

    class Full(SignalArchive):
        """An archive without room."""

        def save(self, name: str, cohort: Any) -> None:
            raise StudyError("no room")

    trials, expected = cohorts.trials, cohorts.numbers
    job = TrainAndAttack(Full(tmp_path))
    part = job(trials[0].part_of((0, 1)), "cpu")
    assert isinstance(part, TrainedPart)
    assert part.error == "StudyError: no room"
    result = job(trials[0].rest(), "cpu")
    assert isinstance(result, Completed)
    assert (result.numbers(), result.unkept) == (expected[trials[0].trial_id], "no room")
