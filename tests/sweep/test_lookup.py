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
    with pytest.raises(SpecError, match="names no trial; `privsearch plan --trials` lists them; nearest: "):
        find_trial(plan, "xyz")
    with pytest.raises(SpecError, match="is the beginning of 4 trials"):
        find_trial(plan, "")
