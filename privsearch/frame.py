"""The results table: one row a trial, one column a field of its configuration or a number that came out."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np
import pandas as pd

from privsearch.intervals import mean_interval
from privsearch.metrics import Interval, noise_floor
from privsearch.result import AttackResult, Completed, ExposedExample, Replicate, TrialResult
from privsearch.spec import WORST
from privsearch.spec.sweep import AUDIT_FRACTIONS

LEADING: Final = (
    *("trial_id", "status", "dataset", "model", "spiking_layers", "weight_bit_width", "act_bit_width", "threshold"),
    *("surrogate_gradient", "num_steps", "protocol", "replicates"),
    *("train_accuracy", "train_accuracy_sd", "test_accuracy", "test_accuracy_sd"),
)
"""The columns that every results table starts with; those of the attacks and `seconds` follow."""

_COUNTS: Final = ("num_members", "num_non_members")
_MEASURED: Final = (*AUDIT_FRACTIONS, "advantage", "epsilon_low", "placebo_auc", "matched_auc", "excess_auc")
"""The numbers of an attack that are averaged over the targets."""

_TYPES: Final = {
    **dict.fromkeys(("weight_bit_width", "act_bit_width", "num_steps", "train_size", "test_size"), "Int64"),
    **dict.fromkeys(("threshold", "beta"), "Float64"),
    **dict.fromkeys(("spiking_layers", "surrogate_gradient", "error"), "string"),
}


def results_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """The results table.

    Accuracies and attack numbers are means over the targets, with the sample standard deviation in the column
    `<name>_sd` (missing where there is one target). `<attack>.auc_low` and `.auc_high` bound the mean AUC: 95 %, by a
    hierarchical bootstrap (by `mean_interval` for a `worst` that is not the same attack on all targets).
    `<attack>.noise_floor` is the half-width of the 95 % interval around 0.5 that guessing gives on one target. A number
    that some target has too few examples for is missing. `worst` is the strongest attack, chosen for each target on the
    others. A failed trial has its configuration, `error`, and no numbers.
    """
    results = list(results)
    rows = [_row(result) for result in results]
    attacks = dict.fromkeys(attack.name for result in results for attack in result.spec.attacks)
    promised = [f"{name}.{number}" for name in attacks for number in ("auc", "auc_sd", "auc_low", "auc_high")]
    columns = list(dict.fromkeys([*LEADING, *promised, *(c for row in rows for c in row if "." in c), "seconds"]))
    columns += [c for c in dict.fromkeys(c for row in rows for c in row) if c not in columns]
    frame = pd.DataFrame(rows, columns=columns)
    types = {column: kind for column, kind in _TYPES.items() if column in frame}
    types |= {c: "Int64" if c.rpartition(".")[2] in _COUNTS else "float64" for c in columns if "." in c}
    # The copy joins what the conversion has left in as many pieces as there are columns.
    return frame.astype(types).copy()


def targets_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """One row a target of each completed trial, in the order of the trials: its accuracies and all attacks' numbers.

    Intervals are those of 95 %: `<attack>.auc_low` and `.auc_high` by DeLong, `.tpr_at_fpr_1e-2_low` and so on by
    Clopper and Pearson. `worst.attack` names the attack that was the strongest on the other targets.
    """
    rows = [
        {"trial_id": result.trial_id, "dataset": result.spec.dataset_name, "protocol": result.spec.protocol.kind}
        | {"target": number, **target}
        for result in results
        if isinstance(result, Completed)
        for number, target in enumerate(target_numbers(result.replicates))
    ]
    return pd.DataFrame(rows, columns=list(dict.fromkeys(column for row in rows for column in row)))


def slices_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """One row for each completed trial, attack and slice of the examples: the AUC in the slice, mean and sd, and n.

    A slice is a class, or the examples that the target classifies rightly or wrongly. `n` counts the targets with
    members and non-members in the slice.
    """
    rows = []
    for result in (r for r in results if isinstance(r, Completed)):
        for name in result.across:
            found = [replicate.attacks[name] for replicate in result.replicates]
            slices = [{f"class {k}": v for k, v in f.by_class.items()} | f.by_correctness for f in found]
            for of in slices[0]:
                aucs = [auc for own in slices if (auc := own.get(of)) is not None]
                numbers = dict(_mean_and_sd("auc", aucs)) if aucs else {}
                rows.append({**_whose(result), "attack": name, "slice": of, **numbers, "n": len(aucs)})
    return pd.DataFrame(rows, columns=["trial_id", "dataset", "protocol", "attack", "slice", "auc", "auc_sd", "n"])


def exposed_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """The most exposed examples of each completed trial and attack, the most exposed first."""
    rows = [
        {**_whose(result), "attack": name, "rank": rank, **example.model_dump()}
        for result in results
        if isinstance(result, Completed)
        for name, across in result.across.items()
        for rank, example in enumerate(across.exposed, start=1)
    ]
    columns = [*("trial_id", "dataset", "protocol", "attack", "rank"), *ExposedExample.model_fields]
    return pd.DataFrame(rows, columns=columns)


def _whose(result: Completed) -> dict[str, Any]:
    return {"trial_id": result.trial_id, "dataset": result.spec.dataset_name, "protocol": result.spec.protocol.kind}


def _row(result: TrialResult) -> dict[str, Any]:
    spec = result.spec
    row = {
        "trial_id": result.trial_id,
        "status": result.status,
        "dataset": spec.dataset_name,
        "protocol": spec.protocol.kind,
        "replicates": spec.protocol.targets,
        **spec.axes(),
        "seed": spec.seed,
        "seconds": result.seconds,
        "error": None,
    }
    if isinstance(result, Completed):
        return row | completed_numbers(result)
    return row | {"error": f"{result.error}: {result.message}"}


def completed_numbers(result: Completed) -> dict[str, float | int | None]:
    """The numeric columns of a completed trial in the results table."""
    return dict(_numbers(result))


def _numbers(result: Completed) -> Iterator[tuple[str, float | int | None]]:
    targets = target_numbers(result.replicates)
    for column in dict.fromkeys(column for target in targets for column in target):
        values = [target.get(column) for target in targets]
        attack, _, number = column.rpartition(".")
        if number in _COUNTS:
            yield column, values[0]
        elif not attack or number in _MEASURED:
            yield from _mean_and_sd(column, values)
        if number == "auc":
            interval = _auc_interval(result, attack)
            yield f"{column}_low", interval.low
            yield f"{column}_high", interval.high
        if number == "num_non_members":
            yield f"{attack}.noise_floor", noise_floor(targets[0][f"{attack}.num_members"], targets[0][column])


def _auc_interval(result: Completed, attack: str) -> Interval:
    """That of the bootstrap; where `worst` stands for several attacks, the targets' own intervals are joined."""
    chosen = set(strongest(result.replicates)) if attack == WORST else {attack}
    if len(chosen) == 1:
        return result.across[str(chosen.pop())].auc
    names = strongest(result.replicates)
    return mean_interval([r.attacks[str(name)].auc for r, name in zip(result.replicates, names, strict=True)])


