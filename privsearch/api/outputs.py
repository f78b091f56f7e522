"""The calls that audit networks that were trained elsewhere, by their outputs."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from jaxtyping import Bool

from privsearch._util.html import html_text
from privsearch._util.text import cut
from privsearch.api.arguments import AnyStudy
from privsearch.api.reports import AuditReport
from privsearch.api.studies import audit_study
from privsearch.api.study import Study
from privsearch.api.sweeps import attack_study
from privsearch.api.views import write_report
from privsearch.attacks.protocols import rules_of
from privsearch.data.given_outputs import GivenOutputs, OutputKind, checked_outputs, read_outputs
from privsearch.errors import SpecError, StudyError
from privsearch.spec import Attack, HalvesProtocol, OutputsDataset
from privsearch.spec.sweep_file import check_attacks
from privsearch.study.environment import describe_environment
from privsearch.study.result import Completed, Failed
from privsearch.study.roc_curves import CurveArchive
from privsearch.sweep.given import ATTACKS, GivenTrial, given_trial, left_out_words
from privsearch.sweep.trial import attack_trial

if TYPE_CHECKING:
    import pandas as pd

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")


@dataclass(frozen=True, eq=False)
class OutputsAudit:
    """The audit of networks that were trained elsewhere.

    Attributes:
        study: the study that it is recorded in; every command and call that reads a study reads it.
        trial_id: the trial in it that has these outputs.
        findings: what every attack found, as `audit_study` returns it, of all trials of the study.
        told: sentences on how the outputs were understood, and on the attacks that were left out, with the reasons.
    """

    study: Study
    trial_id: str
    findings: AuditReport
    told: tuple[str, ...]

    @property
    def table(self) -> "pd.DataFrame":
        """The rows of the audit's table for these outputs: one for each attack, and one for the strongest (`worst`)."""
        table = self.findings.table
        return table[table["trial_id"] == self.trial_id].reset_index(drop=True)

    @property
    def exposed(self) -> "pd.DataFrame":
        """The most exposed examples by each attack; `row` counts the examples as they were given, from 0."""
        frame = self.study.exposed()
        return frame[frame["trial_id"] == self.trial_id].reset_index(drop=True)

    @property
    def slices(self) -> "pd.DataFrame":
        """The AUC by each attack within classes and subgroups."""
        frame = self.study.slices()
        return frame[frame["trial_id"] == self.trial_id].reset_index(drop=True)

    def report(self, path: Path | str | None = None) -> Path:
        """Write the page of the study, and return its file.

        Args:
            path: the file; by default `report.html` in the study.

        Raises:
            StudyError: the file cannot be written.
        """
        return write_report(self.study, path)

    def __repr__(self) -> str:
        worst = self.table[self.table["attack"] == "worst"]
        found = "no attack could be run"
        if len(worst):
            row = worst.iloc[0]
            found = f"worst AUC {row['auc']:.3f} [{row['auc_low']:.3f}, {row['auc_high']:.3f}] by {row['strongest']}"
        return f"OutputsAudit({found}; study {str(self.study.path)!r})"

    def _repr_html_(self) -> str:
        return html_text("\n".join([repr(self), *self.told])) + self.findings._repr_html_()


def draw_halves(examples: int, networks: int = 8, *, seed: int = 0) -> Bool[np.ndarray, "networks examples"]:
    """Draw who is a member of which network, as the protocol `halves` does: pairs of a random half and the rest.

    A network trained on each row of it, and asked about all examples, gives outputs that allow every attack, and a
    bound on epsilon.

    Args:
        examples: the number of examples to train on.
        networks: an even number, at least 4.
        seed: the seed of the draw.

    Returns:
        `(networks, examples)`, True where the network is to be trained on the example.

    Raises:
        SpecError: the number of networks is no such number.
        DataError: there are fewer than 4 examples.
    """
    if networks % 2 or networks < 4:
        raise SpecError(f"networks must be an even number of at least 4, but got {networks}")
    is_member, _ = rules_of(HalvesProtocol(networks=networks)).draw_cohort(examples, seed)
    return is_member


