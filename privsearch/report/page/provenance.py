"""The means to get the same numbers again: the sweep file, commands, commits, versions, machines, seed."""

import shlex
from collections.abc import Sequence
from typing import Any, Final, TypedDict

from privsearch._util.text import printable
from privsearch.spec import SweepSpec
from privsearch.spec.datasets import trained_elsewhere
from privsearch.study.environment import mixture
from privsearch.study.environment_log import EnvironmentLog
from privsearch.study.result import Completed, TrialResult

_TRAINED_HERE: Final = (
    "The same sweep, seed ({seed}) and versions on the same kind of processor give the same numbers. Save the sweep "
    "below as sweep.yaml, then:"
)
_ELSEWHERE: Final = (
    "These networks were trained elsewhere. The same outputs, seed ({seed}) and versions give the same numbers. With "
    "the outputs in a file:"
)
_MOST_RUNS: Final = 100
_MOST_TEXT: Final = 400


class Provenance(TypedDict):
    """The section of provenance.

    Attributes:
        how: how to get the numbers again, in a sentence before the commands.
        sweep: the text of the sweep's file.
        commands: the commands to type.
        runs: the time, command, commit, versions and machine of each run, by name.
        num_runs: the number of all runs.
        seed: the seed of the sweep.
        environments: the environments of the results, each with its number of trials.
        mixture: the differences between these environments, in words; empty if there are none.
    """

    how: str
    sweep: str
    commands: list[str]
    runs: list[dict[str, str]]
    num_runs: int
    seed: int
    environments: dict[str, int]
    mixture: str


def provenance(sweep: SweepSpec, results: Sequence[TrialResult], log: EnvironmentLog) -> Provenance:
    """Return what a reader needs to run a study again.

    Args:
        sweep: the study's.
        results: the study's.
        log: where it ran, whoever wrote that.
    """
    origins = ["; ".join(result.environments) for result in results if isinstance(result, Completed)]
    runs = [_run(environment) for environment in log.environments]
    commit = next((run["commit"].partition("+")[0] for run in reversed(runs) if run["commit"]), "")
    folder = shlex.quote(f"studies/{sweep.name}")
    elsewhere = trained_elsewhere(sweep.datasets)
    run = f"audit outputs.npz --name {shlex.quote(sweep.name)}" if elsewhere else "sweep sweep.yaml"
    return {
        "how": (_ELSEWHERE if elsewhere else _TRAINED_HERE).format(seed=sweep.seed),
        "sweep": sweep.to_yaml(),
        "commands": [
            *([f"git checkout {commit}"] if commit else []),
            "uv sync --locked",
            f"uv run privsearch {run} --study {folder}",
        ],
        "runs": runs[-_MOST_RUNS:],
        "num_runs": len(runs),
        "seed": sweep.seed,
        "environments": {origin: origins.count(origin) for origin in dict.fromkeys(origins)},
        "mixture": mixture(one for result in results if isinstance(result, Completed) for one in result.environments),
    }


def _run(content: dict[str, Any]) -> dict[str, str]:
    program, machine, packages = (_mapping(content.get(name)) for name in ("privsearch", "machine", "packages"))
    command = content.get("command")
    cores = machine.get("cores")
    return {
        "when": _text(content.get("written_at")),
        "command": shlex.join(["privsearch", *map(_text, command)]) if isinstance(command, list) else "",
        "commit": _commit(program.get("commit")),
        "versions": ", ".join(
            f"{_text(name)} {_text(number)}"
            for name, number in {
                "privsearch": program.get("version"),
                "Python": content.get("python"),
                **packages,
            }.items()
            if number
        ),
        "machine": ", ".join(
            filter(
                None,
                [
                    *(_text(machine.get(name)) for name in ("processor", "system", "host")),
                    f"{_text(cores)} cores" if cores else "",
                ],
            )
        ),
    }


def _commit(value: Any) -> str:
    """Return a commit's hash, maybe with a mark of changes; refuse other text, as this goes into a command."""
    text = _text(value)
    return text if text and all(c.isalnum() or c in "+." for c in text) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else printable(str(value))[:_MOST_TEXT]
