"""Examples whose outputs lie far out of those of all others in words: which, how far, and what to do."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Final

from privsearch.study.odd_outputs import OddOutputs
from privsearch.study.result import Completed, TrialResult

_SHOWN: Final = 3
"""The rows that a sentence names."""


def odd_output_warnings(results: Iterable[TrialResult]) -> list[str]:
    """Return a warning for each dataset and protocol with an example whose outputs lie far out of all others."""
    found: defaultdict[tuple[str, str], list[Completed]] = defaultdict(list)
    for result in results:
        if isinstance(result, Completed) and result.odd_outputs:
            found[result.spec.dataset_name, result.spec.protocol.kind].append(result)
    return [f"{dataset}, {protocol}: {_warning(trials)}" for (dataset, protocol), trials in found.items()]


def _warning(trials: list[Completed]) -> str:
    farthest: dict[tuple[bool | None, int], OddOutputs] = {}
    for trial in trials:
        for one in trial.odd_outputs or ():
            place = one.in_test_split, one.row
            farthest[place] = max(farthest.get(place, one), one, key=lambda odd: odd.distance)
    rows = sorted(farthest.values(), key=lambda odd: -odd.distance)
    shown = ", ".join(_row_words(one) for one in rows[:_SHOWN])
    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
    models = " and ".join(sorted({trial.spec.model for trial in trials}))
    return (
        f"WARNING: outputs of networks ({models}; {len(trials)} trial{'s' if len(trials) > 1 else ''}) lie far out of "
        f"those for all other examples on row {shown}{more}. One such example can set the width of the SVM attack's "
        "kernel, so that it finds less than is there: look at its values, and take it out of the data, or give svm "
        "width: robust."
    )


def _row_words(one: OddOutputs) -> str:
    split = {None: "", True: ", in the test split", False: ", in the training split"}[one.in_test_split]
    return f"{one.row} (counted from 0{split}; {one.distance:,.0f} standard deviations of the middle 95 % away)"
