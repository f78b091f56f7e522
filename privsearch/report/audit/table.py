"""The audit of a study in one long table, which all else about it is drawn from."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

import pandas as pd

from privsearch.frame import completed_numbers, results_frame, strongest
from privsearch.front import records, varying_axes
from privsearch.intervals import mean_interval, spread_interval
from privsearch.metrics import FPRS, Interval, needed_non_members
from privsearch.report.labels import configuration
from privsearch.result import AttackResult, Completed, TrialResult
from privsearch.spec import WORST

TPRS: Final = {f"tpr_at_fpr_{fpr:.0e}".replace("e-0", "e-"): fpr for fpr in FPRS}
"""The columns with a true positive rate, and its false positive rate."""

_SPREAD: Final = ("", "_sd", "_low", "_high")
_ACCURACIES: Final = ("train_accuracy", "test_accuracy", "accuracy_gap")
_COLUMNS: Final = {
    **dict.fromkeys(("trial_id", "dataset", "protocol", "model", "configuration", "attack", "strongest"), "string"),
    **dict.fromkeys(("targets", "num_members", "num_non_members"), "int"),
    **dict.fromkeys((f"{name}{part}" for name in _ACCURACIES for part in ("", "_low", "_high")), "float"),
    **dict.fromkeys((f"auc{part}" for part in _SPREAD), "float"),
    **dict.fromkeys(("noise_floor", "placebo_auc", "matched_auc", "excess_auc", "excess_auc_sd"), "float"),
    **{
        f"{name}{part}": "string" if part == "_missing" else "float" for name in TPRS for part in (*_SPREAD, "_missing")
    },
    **dict.fromkeys((f"advantage{part}" for part in _SPREAD), "float"),
    **dict.fromkeys(("balanced_accuracy", "balanced_accuracy_sd", "epsilon_low", "epsilon_low_sd"), "float"),
}
"""The columns of the table, and their types."""


def audit_table(results: Iterable[TrialResult]) -> pd.DataFrame:
    """One row for each completed trial and attack, and one for `worst`, the strongest attack of each target.

    Numbers are means over the `targets`, fractions but for `epsilon_low` (nats); `_sd` is the sample standard deviation
    and `_low`, `_high` are the ends of a 95 % interval: that of the results table for an attack's AUC, of
    `mean_interval` for its other numbers, of `spread_interval` for accuracies. `accuracy_gap` is training less test
    accuracy. `tpr_at_fpr_*_missing` says why a rate is not there. `strongest` says which attacks `worst` stands for,
    which needs two targets. The placebo and the excess over it are the paper's protocol's alone.
    """
    results = list(results)
    words: dict[str, str] = {}
    for _, rows in results_frame(results).groupby("dataset", sort=False):
        varying = varying_axes(rows)
        words |= {row["trial_id"]: configuration(row, varying) for row in records(rows)}
    table = [row for r in results if isinstance(r, Completed) for row in _rows(r, words[r.trial_id])]
    return pd.DataFrame(table, columns=list(_COLUMNS)).astype(_COLUMNS)


def reason_missing(attack_results: Iterable[AttackResult], fpr: float) -> str | None:
    """Why a true positive rate is not reported at this false positive rate; None where it is."""
    needed, fewest = needed_non_members(fpr), min(found.num_non_members for found in attack_results)
    return f"needs {needed} non-members, has {fewest}" if fewest < needed else None


def _rows(result: Completed, words: str) -> Iterator[dict[str, Any]]:
    trial = {
        "trial_id": result.trial_id,
        "dataset": result.spec.dataset_name,
        "protocol": result.spec.protocol.kind,
        "model": result.spec.model,
        "configuration": words,
        "targets": len(result.replicates),
        **_accuracies(result),
    }
    numbers = completed_numbers(result)
    for attack, found in _found(result):
        means = {c.removeprefix(f"{attack}."): v for c, v in numbers.items() if c.startswith(f"{attack}.")}
        # The AUC's interval, which comes with the means, replaces the approximate one.
        worst = _worst(result) if attack == WORST else {}
        yield {**trial, "attack": attack, **_intervals(found), **means, **worst}


def _found(result: Completed) -> Iterator[tuple[str, list[AttackResult]]]:
    """What each attack found on the targets, and what the strongest of them did."""
    for attack in result.across:
        yield attack, [replicate.attacks[attack] for replicate in result.replicates]
    chosen = strongest(result.replicates)
    best = [r.attacks[name] for r, name in zip(result.replicates, chosen, strict=True) if name]
    if best:
        yield WORST, best


def _accuracies(result: Completed) -> dict[str, float]:
    networks = [replicate.target for replicate in result.replicates]
    found: dict[str, float] = {}
    for name, lowest, values in (
        ("train_accuracy", 0.0, [network.train_accuracy for network in networks]),
        ("test_accuracy", 0.0, [network.test_accuracy for network in networks]),
        ("accuracy_gap", -1.0, [network.train_accuracy - network.test_accuracy for network in networks]),
    ):
        found[name] = sum(values) / len(values)
        if interval := spread_interval(values, lowest=lowest):
            found |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return found


def _intervals(found: list[AttackResult]) -> dict[str, Any]:
    """The ends of the intervals around the means over the targets, and why a mean is not there."""
    ends: dict[str, Any] = {}
    estimates: dict[str, list[Interval | None]] = {
        "auc": [f.auc for f in found],
        "advantage": [f.advantage for f in found],
        **{name: [f.tpr_at_fpr[name.removeprefix("tpr_at_fpr_")] for f in found] for name in TPRS},
    }
    for name, of_targets in estimates.items():
        there = [estimate for estimate in of_targets if estimate]
        if len(there) == len(found):
            interval = mean_interval(there, lowest=-1.0 if name == "advantage" else 0.0)
            ends |= {f"{name}_low": interval.low, f"{name}_high": interval.high}
    return ends | {f"{name}_missing": reason_missing(found, fpr) for name, fpr in TPRS.items()}


def _worst(result: Completed) -> dict[str, Any]:
    """Which attacks `worst` stands for, with on how many targets where these are several: `lira 6, rmia 2`."""
    counted = Counter(name for name in strongest(result.replicates) if name).most_common()
    if len(counted) > 1:
        return {"strongest": ", ".join(f"{name} {count}" for name, count in counted)}
    return {"strongest": counted[0][0]}


def paper_attack(rows: pd.DataFrame) -> str:
    """The name of the attack that stands for the paper's protocol: its SVM, or the first where that is not run.

    Args:
        rows: of the audit's table, all under `paper`.
    """
    names = rows["attack"].unique().tolist()
    return "svm" if "svm" in names else str(names[0])


def strongest_attacks(rows: pd.DataFrame) -> pd.DataFrame:
    """For each configuration the row of the attack with the highest mean AUC.

    Args:
        rows: of the audit's table.
    """
    attacks = rows[rows["attack"] != WORST]
    return attacks.loc[attacks.groupby("trial_id", sort=False)["auc"].idxmax()]