def target_numbers(replicates: Sequence[Replicate]) -> list[dict[str, Any]]:
    """For each target its accuracies, what each attack found, and what the strongest of them did, by column."""
    worst = strongest(replicates)
    targets = []
    for replicate, chosen in zip(replicates, worst, strict=True):
        numbers: dict[str, Any] = {
            "train_accuracy": replicate.target.train_accuracy,
            "test_accuracy": replicate.target.test_accuracy,
        }
        for name, found in replicate.attacks.items():
            numbers |= {f"{name}.{number}": value for number, value in _attack_numbers(found).items()}
        if chosen:
            strongest_found = _attack_numbers(replicate.attacks[chosen])
            numbers |= {f"{WORST}.attack": chosen}
            numbers |= {f"{WORST}.{number}": value for number, value in strongest_found.items()}
        targets.append(numbers)
    return targets


def strongest(replicates: Sequence[Replicate]) -> list[str | None]:
    """For each target the attack with the highest mean AUC on the other targets; None where there are no others.

    Chosen on the target itself, the highest of several AUCs would be above each one's mean even if all were guessing.
    """
    names = list(replicates[0].attacks)
    aucs = np.array([[replicate.attacks[name].auc.value for name in names] for replicate in replicates])
    if len(replicates) == 1:
        return [None]
    others = (aucs.sum(0) - aucs) / (len(replicates) - 1)
    return [names[i] for i in others.argmax(1)]


def _attack_numbers(found: AttackResult) -> dict[str, float | int | None]:
    intervals = {"auc": found.auc, **{f"tpr_at_fpr_{fpr}": tpr for fpr, tpr in found.tpr_at_fpr.items()}}
    numbers: dict[str, float | int | None] = {}
    for name, interval in {**intervals, "advantage": found.advantage}.items():
        numbers[name] = interval.value if interval else None
        numbers |= {f"{name}_{end}": getattr(interval, end) if interval else None for end in ("low", "high")}
    numbers |= {"balanced_accuracy": found.balanced_accuracy, "epsilon_low": found.epsilon_low}
    if found.excess_auc is not None:
        placebo = {"placebo_auc": found.placebo_auc, "matched_auc": found.matched_auc, "excess_auc": found.excess_auc}
        numbers |= placebo
    return numbers | {"num_members": found.num_members, "num_non_members": found.num_non_members}


def _mean_and_sd(name: str, values: Sequence[float | None]) -> Iterator[tuple[str, float | None]]:
    there = [value for value in values if value is not None]
    complete = len(there) == len(values)
    yield name, fmean(there) if complete else None
    yield f"{name}_sd", float(np.std(there, ddof=1)) if complete and len(there) > 1 else None
