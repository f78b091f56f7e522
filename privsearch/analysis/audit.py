"""The audit of a study in one long table, from which its other tables and figures are made."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import pandas as pd

from privsearch._util.interval import Interval
from privsearch.analysis.axis_values import varying_axes
from privsearch.analysis.blind import blind_numbers
from privsearch.analysis.frames import completed_numbers, configurations_frame, records
from privsearch.analysis.intervals import mean_interval, spread_interval
from privsearch.analysis.labels import TPRS, configuration, reason_missing
from privsearch.analysis.learning import networks_at_chance
from privsearch.analysis.promises import FAMILY, PROMISE, promised
from privsearch.analysis.targets import TargetNumbers, target_numbers
from privsearch.spec import WORST, leading_attack
from privsearch.spec.columns import WITH_PLACEBO, Column
from privsearch.spec.datasets import unit_name
from privsearch.study.result import Completed, TrialResult


def _with_interval(name: str) -> tuple[str, str, str]:
    """Return the headers of a mean and of the ends of its interval."""
    column = Column(None, name)
    return str(column), str(column.low), str(column.high)


def _with_spread(name: str) -> tuple[str, ...]:
    """Return the headers of a mean, its standard deviation and the ends of its interval."""
    mean, *ends = _with_interval(name)
    return mean, str(Column(None, name).sd), *ends


def _with_placebo(name: str) -> tuple[str, ...]:
    """Return the headers of a number's placebo, of the matched number, and of the excess, with their spreads."""
    column = Column(None, name)
    cut = (column.placebo, column.placebo.sd, column.matched, column.matched.sd)
    return *map(str, cut), *_with_spread(str(column.excess))


_ACCURACIES: Final = ("train_accuracy", "test_accuracy", "accuracy_gap")
_COLUMNS: Final = {
    **dict.fromkeys(("trial_id", "dataset", "protocol", "model", "configuration", "attack", "strongest"), "string"),
    "unit": "string",
    **dict.fromkeys(("targets", "num_members", "num_non_members"), "int"),
    **dict.fromkeys((header for name in _ACCURACIES for header in _with_interval(name)), "float"),
    **dict.fromkeys(_with_spread("auc"), "float"),
    "noise_floor": "float",
    **dict.fromkeys((header for name in WITH_PLACEBO for header in _with_placebo(name)), "float"),
    **dict.fromkeys((*_with_interval("inputs_auc"), *_with_interval("blind_auc"), "blind_excess_auc"), "float"),
    **{
        header: kind
        for name in TPRS
        for header, kind in (*((part, "float") for part in _with_spread(name)), (f"{name}_missing", "string"))
    },
    **dict.fromkeys(_with_spread("advantage"), "float"),
    **dict.fromkeys(("balanced_accuracy", "balanced_accuracy_sd", "epsilon_low", "epsilon_ceiling"), "float"),
}
"""The columns of the table, and their types."""

_PROMISED: Final = {PROMISE: "float", "dp_delta": "float", FAMILY: "string"}
"""The columns that it has where a training was private."""


def audit_table(results: Iterable[TrialResult], numbers_by_trial: TargetNumbers | None = None) -> pd.DataFrame:
    """One row for each completed trial and attack, and one for `worst`, the strongest of its attacks.

    Numbers are means over the `targets`, fractions; `_sd` is the sample standard deviation and `_low`, `_high` are the
    ends of a 95 % interval: that of the results table for an AUC and for an excess, of `mean_interval` for an attack's
    other numbers, of `spread_interval` for accuracies. `epsilon_low` (nats) is one bound of 95 % for all targets
    (`bound_over_targets`), and `epsilon_ceiling` the largest that so many examples can show; protocols with a placebo
    have neither. `accuracy_gap` is training less test accuracy.
    `tpr_at_fpr_*_missing` says why a rate is not there. `strongest` says which attack `worst` is. Only protocols with a
    placebo have numbers of it, and an excess. `inputs_auc` and `blind_auc` are the blind baselines, of the inputs alone
    and of the untrained networks, where they are needed. `unit` is what is a member or not: an example, or a person by
    the column that names them. An attack that a trial cannot be given, or has not been given yet, has no row, and
    neither has a trial with a network that has not learnt: what it does not leak says nothing. `dp_epsilon` and
    `dp_delta`, which are there where a training was private, are what DP-SGD promises.

    Args:
        results: the trials.
        numbers_by_trial: the numbers of their targets, if at hand.
    """
    results = list(results)
    words: dict[str, str] = {}
    families: dict[str, str] = {}
    for _, rows in configurations_frame(results).groupby("dataset", sort=False):
        varying = varying_axes(rows)
        words |= {row["trial_id"]: configuration(row, varying) for row in records(rows)}
        shared = tuple(axis for axis in varying if axis != "dp")
        families |= {row["trial_id"]: configuration(row, shared) for row in records(rows)}
    learnt = [result for result in results if isinstance(result, Completed) and not networks_at_chance(result)]
    at_hand = numbers_by_trial or {}
    table = [row for one in learnt for row in _rows(one, words[one.trial_id], at_hand.get(one.trial_id))]
    table = [{**row, FAMILY: families[row["trial_id"]]} for row in table]
    private = _PROMISED if any(PROMISE in row for row in table) else {}
    return pd.DataFrame(table, columns=[*_COLUMNS, *private]).astype({**_COLUMNS, **private})


