"""A trial of a plan, found by the beginning of its id."""

from privsearch._util.text import nearest
from privsearch.errors import SpecError
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial


def find_trial(plan: Plan, trial_id: str) -> PlannedTrial:
    """Return the trial of a plan whose id is `trial_id` or begins with it.

    Raises:
        SpecError: no trial's id begins so, or several do.
    """
    trials = {trial.trial_id: trial for trial in plan.all_trials}
    matches = [trial for full_id, trial in trials.items() if full_id.startswith(trial_id)]
    if len(matches) == 1:
        return matches[0]
    near = nearest(trial_id, trials, likeness=0)
    what = "names no trial" if not matches else f"is the beginning of {len(matches)} trials"
    raise SpecError(
        f"{trial_id}: must be the id, or the beginning of one id, of a trial of the sweep {plan.sweep.name!r}, but "
        f"{what}; `privsearch plan --trials` lists them" + (f"; nearest: {near}" if near else "")
    )
