"""The plan of more attacks on what a study has trained."""

from collections import Counter
from collections.abc import Sequence

from pydantic import ValidationError

from privsearch.analysis.learning import learning_of
from privsearch.data import describe_dataset
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.spec import Attack, SweepSpec, TrialSpec
from privsearch.spec.attacks import unmet_requirement
from privsearch.spec.logits import fitting_attacks, in_common_form
from privsearch.spec.sweep import RECORDED
from privsearch.study.folder import StudyFolder
from privsearch.study.kept import KeptSignals
from privsearch.study.result import Completed
from privsearch.sweep.checks import check_attacks_registered
from privsearch.sweep.cost import attack_seconds
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial, to_evaluate_again, with_recorded


def attack_plan(study: StudyFolder, attacks: Sequence[Attack]) -> Plan:
    """Plan to run more attacks on the trained trials of a study; nothing is trained, and the plan reads no data.

    Args:
        study: the study.
        attacks: the attacks to run on every trial that has no record of them.

    Raises:
        SpecError: an attack does not fit the study's trials, or is not registered here.
        StudyError: the directory is not a study, nothing in it is trained, or the signals of a trial are not kept.
    """
    check_attacks_registered(attacks)
    content = study.load()
    sweep, recorded = _with_attacks(content.sweep, attacks), content.record.results
    earlier = [result.trial_id for results in content.rounds.values() for result in results]
    asked = dict.fromkeys([*content.trials, *earlier])
    trained = [r for trial_id in asked if isinstance(r := recorded.get(trial_id), Completed)]
    if not trained:
        raise StudyError(f"{study.path}: must hold trained trials to attack, but has none; run its sweep first")
    trials, kept = [], KeptSignals.of(content.signals, recorded)
    unfit: Counter[tuple[str, str]] = Counter()
    for result in trained:
        reasons = _refusals(result, attacks)
        unfit.update(reasons.items())
        fitting = fitting_attacks(attacks, result.spec.protocol, result.spec.network_kind)
        again = kept.has(result.trial_id, result.networks) and to_evaluate_again(result)
        if len(reasons) == len(attacks) and not again:
            continue
        done = () if again else result.attacks_done
        missing = tuple(a for a in (with_recorded(fitting, result) if again else fitting) if a not in done)
        seconds = _attack_seconds(result.spec, missing)
        spec = result.spec.model_copy(update={"attacks": tuple(dict.fromkeys((*result.spec.attacks, *missing)))})
        files = kept.files_of(result.trial_id, result.networks)
        trials.append(
            PlannedTrial(
                result.trial_id,
                spec,
                (),
                missing,
                trained=True,
                seconds=seconds,
                signal_bytes=0,
                recorded_under=result.environments,
                networks=result.networks,
                files=files,
            )
        )
    lost = [trial for trial in trials if trial.missing and not kept.has(trial.trial_id, trial.networks)]
    if lost:
        raise StudyError(
            f"{study.path}: the signals of every trial must be kept for an attack without training, but those of "
            f"{len(lost)} of {len(trials)} are not; run the sweep with these attacks in its file, which trains "
            f"{'it' if len(lost) == 1 else 'these'} again"
        )
    return Plan(sweep, {}, tuple(trials), kept_signals=kept.names, unfit=unfit)


def _refusals(result: Completed, attacks: Sequence[Attack]) -> dict[str, str]:
    """Return, by the attack's name, why attacks cannot be run on a trial, as is known before or from its record."""
    reasons = {a.name: unmet_requirement(a, result.spec.protocol, result.spec.model) for a in attacks}
    # What lacked its data is run again where they are at hand.
    refused = {name: reason for name, reason in result.refused.items() if name not in result.lacked_data}
    dead = "a network is dead" if learning_of(result) == "dead" else None
    found = {name: reason or dead or refused.get(name) for name, reason in reasons.items()}
    return {name: reason for name, reason in found.items() if reason}


def _with_attacks(sweep: SweepSpec, attacks: Sequence[Attack]) -> SweepSpec:
    added = [attack for attack in in_common_form(attacks, sweep.network_kinds()) if attack not in sweep.attacks]
    try:
        return SweepSpec.model_validate({**sweep.model_dump(), "attacks": (*sweep.attacks, *added)}, context=RECORDED)
    except ValidationError as error:
        raise SpecError("\n".join(str(details["msg"]) for details in error.errors())) from None


def _attack_seconds(spec: TrialSpec, attacks: Sequence[Attack]) -> float:
    """Estimate the seconds that attacks take; if the dataset is not at hand, count one an attack."""
    try:
        return attack_seconds(spec, attacks, describe_dataset(spec.dataset))
    except DataError:
        return float(len(attacks))
