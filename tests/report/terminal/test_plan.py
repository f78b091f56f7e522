import re
from dataclasses import replace
from importlib.metadata import version
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from builders import make_completed
from rich.console import Console, RenderableType

from privsearch.api.study import Study
from privsearch.report.terminal.plan import duration, plan_tables, planned_trials_table, reuse_lines, trial_names
from privsearch.spec import SweepSpec
from privsearch.study.record import RecordWriter
from privsearch.sweep.plan import Plan, make_plan
from privsearch.sweep.reuse import Superseded


def planned(sweep: SweepSpec, folder: Path, *, recorded: int = 0, strangers: int = 0) -> Plan:
    """The plan of a sweep of which the first trials, and some that it does not ask for, are recorded."""
    study = Study(folder / "study")
    trial_ids = [trial.trial_id for trial in make_plan(sweep, study).trials]
    study.begin(sweep, dict.fromkeys(trial_ids, "iris"), {})
    with RecordWriter(study.record_path) as record:
        for trial_id in [*trial_ids[:recorded], *(f"{n:016x}" for n in range(strangers))]:
            record.append(make_completed(trial_id))
    return make_plan(sweep, study)


def changed(sweep: SweepSpec, **fields: Any) -> SweepSpec:
    return SweepSpec.model_validate(sweep.model_dump() | fields)


def printed(*renderables: RenderableType) -> list[str]:
    """The lines on a terminal of 80 columns."""
    console = Console(file=StringIO(), width=80)
    with console.capture() as captured:
        console.print(*renderables, sep="\n")
    return captured.get().splitlines()


