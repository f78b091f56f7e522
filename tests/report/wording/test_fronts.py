from builders import make_completed

from privsearch.analysis.tasks import tasks
from privsearch.report.wording.fronts import missing_words
from privsearch.spec import HalvesProtocol, LiraAttack, SvmAttack, SweepSpec


def test_strongest_attack_that_lacks_one_to_choose_from_says_which() -> None:
    """Where an attack was added and has not been run, or has failed, nothing can be called the strongest yet."""
    sweep = {"name": "a", "datasets": ["iris"], "protocol": "halves", "grids": {"a": {"model": ["ann"]}}}
    whole = make_completed("a" * 16, protocol=HalvesProtocol(networks=4), attacks=(SvmAttack(),))
    spec = whole.spec.model_copy(update={"attacks": (SvmAttack(), LiraAttack())})
    results = [whole, whole.model_copy(update={"trial_id": "b" * 16, "spec": spec})]
    (task,) = tasks(results, SweepSpec.model_validate(sweep))
    assert list(missing_words(task)) == [
        "1 of 2 completed configurations have no worst AUC, and so cannot be on the front: not all attacks have been "
        "run on them (missing: lira_shrunken); run the sweep again."
    ]
