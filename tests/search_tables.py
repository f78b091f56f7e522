"""Searches of tables: every point has its outcome, and nothing is trained."""

import hashlib
from collections.abc import Iterable
from typing import Any, Final

from privsearch.spec import Direction, Search, SweepSpec
from privsearch.sweep.search.proposer import Outcome, ProposedPoint, Proposer
from privsearch.sweep.search.space import Axes, SearchSpace

OBJECTIVES: Final[dict[str, Direction]] = {"test_accuracy": "maximize", "svm.auc": "minimize"}

LISTED: Final[dict[str, Any]] = {
    "model": ["ann", "snn"],
    "weight_bit_width": [None, 8, 4, 2],
    "act_bit_width": [None, 4],
    "threshold": [0.5, 1.0, 1.5],
    "num_steps": [5, 10, 25],
}
"""A space of 64 points, a product of 144."""

RANGED: Final[dict[str, Any]] = LISTED | {
    "threshold": {"low": 0.5, "high": 1.5},
    "beta": {"low": 0.8, "high": 0.99},
    "num_steps": {"low": 5, "high": 50, "step": 15},
    "learning_rate": {"low": 1e-4, "high": 0.1, "log": True},
}

SMALL: Final[dict[str, Any]] = {"model": ["ann", "snn"], "weight_bit_width": [None, 4, 2], "num_steps": [5, 10]}
"""A space of 9 points, a product of 12."""

FLAT: Final[dict[str, Any]] = {"model": "snn", "weight_bit_width": [2, 4, 8], "beta": {"low": 0.8, "high": 0.99}}


def search_of(space: dict[str, Any] = LISTED, **fields: Any) -> Search:
    return Search.model_validate({"trials": 30, "space": space, **fields})


def space_of(search: Search, network: Any = "fcnet") -> SearchSpace:
    sweep = SweepSpec.model_validate({"name": "s", "datasets": ["iris"], "grids": {"g": {"model": "ann"}}})
    return SearchSpace(search.space, network, sweep.axes_for("iris"))


def looked_up(axes: Axes) -> Outcome:
    """The outcome of a point: more bits, more accuracy and more leakage; one in sixteen fails."""
    noise = hashlib.sha256(repr(axes).encode()).digest()
    if noise[0] < 16:
        return None
    bits = axes["weight_bit_width"] or 16
    return {"test_accuracy": 0.7 + bits / 100 + noise[1] / 2560, "svm.auc": 0.5 + bits / 200 + noise[2] / 2560}


def run(
    search: Search, *, late: bool = False, recorded: Iterable[ProposedPoint] = (), seed: int = 0
) -> list[ProposedPoint]:
    """All proposals of a search of the table; `late` has the outcomes come in another order."""
    return run_on(Proposer(search, space_of(search), OBJECTIVES, seed, recorded), late=late)


def run_on(proposer: Proposer, *, late: bool = False) -> list[ProposedPoint]:
    made: list[ProposedPoint] = []
    waiting: list[ProposedPoint] = []
    while True:
        while proposal := proposer.ask():
            made.append(proposal)
            waiting += [proposal] if proposal.origin != "repeat" else []
        if not waiting:
            return made
        done = waiting.pop(-1 if late else 0)
        proposer.tell(done.number, looked_up(done.axes))
