from pathlib import Path
from typing import Any

import pytest

import privsearch
from privsearch.api import sweeps
from privsearch.api.study import Study
from privsearch.spec import SweepSpec


def test_a_sweep_is_planned_once(tiny_sweep: SweepSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second plan is made only if another process has written into the study since the first one."""
    plans: list[Study] = []
    make_plan = sweeps.make_plan

    def counted(sweep: SweepSpec, study: Study, **options: Any) -> Any:
        plans.append(study)
        plan = make_plan(sweep, study, **options)
        if busy and len(plans) == 1:
            study.begin(sweep, {}, {})
        return plan

    monkeypatch.setattr(sweeps, "make_plan", counted)
    one_trial = tiny_sweep.model_copy(update={"grids": {"one": {"model": ("ann",)}}})
    for busy, times in ((False, 1), (True, 2)):
        plans.clear()
        privsearch.run_sweep(one_trial, study=tmp_path / str(busy), runner="inline", progress=False)
        assert len(plans) == times
