"""What the tests of the page share."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

from builders import make_completed
from playwright.sync_api import Page

from privsearch.api.study import Study
from privsearch.spec import SweepSpec
from privsearch.study.environment import describe_environment
from privsearch.study.proposals import LoggedEnd, LoggedProposal, ProposalWriter
from privsearch.study.record import RecordWriter

HOSTILE: Final = (
    """<img src=x onerror="document.title='owned'"></script><script>document.title='owned'</script>&amp;\u2028'"""
)
"""What a stranger may write wherever a text is free."""

OpenPage = Callable[..., Page]


def sweep_of(*attacks: str) -> SweepSpec:
    """A sweep of four trials that take a moment each."""
    return SweepSpec.model_validate(
        {
            "name": "tiny",
            "datasets": ["iris"],
            "protocol": {"kind": "paper", "replicates": 2, "placebo_cuts": 2},
            "grids": {"precision": {"model": ["ann", "snn"], "weight_bit_width": [None], "act_bit_width": [None, 4]}},
            "recipe": {"epochs": 2, "batch_size": 64, "num_steps": 3},
            "attacks": attacks,
        }
    )


def searched_study(folder: Path) -> Study:
    """A search of twelve trials under a constraint that the first ones violate; one proposal was a repeat."""
    sweep = SweepSpec.model_validate(
        {
            "name": "searched",
            "datasets": ["iris"],
            "protocol": {"kind": "paper", "replicates": 2},
            "search": {
                "sampler": {"kind": "nsga2", "population_size": 4},
                "trials": 12,
                "space": {
                    "model": ["ann", "snn"],
                    "weight_bit_width": [None, 4],
                    "beta": {"low": 0.8, "high": 0.98},
                    "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
                },
                "constraints": {"test_accuracy": ">= 0.8"},
            },
        }
    )
    study = Study(folder)
    study.begin(sweep, {}, describe_environment(), {"5" * 16: "iris"})
    results = [
        make_completed(
            f"{number:016x}",
            accuracy=0.7 + 0.02 * number,
            auc=0.6 + 0.01 * (number % 4),
            protocol=sweep.protocol[0],
            model=("ann", "snn")[number % 2],
            learning_rate=0.001 * (1 + number),
        )
        for number in range(12)
    ]
    with RecordWriter(study.record_path) as record, ProposalWriter(study.proposals_path) as log:
        # They finish the other way round.
        for result in reversed(results):
            record.append(result)
        for number, result in enumerate([*results[:6], results[2], *results[6:]]):
            origin = "repeat" if number == 6 else "sampled"
            log.append(LoggedProposal(search="5" * 16, number=number, trial_id=result.trial_id, origin=origin, axes={}))
        log.append(LoggedEnd(search="5" * 16, ended="the budget of 12 trials is spent", proposals=13))
    return study
