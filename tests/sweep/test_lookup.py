from pathlib import Path

import pytest

from privsearch.api.study import Study
from privsearch.errors import SpecError
from privsearch.spec import SweepSpec
from privsearch.sweep.lookup import find_trial
from privsearch.sweep.plan import make_plan


def test_a_trial_is_found_by_the_beginning_of_its_id(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Nobody types sixteen digits."""
    plan = make_plan(tiny_sweep, Study(tmp_path / "study"))
    wanted = plan.trials[2]
    assert find_trial(plan, wanted.trial_id[:8]) == wanted
    assert find_trial(plan, "SNN a4") == next(
        trial for trial in plan.trials if trial.spec.axes()["act_bit_width"] == 4 and trial.spec.model == "snn"
    )
    with pytest.raises(SpecError, match="means none of them; these would do: "):
        find_trial(plan, "xyz")
    with pytest.raises(SpecError, match="means none of them"):
        find_trial(plan, "")
