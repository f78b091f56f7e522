"""Tiny trials in this process alone, by the inline runner: `python bare_trials.py TRIALS [PACKAGE ...]`.

The trials are given by their names, with commas between; the packages cannot be imported. Prints the trials' numbers as
one line of JSON, by their names.
"""

import json
import sys
from collections.abc import Collection, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions
from types import ModuleType
from typing import Any, Final

AXES: Final[dict[str, dict[str, Any]]] = {
    "ANN fp32": {"model": "ann"},
    "SNN fp32": {"model": "snn"},
    "SNN w4": {"model": "snn", "weight_bit_width": 4},
    "SNN a4": {"model": "snn", "act_bit_width": 4},
}


def modules_of(packages: Collection[str]) -> list[str]:
    """The names by which some packages are imported, as far as they are installed."""
    return [module for module, names in packages_distributions().items() if {n.lower() for n in names} & set(packages)]


class Refused(MetaPathFinder):
    """Refuses to find some packages, as if they were not installed."""

    def __init__(self, packages: Sequence[str]) -> None:
        self.packages = set(packages)

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Raise what Python raises for a package that is not there."""
        if fullname.partition(".")[0] in self.packages:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)
        return None


def numbers(names: Sequence[str], *, gpu: bool = False) -> dict[str, Any]:
    """The numbers of some trials, by their names; on a GPU, if there is one and it is asked for."""
    from privsearch.data import describe_dataset
    from privsearch.spec import PaperProtocol, Resources, TrialSpec
    from privsearch.sweep.planned import PlannedTrial
    from privsearch.sweep.runners.base import Listed
    from privsearch.sweep.runners.inline import InlineRunner
    from privsearch.sweep.runners.jobs import TrainAndAttack

    iris, planned = describe_dataset("iris"), {}
    for name in names:
        asked = TrialSpec(
            dataset="iris", epochs=2, batch_size=32, num_steps=5, protocol=PaperProtocol(replicates=1), **AXES[name]
        )
        spec = asked.canonical(iris.network, augments=iris.augments, has_own_test_split=iris.has_own_test_split)
        planned[name] = PlannedTrial(spec.trial_id(iris.fingerprint), spec, ("tiny",), spec.attacks, False, 1.0, 0)
    heard = _Heard()
    InlineRunner(Resources(gpu=None if gpu else 0)).run(Listed(list(planned.values())), TrainAndAttack(), heard)
    return {name: json.loads(heard.results[trial.trial_id]) for name, trial in planned.items()}


class _Heard:
    """An observer that keeps the results' numbers, as JSON."""

    def __init__(self) -> None:
        self.results: dict[str, str] = {}

    def preparing(self, what: str) -> None: ...

    def started(self, trial: Any) -> None: ...

    def advanced(self, trial: Any, advance: Any) -> None: ...

    def finished(self, result: Any) -> None:
        if result.status != "completed":
            raise RuntimeError(f"{result.message}\n{result.traceback}")
        self.results[result.trial_id] = json.dumps(result.numbers())


if __name__ == "__main__":
    _, trials, *packages = sys.argv
    sys.meta_path.insert(0, Refused(packages))
    print(json.dumps(numbers(trials.split(","))))  # noqa: T201  # a program's answer
