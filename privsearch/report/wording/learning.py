"""Configurations that are dead or have not learnt, in words: each is counted once, and alike wherever it is told."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any, Final

import pandas as pd

from privsearch.analysis.frames import records
from privsearch.analysis.labels import configuration
from privsearch.analysis.learning import FAR_BELOW, far_below_full_precision, learning, not_learnt_rows
from privsearch.analysis.tasks import Task
from privsearch.spec.columns import Column

DEAD: Final = "gives all examples the same outputs"
"""What a dead network does."""

NOT_LEARNT: Final = "classifies its own training data no better than always naming the most frequent class would"
"""What a network does that has not learnt."""

_GUESSING: Final = 0.5
_MOST_NAMED: Final = 6
"""The most configurations that a sentence names."""


def learning_lines(tasks: Iterable[Task]) -> list[str]:
    """Return a line on the dead configurations of some tasks, and one on those that have not learnt."""
    counts = pd.concat([pd.Series(dtype=object), *(learning(task.rows) for task in tasks)]).value_counts()
    meanings = {
        "dead": f"a network {DEAD}, so that no attack can be run",
        "not learnt": f"a network {NOT_LEARNT}",
    }
    return [
        f"{kind}: {_counted(int(counts[kind]))}, in which {meaning}; in no audit, and on no front"
        for kind, meaning in meanings.items()
        if kind in counts
    ]


def dead_words(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a sentence on the completed configurations with a dead network, if there are any."""
    count = int((learning(rows) == "dead").sum())
    if count:
        yield (
            f"{count} of {len(rows)} completed configurations {'is' if count == 1 else 'are'} dead: a network {DEAD}, "
            "so that no attack can be run. In no audit, and on no front."
        )


def not_learnt_words(rows: pd.DataFrame, varying: Collection[str]) -> Iterator[str]:
    """Yield a sentence on the completed configurations with networks that have not learnt, if there are any.

    Args:
        rows: rows of the results table.
        varying: the axes to name.
    """
    idle = not_learnt_rows(rows)
    if len(idle):
        yield (
            f"{len(idle)} of {len(rows)} completed configurations {'has' if len(idle) == 1 else 'have'} not learnt: "
            f"a network {NOT_LEARNT}. That such a network leaks nothing proves nothing. In no audit, and on no front: "
            f"{_named(idle, varying)}."
        )


def learnt_less_words(rows: pd.DataFrame, varying: Collection[str]) -> Iterator[str]:
    """Yield a sentence on the configurations that have learnt far less than in full precision, if there are any.

    Args:
        rows: rows of the results table, those in full precision among them.
        varying: the axes to name.
    """
    told = far_below_full_precision(rows)
    if len(told):
        yield (
            f"Learnt far less than in full precision, by more than {FAR_BELOW:g} in training accuracy, so that less "
            f"leakage may be less learning: {_named(told, varying)}."
        )


def _counted(count: int) -> str:
    return f"{count} configuration{'s' if count > 1 else ''}"


def _named(rows: pd.DataFrame, varying: Collection[str]) -> str:
    shown = [f"{configuration(row, varying)} ({_learnt_words(row)})" for row in records(rows.head(_MOST_NAMED))]
    more = len(rows) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more else "")


def _learnt_words(row: Mapping[str, Any]) -> str:
    targets, mean = row["replicates"], f"{row['train_accuracy']:.3f}"
    spread = row.get("train_accuracy_sd")
    of_targets = (
        f"{mean}{'' if spread is None else f' ± {spread:.3f}'} over {targets} target{'s' if targets > 1 else ''}"
    )
    if full := row.get("full_precision_train_accuracy"):
        return f"training accuracy {of_targets}, in full precision {full:.3f}"
    count = row["networks_at_chance"]
    found = [column.attack for column in map(Column.parse, row) if column.number == "auc_low" and column.attack]
    leaking = [attack for attack in found if (row[str(Column(attack, "auc_low"))] or 0) > _GUESSING]
    leak = f"; {', '.join(leaking)} find{'s' if len(leaking) == 1 else ''} a leak all the same" if leaking else ""
    return f"{count} network{'s' if count > 1 else ''}; training accuracy {of_targets}{leak}"
