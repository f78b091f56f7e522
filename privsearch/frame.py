"""The results table: one row a trial, one column a field of its configuration or a number that came out."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np
import pandas as pd

from privsearch.intervals import mean_interval
from privsearch.metrics import Interval, noise_floor
from privsearch.result import AttackResult, Completed, ExposedExample, TrialResult
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
    hierarchical bootstrap (of `worst` by `mean_interval`). `<attack>.noise_floor` is the half-width of the 95 %
    interval around 0.5 that guessing gives on one target. A number that some target has too few examples for is
    missing. `worst` is the strongest attack, chosen on other examples (see `strongest`): its AUC is that on these, its
    other numbers are those on all. A failed trial has its configuration, `error`, and no numbers.
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
    Clopper and Pearson. `worst.attack` names the strongest attack, or both where the halves of the examples have two.
    """
    rows = [
        {"trial_id": result.trial_id, "dataset": result.spec.dataset_name, "protocol": result.spec.protocol.kind}
        | {"target": number, **target}
        for result in results
        if isinstance(result, Completed)
        for number, target in enumerate(target_numbers(result))
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
    targets = target_numbers(result)
    for column in dict.fromkeys(column for target in targets for column in target):
        values = [target.get(column) for target in targets]
        attack, _, number = column.rpartition(".")
        if number in _COUNTS:
            yield column, values[0]
        elif not attack or number in _MEASURED:
            yield from _mean_and_sd(column, values)
        if number == "auc":
            interval = _auc_interval(result, attack, targets)
            yield f"{column}_low", interval.low
            yield f"{column}_high", interval.high
        if number == "num_non_members":
            yield f"{attack}.noise_floor", noise_floor(targets[0][f"{attack}.num_members"], targets[0][column])


def _auc_interval(result: Completed, attack: str, targets: Sequence[Mapping[str, Any]]) -> Interval:
    """That of the bootstrap; that of `worst`, which came to be after the attacks, joins the targets' own."""
    if attack != WORST:
        return result.across[attack].auc
    own = [Interval(*(target[f"{WORST}.auc{end}"] for end in ("", "_low", "_high"))) for target in targets]
    return mean_interval(own, shared=result.spec.protocol.kind == "paper")


def target_numbers(result: Completed) -> list[dict[str, Any]]:
    """For each target its accuracies, what each attack found, and what the strongest of them did, by column."""
    worst = strongest(result)
    targets = []
    for replicate in result.replicates:
        numbers: dict[str, Any] = {
            "train_accuracy": replicate.target.train_accuracy,
            "test_accuracy": replicate.target.test_accuracy,
        }
        for name, found in replicate.attacks.items():
            numbers |= {f"{name}.{number}": value for number, value in _attack_numbers(found).items()}
        if worst:
            numbers[f"{WORST}.attack"] = ", ".join(dict.fromkeys(worst))
            found_by = [replicate.attacks[name] for name in worst]
            numbers |= {f"{WORST}.{number}": value for number, value in _worst_numbers(*found_by).items()}
        targets.append(numbers)
    return targets


def strongest(result: Completed) -> tuple[str, str] | None:
    """For either half of the examples the attack with the highest mean AUC over the targets on the other half.

    Chosen on the same examples, the highest of several AUCs would be above each one's mean even if all were guessing.
    Chosen on other targets it would be below, as an attack that does well on the others does badly on this one where
    each example is in half of the networks; and above, where targets share their examples.

    Returns:
        The attack for the first half, and for the second. None where an attack has been asked for and not yet run, or
        where a half has too few examples.
    """
    if not set(result.across) | set(result.refused) >= {attack.name for attack in result.spec.attacks}:
        return None
    names = list(result.across)
    aucs = [[replicate.attacks[name].auc_by_half for name in names] for replicate in result.replicates]
    if any(auc is None for target in aucs for halves in target for auc in halves):
        return None
    best_on_first, best_on_second = np.array(aucs, dtype=float).mean(axis=0).argmax(axis=0)
    return names[best_on_second], names[best_on_first]


def _worst_numbers(on_first: AttackResult, on_second: AttackResult) -> dict[str, float | int | None]:
    """The AUC of either attack on the half that it was not chosen on; else the means of both on all examples."""
    auc = ((on_first.auc_by_half[0] or 0.0) + (on_second.auc_by_half[1] or 0.0)) / 2
    numbers: dict[str, float | int | None] = {}
    for name, value in _attack_numbers(on_first).items():
        other = _attack_numbers(on_second)[name]
        numbers[name] = None if value is None or other is None else (value + other) / 2
    # The interval keeps its width: half of the examples are judged by one attack, half by the other.
    moved = auc - (on_first.auc.value + on_second.auc.value) / 2
    numbers |= {name: min(max((numbers[name] or 0.0) + moved, 0.0), 1.0) for name in ("auc_low", "auc_high")}
    return numbers | {"auc": auc, **{count: getattr(on_first, count) for count in _COUNTS}}


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
