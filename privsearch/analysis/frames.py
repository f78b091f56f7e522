"""The tables of results, with one row a trial, a target, a slice or an exposed example."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any, Final

import numpy as np
import pandas as pd

from privsearch._util.interval import Interval
from privsearch.analysis.blind import blind_numbers
from privsearch.analysis.groups import PREFIX, group_findings
from privsearch.analysis.intervals import highest_mean_interval, spread_interval
from privsearch.analysis.learning import networks_at_chance
from privsearch.analysis.metrics import bound_over_targets, noise_floor
from privsearch.analysis.promises import promised
from privsearch.analysis.targets import BOUNDS, COUNTS, TargetNumbers, target_numbers
from privsearch.spec import AXES, WORST, OutputsDataset, TrialSpec
from privsearch.spec.columns import Column
from privsearch.study.attack_result import AttackResult, Cut, ExposedExample
from privsearch.study.result import Completed, TrialResult

LEADING: Final = (
    *("trial_id", "status", "dataset", "model", "spiking_layers", "weight_bit_width", "act_bit_width", "threshold"),
    *("surrogate_gradient", "num_steps", "protocol", "replicates"),
    *("train_accuracy", "train_accuracy_sd", "test_accuracy", "test_accuracy_sd"),
)
"""The columns that every results table starts with; those of the attacks and `seconds` follow."""

SEPARATOR: Final = "; "
"""Stands between the environments of a trial that was trained in one and attacked in another."""

_TYPES: Final = {
    **dict.fromkeys(("weight_bit_width", "act_bit_width", "num_steps", "train_size", "test_size"), "Int64"),
    **dict.fromkeys(("threshold", "beta"), "Float64"),
    **dict.fromkeys(("spiking_layers", "surrogate_gradient", "error", "environment", "attacks_missing"), "string"),
    **dict.fromkeys(("encoding_queries", "dead_networks", "networks_at_chance"), "Int64"),
    **dict.fromkeys(("encoding", "readout", "dp"), "string"),
}


def results_frame(results: Iterable[TrialResult], numbers_by_trial: TargetNumbers | None = None) -> pd.DataFrame:
    """Make the results table.

    Accuracies and attack numbers are means over the targets, with the sample standard deviation in the column
    `<name>_sd` (missing if there is one target). `<attack>.auc_low` and `.auc_high` bound the mean AUC: 95 %, by a
    hierarchical bootstrap (of `worst` by `highest_mean_interval`). `<attack>.noise_floor` is the half-width of the 95 %
    interval around 0.5 that guessing gives on one target. A number that some target has too few examples for is
    missing. `dead_networks` counts the networks that give all examples the same outputs, which no attack has a number
    for, and `networks_at_chance` those that have not learnt (`privsearch.analysis.learning`). `environment` names the
    versions and the processor that a trial was trained and attacked with, `attacks_missing` the attacks that are still
    to be run on it. `worst` is the strongest attack (see `strongest`). `inputs_auc` and `<attack>.blind_auc`, with
    their intervals, are the blind baselines of data with a test split of their own. A failed trial has its
    configuration, `error`, and no numbers. `dp_epsilon` is what DP-SGD promises (`privsearch.analysis.promises`).

    Args:
        results: the trials.
        numbers_by_trial: the numbers of their targets, if at hand.
    """
    results = list(results)
    rows = [_row(result, (numbers_by_trial or {}).get(result.trial_id)) for result in results]
    attacks = dict.fromkeys(attack.name for result in results for attack in result.spec.attacks)
    aucs = [Column(name, "auc") for name in attacks]
    promised = [str(column) for auc in aucs for column in (auc, auc.sd, auc.low, auc.high)]
    present = dict.fromkeys(header for row in rows for header in row)
    measured = [header for header in present if Column.parse(header).attack is not None]
    columns = list(dict.fromkeys([*LEADING, *promised, *measured, "seconds", *present]))
    numbers = [column for column in map(Column.parse, columns) if column.attack is not None]
    types = _TYPES | {str(column): "Int64" if column.number in COUNTS else "float64" for column in numbers}
    values = {column: [row.get(column, np.nan) for row in rows] for column in columns}
    return pd.DataFrame({column: _column(of_it, types.get(column)) for column, of_it in values.items()})


def _column(values: list[Any], kind: str | None) -> Any:
    """Return a column of a table; numbers as an array of numpy, which takes a tenth of the time of a series."""
    return np.array(values, np.float64) if kind == "float64" else pd.Series(values, dtype=kind)


def configurations_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """Make only the columns `trial_id`, `dataset`, `protocol` and the axes of the results table."""
    rows = [{**_whose(result), **axes_of(result.spec)} for result in results]
    frame = pd.DataFrame(rows, columns=["trial_id", "dataset", "protocol", *AXES])
    return frame.astype({column: kind for column, kind in _TYPES.items() if column in frame})


def learning_frame(results: Iterable[Completed]) -> pd.DataFrame:
    """Make only the columns of the results table that `privsearch.analysis.learning` needs."""
    rows = [
        {
            **_whose(result),
            "status": result.status,
            "seed": result.spec.seed,
            **axes_of(result.spec),
            "replicates": result.spec.protocol.targets,
            **dict(
                _mean_and_sd("train_accuracy", [replicate.target.train_accuracy for replicate in result.replicates])
            ),
            "dead_networks": len(result.dead or ()),
            "networks_at_chance": networks_at_chance(result),
            **{str(Column(name, "auc_low")): across.auc.low for name, across in result.across.items()},
        }
        for result in results
    ]
    columns = ["trial_id", "dataset", "protocol", "status", "seed", *AXES]
    columns += ["replicates", "train_accuracy", "train_accuracy_sd", "dead_networks", "networks_at_chance"]
    frame = pd.DataFrame(rows, columns=list(dict.fromkeys([*columns, *(header for row in rows for header in row)])))
    return frame.astype({column: kind for column, kind in _TYPES.items() if column in frame})


def targets_frame(results: Iterable[TrialResult], numbers_by_trial: TargetNumbers | None = None) -> pd.DataFrame:
    """Return a row for each target of each completed trial, in order: its accuracies and all attacks' numbers.

    Intervals are those of 95 %: `<attack>.auc_low` and `.auc_high` by DeLong, `.tpr_at_fpr_1e-2_low` and so on by
    Clopper and Pearson. `worst.attack` names the strongest attack.

    Args:
        results: the trials.
        numbers_by_trial: the numbers of their targets, if at hand.
    """
    rows = [
        {"trial_id": result.trial_id, "dataset": result.spec.dataset_name, "protocol": result.spec.protocol.kind}
        | {"target": number, **target}
        for result in results
        if isinstance(result, Completed)
        for number, target in enumerate((numbers_by_trial or {}).get(result.trial_id) or target_numbers(result))
    ]
    return pd.DataFrame(rows, columns=list(dict.fromkeys(column for row in rows for column in row)))


def slices_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """Return a row for each completed trial, attack and slice of the examples: mean and sd of the slice's AUC, and n.

    A slice is a class, the examples that the target classifies rightly or wrongly, or a subgroup that the data name
    (`group ...`). `n` counts the targets with members and non-members in the slice. Subgroups have an interval, their
    numbers of examples, and `more_than_rest`, by how much their AUC exceeds that among all other examples, with
    simultaneous intervals (`privsearch.analysis.groups`). Under a protocol with a placebo, `placebo_auc`, `matched_auc`
    and `excess_auc` are means over the targets that have them in the slice, with the sd of the excess and `excess_n`,
    their number.
    """
    rows = []
    for result in (r for r in results if isinstance(r, Completed)):
        for name in result.across:
            attack_results = [replicate.attacks[name] for replicate in result.replicates]
            slices = [_slices(attack_result) for attack_result in attack_results]
            cuts = [(_slices(r.placebo), _slices(r.matched)) for r in attack_results if r.placebo and r.matched]
            groups = {PREFIX + found.name: found.numbers() for found in group_findings(result, name)}
            for of in slices[0]:
                aucs = [auc for by_slice in slices if (auc := by_slice.get(of)) is not None]
                numbers = dict(_mean_and_sd("auc", aucs)) if aucs else {}
                row = {**_whose(result), "attack": name, "slice": of, **numbers, "n": len(aucs), **_excess(cuts, of)}
                rows.append(row | groups.get(of, {}))
    columns = ["trial_id", "dataset", "protocol", "attack", "slice", "auc", "auc_sd", "n"]
    columns += ["placebo_auc", "matched_auc", "excess_auc", "excess_auc_sd", "excess_n"]
    return pd.DataFrame(rows, columns=list(dict.fromkeys([*columns, *(name for row in rows for name in row)])))


def _slices(numbers: AttackResult | Cut) -> dict[str, float | None]:
    slices = {f"class {label}": auc for label, auc in numbers.by_class.items()} | numbers.by_correctness
    groups = numbers.by_group if isinstance(numbers, AttackResult) else {}
    return slices | {PREFIX + name: found.auc.value if found.auc else None for name, found in groups.items()}


def _excess(cuts: Sequence[tuple[Mapping[str, float | None], Mapping[str, float | None]]], of: str) -> dict[str, Any]:
    """Return the placebo's numbers of one slice, over the targets whose cuts have it."""
    pairs = [(placebo.get(of), matched.get(of)) for placebo, matched in cuts]
    known = [(placebo, matched) for placebo, matched in pairs if placebo is not None and matched is not None]
    if not known:
        return {}
    placebo, matched = map(fmean, zip(*known, strict=True))
    return {
        "placebo_auc": placebo,
        "matched_auc": matched,
        **dict(_mean_and_sd("excess_auc", [b - a for a, b in known])),
        "excess_n": len(known),
    }