def test_plan_is_told_in_numbers(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """The whole sweep, each dataset and each grid come with their counts."""
    lines = printed(*plan_tables(planned(tiny_sweep, tmp_path, recorded=1)))
    assert lines[:2] == ["tiny: 4 distinct trials, from 4 points of the grids", "to do: 3, cached: 1"]
    assert re.fullmatch(r"to train: 12 networks, about \d+ s on one core, give or take half", lines[2])
    assert re.fullmatch(r"estimated from 1 recorded trial; start and end take about \d+ \w+ more", lines[3])
    rows = [line.split() for line in lines]
    assert ["iris", "4", "1", "3", "12"] in [row[:5] for row in rows]
    assert ["precision", "4", "4"] in rows


def test_sizes_are_those_that_are_trained_on(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Of a split of which a part is taken the part is shown; a batch of the whole is no number."""
    whole = " ".join(" ".join(printed(*plan_tables(planned(tiny_sweep, tmp_path / "whole")))).split())
    assert "iris 120 30 4 3" in whole
    assert "single step" not in whole
    recipe = {**tiny_sweep.recipe, "batch_size": 4000, "overrides": {"iris": {"train_size": 60}}}
    part = " ".join(" ".join(printed(*plan_tables(planned(changed(tiny_sweep, recipe=recipe), tmp_path)))).split())
    assert "iris 60 of 120 30 4 3" in part
    assert "iris, paper: a batch takes all 60 examples of a network, so each epoch is a single step" in part
    assert "4000" not in part


def test_signals_too_large_to_keep_are_told(
    tiny_sweep: SweepSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How many trials cannot be attacked later without another training."""
    monkeypatch.setattr("privsearch.sweep.plan.MAX_BYTES", 4 * 4 * 150 * 3)
    told = "signals too large to keep, above 4.3 GB a trial: those of 2 trials"
    assert told in printed(*plan_tables(planned(tiny_sweep, tmp_path)))


def test_points_that_are_the_same_trial_are_counted_once(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """A grid tells how many points it has, and how many trials these come to."""
    grid = {"model": ["ann", "snn"], "surrogate_gradient": ["atan", "fast_sigmoid"]}
    lines = printed(*plan_tables(planned(changed(tiny_sweep, grids={"surrogates": grid}), tmp_path)))
    assert lines[0] == "tiny: 3 distinct trials, from 4 points of the grids"
    assert ["surrogates", "4", "3"] in [line.split() for line in lines]


def test_trials_of_an_earlier_sweep_are_accounted_for(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """What the record holds beyond the sweep is said to be kept."""
    told = "kept, but no longer asked for: 2 recorded trials"
    assert told in printed(*plan_tables(planned(tiny_sweep, tmp_path, recorded=1, strangers=2)))
    assert told[:10] not in " ".join(printed(*plan_tables(planned(tiny_sweep, tmp_path / "other"))))


def test_every_trial_is_listed_with_its_state(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """One row a trial: id, state, configuration, grids."""
    plan = planned(tiny_sweep, tmp_path, recorded=1)
    rows = [re.split(r"\s{2,}", line.strip()) for line in printed(planned_trials_table(plan))]
    assert [row for row in rows if row[-1] == "precision"] == [
        [plan.trials[0].trial_id, "cached", "iris ANN fp32", "precision"],
        [plan.trials[1].trial_id, "to do", "iris ANN a4", "precision"],
        [plan.trials[2].trial_id, "to do", "iris SNN fp32", "precision"],
        [plan.trials[3].trial_id, "to do", "iris SNN a4", "precision"],
    ]


def test_names_leave_out_what_is_constant_where_it_has_an_effect(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """An axis tells trials apart only among those it has an effect on; each dataset is seen by itself."""
    grids = {"g": {"model": ["ann", "snn"], "surrogate_gradient": ["atan"], "num_steps": [2, 3]}}
    recipe = {"overrides": {"iris": {"epochs": 2}}}
    plan = planned(changed(tiny_sweep, datasets=["iris", "digits"], grids=grids, recipe=recipe), tmp_path)
    words = ("ANN", "SNN num_steps 2", "SNN num_steps 3")
    assert list(trial_names(plan).values()) == [f"{name} {word}" for name in ("iris", "digits") for word in words]


def test_names_are_distinct(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """No two trials of a sweep have the same name."""
    grid = {"model": ["ann", "snn"], "weight_bit_width": [None, 4], "act_bit_width": [None, 4], "threshold": [0.5, 1.0]}
    names = trial_names(planned(changed(tiny_sweep, grids={"g": grid}), tmp_path))
    assert len(set(names.values())) == len(names) == 12


def test_tables_fit_80_columns(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """However long a name, no line is wider than the terminal, and every id stands whole."""
    grid = {"model": ["snn"], "surrogate_gradient": ["atan", "spike_rate_escape"], "learning_rate": [0.001, 0.00001]}
    plan = planned(changed(tiny_sweep, name="n" * 20, grids={"a_grid_" * 9: grid}), tmp_path)
    lines = printed(*plan_tables(plan), planned_trials_table(plan))
    assert max(map(len, lines)) <= 80
    assert sum(line.split()[:1] == [trial.trial_id] for line in lines for trial in plan.trials) == 4


def test_a_search_is_told_with_whole_names(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """When it ends, what it must satisfy, and how far each is; no name is cut on a terminal."""
    asked = {
        "trials": 30,
        "until": {"growth": 0.05, "in_trials": 7},
        "space": {"model": ["ann", "snn"], "beta": {"low": 0.8, "high": 0.9}},
        "constraints": {"test_accuracy": ">= 0.9"},
    }
    changes = {"search": asked, "datasets": ["breast_cancer"], "protocol": [{"kind": "paper"}, {"kind": "halves"}]}
    attacks = {"attacks": ["loss"], "objectives": {"test_accuracy": "maximize", "loss.auc": "minimize"}}
    lines = printed(*plan_tables(planned(changed(tiny_sweep, **changes, **attacks), tmp_path)))
    said = " ".join(lines)
    assert "protocol: 30 trials or less than 0.05 of growth in 7 trials" in said
    assert "asked for: test accuracy >= 0.9" in said
    assert " breast_cancer_halves continuous 0 " in said
    assert max(map(len, lines)) <= 80


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "0 s"), (89, "89 s"), (90, "2 min"), (5399, "90 min"), (5400, "1.5 h")],
)
def test_times_are_said_as_a_person_says_them(seconds: float, said: str) -> None:
    """Seconds, minutes or hours, whichever needs few digits."""
    assert duration(seconds) == said


def test_signals_without_a_recorded_trial_are_told(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """They are used whatever versions they are of, unless only the same ones will do."""
    plan = planned(tiny_sweep, tmp_path)
    plan = replace(plan, trials=(replace(plan.trials[0], trained=True), *plan.trials[1:]))
    told = "not recorded, but trained, as their signals are kept: 1; those of other versions {}"
    assert list(reuse_lines(plan)) == [told.format("are used; train them again with --reuse same-versions")]
    assert list(reuse_lines(replace(plan, only_same_versions=True))) == [told.format("are trained again")]


@pytest.mark.parametrize(
    ("strict", "told"), [(False, "are reused; run them again with --reuse same-versions"), (True, "are run again")]
)
def test_what_was_recorded_elsewhere_is_told(tiny_sweep: SweepSpec, tmp_path: Path, strict: bool, told: str) -> None:
    """How many, what differs, and what becomes of them; other data and another meaning apart from the rest."""
    plan = planned(tiny_sweep, tmp_path, recorded=2, strangers=4)
    assert list(reuse_lines(plan)) == []
    old = plan.trials[0].recorded_under[0].replace(", torch ", ", torch 1.")
    trials = (replace(plan.trials[0], recorded_under=(old,)), *plan.trials[1:])
    changed = Superseded(by_data={"mine": 2}, by_meaning={"iris": 1})
    plan = replace(plan, trials=trials, superseded=changed, only_same_versions=strict)
    torch = version("torch")
    lines = list(reuse_lines(plan))
    assert lines == [
        "mine: its data have changed, or a later privsearch was here; kept, but not used: 2 recorded trials",
        "iris: kept, but not used: 1 recorded by a privsearch in which they meant other numbers",
        f"recorded in another environment: 1 (torch 1.{torch} -> {torch}); those of other versions {told}",
    ]
    text = " ".join(printed(*plan_tables(plan)))
    assert all(line[:40] in text for line in lines)
    assert "kept, but no longer asked for: 1 recorded trials" in text


def test_a_race_is_told_at_least_and_at_most(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Its first round is what is to do; more networks, up to its end or its budget, may follow."""
    for more, networks in (({}, "16 to 64"), ({"networks_in_all": 40, "minutes": 5}, "16 to 40")):
        protocol = [{"kind": "halves", "networks": {"from": 4, "to": 16, **more}}]
        plan = planned(changed(tiny_sweep, protocol=protocol), tmp_path / networks)
        said = " ".join(" ".join(printed(*plan_tables(plan))).split())
        assert "race for networks: what is to do above is its first round" in said
        assert f" iris 4 4 to 16 {networks} up to " in said
        assert plan.summary()["races"]["iris"]["rounds"] == 4