def _rows(result: Completed, words: str, targets: Sequence[Mapping[str, Any]] | None) -> Iterator[dict[str, Any]]:
    trial = {
        "trial_id": result.trial_id,
        "dataset": result.spec.dataset_name,
        "protocol": result.spec.protocol.kind,
        "model": result.spec.model,
        "configuration": words,
        "targets": len(result.replicates),
        "unit": unit_name(result.spec.dataset),
        **_accuracies(result),
        **{name: value for name, value in promised(result).items() if name in _PROMISED},
        **{header: value for header, value in blind_numbers(result).items() if Column.parse(header).attack is None},
    }
    targets = target_numbers(result) if targets is None else targets
    means, by_target = _by_attack(completed_numbers(result, targets)), [_by_attack(target) for target in targets]
    shared = result.spec.protocol.targets_share_examples
    for attack in [name for name, numbers in by_target[0].items() if "auc" in numbers]:
        attack_numbers = [target[attack] for target in by_target]
        trial |= {"attack": attack, "strongest": attack_numbers[0].get("attack")}
        yield trial | means[attack] | _intervals(attack_numbers, shared=shared) | _reasons(attack_numbers)


def _by_attack(numbers: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Group numbers by attack, under their names without the attack's; leave out numbers of no attack."""
    groups: dict[str, dict[str, Any]] = {}
    for column, number in numbers.items():
        parsed = Column.parse(column)
        if parsed.attack is not None:
            groups.setdefault(parsed.attack, {})[parsed.number] = number
    return groups


def _accuracies(result: Completed) -> dict[str, float]:
    networks = [replicate.target for replicate in result.replicates]
    accuracies: dict[str, float] = {}
    for name, lowest, values in (
        ("train_accuracy", 0.0, [network.train_accuracy for network in networks]),
        ("test_accuracy", 0.0, [network.test_accuracy for network in networks]),
        ("accuracy_gap", -1.0, [network.train_accuracy - network.test_accuracy for network in networks]),
    ):
        mean, low, high = _with_interval(name)
        accuracies[mean] = sum(values) / len(values)
        if interval := spread_interval(values, lowest=lowest):
            accuracies |= {low: interval.low, high: interval.high}
    return accuracies


def _intervals(targets: Sequence[Mapping[str, Any]], *, shared: bool) -> dict[str, float]:
    """Return the ends of the intervals around an attack's means over the targets, but for the AUC's, which has one."""
    ends: dict[str, float] = {}
    for name in ("advantage", *TPRS):
        if all(target[name] is not None for target in targets):
            _, low, high = headers = _with_interval(name)
            intervals = [Interval(*(target[header] for header in headers)) for target in targets]
            interval = mean_interval(intervals, shared=shared, lowest=-1.0 if name == "advantage" else 0.0)
            ends |= {low: interval.low, high: interval.high}
    return ends


def _reasons(targets: Sequence[Mapping[str, Any]]) -> dict[str, str | None]:
    fewest = min(target["num_non_members"] for target in targets)
    return {
        f"{name}_missing": reason_missing(name, fewest) if any(target[name] is None for target in targets) else None
        for name in TPRS
    }


def paper_attack(rows: pd.DataFrame) -> str:
    """Return the attack that stands for the paper's protocol: its SVM, or else the first that most trials have.

    Args:
        rows: rows of the audit's table, all under one protocol with a placebo.
    """
    counts = rows[rows["attack"] != WORST].groupby("attack", sort=False).size()
    return leading_attack(counts.sort_values(ascending=False, kind="stable").index.tolist())


def clearest_excess(rows: pd.DataFrame) -> tuple[dict[str, Any], float, int] | None:
    """Find the clearest excess above 0 of an attack that does not stand for the protocol.

    Args:
        rows: rows of the audit's table, all under one protocol with a placebo.

    Returns:
        The row; the p-value of the t-test that its excess is 0, corrected for having been looked for (Bonferroni); and
        the number of excesses it was looked for among. None where no other attack has one above 0 with an interval.
    """
    from scipy.special import stdtr, stdtrit  # here, as scipy takes its time to import

    others = rows[~rows["attack"].isin([WORST, paper_attack(rows)])].dropna(subset=["excess_auc", "excess_auc_low"])
    above = others[(others["excess_auc"] > 0) & (others["excess_auc_high"] > others["excess_auc_low"])]
    if above.empty:
        return None
    degrees, half_widths = above["targets"] - 1, (above["excess_auc_high"] - above["excess_auc_low"]) / 2
    p = pd.Series(2 * stdtr(degrees, -above["excess_auc"] * stdtrit(degrees, 0.975) / half_widths), above.index)
    (row,) = records(above.loc[[p.idxmin()]])
    return row, min(float(p.min()) * len(others), 1.0), len(others)


def highest_mean_aucs(rows: pd.DataFrame) -> pd.DataFrame:
    """Return, for each configuration, the row of the attack with the highest mean AUC.

    That is `worst` where every attack has been run. Its AUC is a little too high, having been chosen on the same data.

    Args:
        rows: rows of the audit's table.
    """
    attacks = rows[rows["attack"] != WORST]
    return attacks.loc[attacks.groupby("trial_id", sort=False)["auc"].idxmax()]