def exposed_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """Return the most exposed examples of each completed trial and attack, the most exposed first."""
    rows = [
        {**_whose(result), "attack": name, "rank": rank, **example.model_dump()}
        for result in results
        if isinstance(result, Completed)
        for name, across in result.across.items()
        for rank, example in enumerate(across.exposed, start=1)
    ]
    columns = [*("trial_id", "dataset", "protocol", "attack", "rank"), *ExposedExample.model_fields]
    return pd.DataFrame(rows, columns=columns)


def axes_of(spec: TrialSpec) -> dict[str, Any]:
    """Return the values of a trial's axes as a table has them: numbers, words and pairs of numbers.

    Of networks that were trained elsewhere nothing is known but their name, whatever the defaults of the axes are.
    """
    axes = spec.axes()
    if isinstance(spec.dataset, OutputsDataset):
        return dict.fromkeys(axes) | {"model": spec.model}
    return axes if axes["dp"] is None else {**axes, "dp": str(axes["dp"])}


def _whose(result: TrialResult) -> dict[str, Any]:
    return {"trial_id": result.trial_id, "dataset": result.spec.dataset_name, "protocol": result.spec.protocol.kind}


def _row(result: TrialResult, targets: Sequence[Mapping[str, Any]] | None) -> dict[str, Any]:
    spec = result.spec
    row = {
        "trial_id": result.trial_id,
        "status": result.status,
        "dataset": spec.dataset_name,
        "protocol": spec.protocol.kind,
        "replicates": spec.protocol.targets,
        **axes_of(spec),
        "seed": spec.seed,
        "seconds": result.seconds,
        "error": None,
        "dead_networks": None,
        "networks_at_chance": None,
        "environment": None,
        "attacks_missing": None,
    }
    if isinstance(result, Completed):
        dead = None if result.dead is None else len(result.dead)
        origin = {
            "dead_networks": dead,
            "networks_at_chance": networks_at_chance(result),
            "environment": SEPARATOR.join(result.environments),
            "attacks_missing": ", ".join(_missing(result)) or None,
        }
        return row | origin | promised(result) | completed_numbers(result, targets)
    return row | {"error": f"{result.error}: {result.message}"}


