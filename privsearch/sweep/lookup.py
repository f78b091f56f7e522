"""A trial of a plan, found by its id, or by the name of its configuration."""

from privsearch.analysis.lookup import find_trial_id
from privsearch.errors import SpecError
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial


def find_trial(plan: Plan, asked: str, *, dataset: str | None = None, protocol: str | None = None) -> PlannedTrial:
    """Return the trial of a plan that is asked for.

    Args:
        plan: the plan.
        asked: the id of a trial, the beginning of one, or the name of a configuration, as on the fronts.
        dataset: the name of a dataset, to leave the others out.
        protocol: the kind of a protocol, to leave the others out.

    Raises:
        SpecError: no trial is meant, or several are.
    """
    trials = {trial.trial_id: trial for trial in plan.all_trials}
    specs = {trial_id: trial.spec for trial_id, trial in trials.items()}
    return trials[find_trial_id(asked, specs, dataset=dataset, protocol=protocol, error=SpecError)]