def audit_outputs(  # all that may be known of outputs
    outputs: Any,
    is_member: Any = None,
    labels: Any = None,
    *,
    kind: OutputKind | None = None,
    classes: Sequence[Any] | np.ndarray | None = None,
    groups: Any = None,
    population: Any = None,
    references: Any = None,
    reference_is_member: Any = None,
    coins: bool = False,
    attacks: Sequence[Attack | Mapping[str, Any] | str] | None = None,
    name: str = "outputs",
    model: str = "network",
    study: AnyStudy | None = None,
    seed: int = 0,
) -> OutputsAudit:
    """Audit networks of any framework by their outputs, exactly as networks that were trained here.

    The outputs become a trial of a study: attacks, intervals, noise floors, exposed examples, tables and the page are
    those of every other study. A later call may bring other networks into the same study, trained on and asked about
    the same examples, to compare them.

    One network alone gets the attacks that need no shadow. Several, whose members differ, get LiRA and RMIA as well, in
    as far as there are shadows with and without each example. What cannot be said is left out, with the reason (`told`,
    and on the page).

    Args:
        outputs: `(networks, examples, classes)`, or `(examples, classes)` of one network; or the path of an NPZ archive
            that holds this and all that follows up to `coins`, each as an array of that name.
        is_member: `(networks, examples)`, or `(examples,)`: True if the example was in the network's training set.
        labels: `(examples,)`, indices of the columns of `outputs`, or some of `classes`.
        kind: `logits`, or `probabilities`; by default they are probabilities if those of every example add up to 1.
        classes: `(classes,)`, the label that each column stands for, as scikit-learn's `model.classes_`.
        groups: `(examples,)`, the name of the subgroup of each example; what leaks is told of each.
        population: `(examples,)`, True for examples that no network was trained on and that none is judged on, which
            RMIA compares with. Under `halves` these are all that no network was trained on.
        references: outputs of other networks on the same examples, which are shadows and are not audited.
        reference_is_member: who was a member of these.
        coins: True if a fair coin for each example and network decided on its membership, which bounds epsilon.
        attacks: as in a sweep's `attacks`; by default all that need outputs alone.
        name: the name of the examples in tables.
        model: the name of the networks in tables: a letter, then letters, digits and underscores.
        study: the study to record it in; by default `studies/<name>`.
        seed: the seed of all that is left to chance.

    Raises:
        DataError: the arrays break a rule; the message names the array and the place in it.
        SpecError: there is no such attack, none can be run, or a name is none.
        StudyError: the study holds something else, or cannot be written.
    """
    if is_member is None and labels is None and isinstance(outputs, str | Path):
        beside = {"kind": kind, "classes": classes, "groups": groups, "population": population}
        beside |= {"references": references, "reference_is_member": reference_is_member}
        if said := [argument for argument, value in beside.items() if value is not None]:
            raise SpecError(
                f"{said[0]} must be an array of the file where outputs come from one; leave the argument out"
            )
        given = read_outputs(outputs)
    else:
        given = checked_outputs(
            outputs,
            is_member,
            labels,
            kind=kind,
            classes=classes,
            groups=groups,
            population=population,
            references=references,
            reference_is_member=reference_is_member,
            coins=coins,
        )
    return audit_given(given, attacks, name, model, study, seed)


def audit_given(  # what is audited, and where it is recorded
    given: GivenOutputs,
    attacks: Sequence[Attack | Mapping[str, Any] | str] | None,
    name: str,
    model: str,
    study: AnyStudy | None,
    seed: int,
) -> OutputsAudit:
    """Audit checked outputs; the other arguments are those of `audit_outputs`.

    Raises:
        PrivsearchError: as `audit_outputs`.
    """
    if not isinstance(model, str) or not _NAME.fullmatch(model):
        raise SpecError(
            f"model must be 1 to 80 letters, digits or underscores, the first a letter, but got {cut(model)}; rename it"
        )
    wanted = check_attacks(ATTACKS if attacks is None else attacks)
    trial = given_trial(given, wanted, name=name, model=f"{model}-v1", seed=seed)
    folder = study if isinstance(study, Study) else Study(Path(study) if study else Path("studies") / name)
    told = [*trial.told, *_record(trial, folder)]
    findings = audit_study(folder)
    result = folder.load().completed.get(trial.trial_id)
    told += left_out_words(result.refused) if result else []
    return OutputsAudit(folder, trial.trial_id, findings, tuple(told))


def _record(trial: GivenTrial, folder: Study) -> list[str]:
    """Run the attacks on a trial that are not recorded yet, and record them; return what is to be told of that."""
    from privsearch.report.outputs import write_outputs

    told = []
    with folder.locked():
        earlier, others = None, {}
        if folder.exists():
            content = folder.load()
            earlier = content.sweep
            _check_same_examples(trial, folder, earlier.datasets)
            others = {i: r for i, r in content.completed.items() if r.spec.model != trial.spec.model}
            if trial.trial_id not in content.trials and len(others) < len(content.completed):
                told.append(f"These outputs take the place of those that {trial.spec.model} had in this study.")
        sweep = trial.sweep(earlier)
        recorded = folder.record().results.get(trial.trial_id) if earlier else None
        if not isinstance(recorded, Completed):
            signals = folder.signals_of(sweep)
            signals.save(trial.trial_id, trial.cohort)
            result = attack_trial(trial.spec, trial.trial_id, signals, curves=CurveArchive(signals))
            if isinstance(result, Failed):
                raise StudyError(f"the outputs must be ones that attacks can be run on, but: {result.message}")
        trials = dict.fromkeys([*others, trial.trial_id], sweep.name)
        folder.begin(sweep, trials, describe_environment())
        if not isinstance(recorded, Completed):
            with folder.record_writer() as record:
                record.append(result)
    if isinstance(recorded, Completed):
        missing = [attack for attack in trial.spec.attacks if attack not in recorded.attacks_done]
        if missing:
            attack_study(folder, missing, runner="inline", progress=False)
    write_outputs(folder)
    return told


def _check_same_examples(trial: GivenTrial, folder: Study, datasets: Sequence[Any]) -> None:
    if trial.spec.dataset not in datasets:
        holds = (
            "outputs for other examples or members, or under another name"
            if any(isinstance(dataset, OutputsDataset) for dataset in datasets)
            else "networks that were trained here"
        )
        raise StudyError(
            f"{folder.path}: networks of one study must have been asked about the same examples, and have the same "
            f"members, so that they can be compared, but this one holds {holds}; give another study (--study DIR)"
        )