def _missing(result: Completed) -> Iterator[str]:
    """Yield the attacks that were asked for and have neither numbers nor a reason against them."""
    # What is dead is not attacked at all.
    asked = () if result.dead else result.spec.attacks
    yield from (attack.name for attack in asked if attack.name not in {*result.across, *result.refused})


def completed_numbers(
    result: Completed, targets: Sequence[Mapping[str, Any]] | None = None
) -> dict[str, float | int | None]:
    """Return the numeric columns of a completed trial in the results table.

    Args:
        result: the trial.
        targets: its `target_numbers`, if at hand.
    """
    numbers = dict(_numbers(result, target_numbers(result) if targets is None else targets))
    return {**numbers, **blind_numbers(result)}


def _numbers(result: Completed, targets: Sequence[Mapping[str, Any]]) -> Iterator[tuple[str, float | int | None]]:
    columns = dict.fromkeys(column for target in targets for column in target)
    by_column = {column: [target.get(column) for target in targets] for column in columns}
    deviations = _deviations({column: numbers for column, numbers in by_column.items() if Column.parse(column).is_mean})
    for header, values in by_column.items():
        column = Column.parse(header)
        if column.number in COUNTS:
            yield header, values[0]
        elif column.is_mean:
            yield header, None if None in values else fmean(values)  # type: ignore[arg-type]
            yield str(column.sd), deviations.get(header)
        elif column.number in BOUNDS:
            yield header, None if None in values else bound_over_targets(values)  # type: ignore[arg-type]
        if column.is_auc and column.attack is not None:
            interval = _auc_interval(result, column.attack, targets)
            yield str(column.low), interval.low
            yield str(column.high), interval.high
        if None not in values:
            yield from _spread_ends(column, values)  # type: ignore[arg-type]
        if column.number == "num_non_members":
            yield str(column.noise_floor), noise_floor(targets[0][str(column.num_members)], targets[0][header])


