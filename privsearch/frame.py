"""The results table: one row a trial, one column a field of its configuration or a number that came out."""

from collections.abc import Iterable, Iterator, Sequence
from statistics import mean, stdev
from typing import Any, Final

import pandas as pd

from privsearch.metrics import noise_floor
from privsearch.result import Completed, Replicate, TrialResult

LEADING: Final = (
    *("trial_id", "status", "dataset", "model", "spiking_layers", "weight_bit_width", "act_bit_width", "threshold"),
    *("surrogate_gradient", "num_steps", "protocol", "replicates"),
    *("train_accuracy", "train_accuracy_sd", "test_accuracy", "test_accuracy_sd"),
)
"""The columns that every results table starts with; those of the attacks and `seconds` follow."""

_TYPES: Final = {
    **dict.fromkeys(("weight_bit_width", "act_bit_width", "num_steps", "train_size", "test_size"), "Int64"),
    **dict.fromkeys(("threshold", "beta"), "Float64"),
    **dict.fromkeys(("spiking_layers", "surrogate_gradient", "error"), "string"),
}


def results_frame(results: Iterable[TrialResult]) -> pd.DataFrame:
    """The results table.

    Accuracies and AUCs are fractions: means over the replicates, with the sample standard deviation in the column
    `<name>_sd` (missing where there is one replicate). `<attack>.noise_floor` is the half-width of the 95 % interval
    around 0.5 that guessing gives on one target. A failed trial has its configuration, `error`, and no numbers.
    """
    results = list(results)
    rows = [_row(result) for result in results]
    attacks = dict.fromkeys(attack.name for result in results for attack in result.spec.attacks)
    promised = [f"{name}.{number}" for name in attacks for number in ("auc", "auc_sd", "placebo_auc")]
    columns = list(dict.fromkeys([*LEADING, *promised, *(c for row in rows for c in row if "." in c), "seconds"]))
    columns += [c for c in dict.fromkeys(c for row in rows for c in row) if c not in columns]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.astype({column: kind for column, kind in _TYPES.items() if column in frame})


def _row(result: TrialResult) -> dict[str, Any]:
    spec = result.spec
    row = {
        "trial_id": result.trial_id,
        "status": result.status,
        "dataset": spec.dataset_name,
        "protocol": spec.protocol.kind,
        "replicates": spec.protocol.replicates,
        **spec.axes(),
        "seed": spec.seed,
        "seconds": result.seconds,
        "error": None,
    }
    if isinstance(result, Completed):
        return row | completed_numbers(result.replicates)
    return row | {"error": f"{result.error}: {result.message}"}


def completed_numbers(replicates: Sequence[Replicate]) -> dict[str, float | int | None]:
    """The numeric columns of a completed trial."""
    return dict(_numbers(replicates))


def _numbers(replicates: Sequence[Replicate]) -> Iterator[tuple[str, float | int | None]]:
    yield from _mean_and_sd("train_accuracy", [r.target.train_accuracy for r in replicates])
    yield from _mean_and_sd("test_accuracy", [r.target.test_accuracy for r in replicates])
    for name, first in replicates[0].attacks.items():
        found = [r.attacks[name] for r in replicates]
        yield from _mean_and_sd(f"{name}.auc", [attack.auc for attack in found])
        yield from _mean_and_sd(f"{name}.placebo_auc", [attack.placebo_auc for attack in found])
        yield from _mean_and_sd(f"{name}.matched_auc", [attack.matched_auc for attack in found])
        yield from _mean_and_sd(f"{name}.excess_auc", [attack.excess_auc for attack in found])
        yield f"{name}.noise_floor", noise_floor(first.num_members, first.num_non_members)
        yield f"{name}.num_members", first.num_members
        yield f"{name}.num_non_members", first.num_non_members


def _mean_and_sd(name: str, values: list[float]) -> Iterator[tuple[str, float | None]]:
    yield name, mean(values)
    yield f"{name}_sd", stdev(values) if len(values) > 1 else None
