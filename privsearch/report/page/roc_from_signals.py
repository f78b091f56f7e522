"""ROC curves made from kept signals, by attacking a trial once more."""

from collections.abc import Collection

from privsearch.analysis.metrics import roc_curves
from privsearch.attacks.protocols import rules_of
from privsearch.errors import DataError, MetricError, SpecError, StudyError, TrialError
from privsearch.study.cohort import Cohort
from privsearch.study.kept import KeptSignals
from privsearch.study.result import Completed
from privsearch.study.roc_curves import KeptCurves


def curves_from_signals(kept: KeptSignals, result: Completed, attacks: Collection[str]) -> dict[str, KeptCurves] | None:
    """Compute the curves of a trial's attacks.

    Args:
        kept: the signals in the study's folder.
        result: what is recorded of the trial.
        attacks: the names of the attacks, each of which has recorded numbers.

    Returns:
        The curves by attack, without those that cannot be run here; None if the signals are not those of the result.
    """
    try:
        cohort = kept.load(result.trial_id, result.networks)
    except StudyError:
        return None
    if cohort is None or not _fits(cohort, result):
        return None
    rules, made = rules_of(result.spec.protocol), dict[str, KeptCurves]()
    for attack in result.spec.attacks:
        if attack.name not in attacks:
            continue
        try:
            targets = list(rules.target_scores(cohort.signals, attack, result.spec.seed))
        except (MetricError, SpecError, TrialError, KeyError):
            # An attack that is not registered here, or a readout that a stranger's file does not have.
            continue
        aucs = [replicate.attacks[attack.name].auc.value for replicate in result.replicates]
        made[attack.name] = KeptCurves(aucs, roc_curves(targets))
    return made


def _fits(cohort: Cohort, result: Completed) -> bool:
    """Tell whether signals can be those of a result, as a stranger may have put other signals there."""
    signals, attack_result = cohort.signals, next(iter(result.replicates[0].attacks.values()))
    protocol = result.spec.protocol
    readable = all(("final_mem", queries) in signals.outputs for queries in protocol.queries)
    _, logits_from = result.spec.network_kind
    try:
        judged = rules_of(protocol).judged(signals, result.spec.seed)
    except DataError:  # there are too few examples for the protocol
        return False
    counted = len(judged) == attack_result.num_members + attack_result.num_non_members
    return len(signals.is_member) == protocol.networks and signals.logits_from == logits_from and readable and counted