def _spread_ends(column: Column, values: Sequence[float]) -> Iterator[tuple[str, float | None]]:
    """Yield the ends of the interval of an excess or a cost, from the targets' own spread.

    Where targets share a split, another one is not in it.
    """
    is_excess = column.number.startswith("excess_")
    if is_excess or column.is_cost:
        spread = spread_interval(values, lowest=-1.0 if is_excess else 0.0, highest=column.bounds[1])
        yield str(column.low), spread.low if spread else None
        yield str(column.high), spread.high if spread else None


def _deviations(values: Mapping[str, Sequence[float | None]]) -> dict[str, float]:
    """Return, by column, the sample standard deviation over the targets; leave out columns with a missing number."""
    # All at once, as numpy's call takes far longer than its sums.
    complete = {column: numbers for column, numbers in values.items() if len(numbers) > 1 and None not in numbers}
    deviations = np.std(np.array([*complete.values()], float), axis=1, ddof=1).tolist() if complete else []
    return dict(zip(complete, deviations, strict=True))


def _auc_interval(result: Completed, attack: str, targets: Sequence[Mapping[str, Any]]) -> Interval:
    """Return an attack's bootstrap interval; for `worst` the one that accounts for its having been chosen."""
    if attack != WORST:
        return result.across[attack].auc
    if len(result.across) == 1:
        return next(iter(result.across.values())).auc
    estimates = [
        [Interval(*(target[str(end)] for end in (auc, auc.low, auc.high))) for target in targets]
        for auc in (Column(name, "auc") for name in result.across)
    ]
    return highest_mean_interval(estimates, shared=result.spec.protocol.targets_share_examples)


def _mean_and_sd(name: str, values: Sequence[float | None]) -> Iterator[tuple[str, float | None]]:
    there = [value for value in values if value is not None]
    complete = len(there) == len(values)
    yield name, fmean(there) if complete else None
    yield str(Column(None, name).sd), float(np.std(there, ddof=1)) if complete and len(there) > 1 else None


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the rows as mappings from column to a value of plain Python, None for a missing one."""
    # Not pandas' own `to_dict`, which takes five times as long for wide tables.
    names, missing = [str(name) for name in frame.columns], frame.isna().to_numpy()
    return [
        {name: None if lacks else _plain(value) for name, value, lacks in zip(names, row, lacking, strict=True)}
        for row, lacking in zip(frame.astype(object).to_numpy(), missing, strict=True)
    ]


def _plain(value: Any) -> Any:
    """Return a value without numpy's type, which it may have in a column of objects."""
    return value.item() if isinstance(value, np.generic) else value
