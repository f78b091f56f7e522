"""A trial of a plan, found by its id, or by the name of its configuration."""

from privsearch.analysis.lookup import EVERYWHERE, Within, find_trial_id
from privsearch.errors import SpecError
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial


def find_trial(plan: Plan, asked: str, within: Within = EVERYWHERE) -> PlannedTrial:
    """Return the trial of a plan that is asked for.

    Args:
        plan: the plan.
        asked: the id of a trial, the beginning of one, or the name of a configuration, as on the fronts.
        within: the dataset and the protocol to look in.

    Raises:
        SpecError: no trial is meant, or several are.
    """
    trials = {trial.trial_id: trial for trial in plan.all_trials}
    specs = {trial_id: trial.spec for trial_id, trial in trials.items()}
    return trials[find_trial_id(asked, specs, within=within, error=SpecError)]
