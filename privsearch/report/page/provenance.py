"""How to get the same numbers again: the sweep's file, command, commit, versions, machines, seed."""

import json
import shlex
from collections.abc import Iterator, Sequence
from typing import Any, Final, TypedDict

from privsearch._util.lines import lines_of
from privsearch._util.text import printable
from privsearch.study.environment import mixture
from privsearch.study.folder import Study
from privsearch.study.result import Completed, TrialResult

_MOST_RUNS: Final = 100
_MOST_TEXT: Final = 400


class Provenance(TypedDict):
    """What the section shows.

    Attributes:
        sweep: the text of the sweep's file.
        commands: what to type.
        runs: for each run when, what, commit, versions and machine, by name.
        num_runs: how many there were.
        seed: the sweep's.
        environments: of the results, each with how many trials have it.
        mixture: what differs between these, in words; empty where nothing does.
    """

    sweep: str
    commands: list[str]
    runs: list[dict[str, str]]
    num_runs: int
    seed: int
    environments: dict[str, int]
    mixture: str


def provenance(study: Study, results: Sequence[TrialResult]) -> Provenance:
    """What a reader needs to run a study again.

    Raises:
        StudyError: the study cannot be read.
    """
    sweep = study.sweep()
    origins = ["; ".join(result.environments) for result in results if isinstance(result, Completed)]
    runs = list(_runs(study))
    commit = next((run["commit"].partition("+")[0] for run in reversed(runs) if run["commit"]), "")
    return {
        "sweep": sweep.to_yaml(),
        "commands": [
            *([f"git checkout {commit}"] if commit else []),
            "uv sync --locked",
            f"uv run privsearch sweep sweep.yaml --study {shlex.quote(f'studies/{sweep.name}')}",
        ],
        "runs": runs[-_MOST_RUNS:],
        "num_runs": len(runs),
        "seed": sweep.seed,
        "environments": {origin: origins.count(origin) for origin in dict.fromkeys(origins)},
        "mixture": mixture(one for result in results if isinstance(result, Completed) for one in result.environments),
    }


def _runs(study: Study) -> Iterator[dict[str, str]]:
    """What environments.jsonl has, whoever wrote it; a line that is no JSON object is left out."""
    for line in lines_of(study.environments_path):
        try:
            content = json.loads(line.content)
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            yield _run(content)


def _run(content: dict[str, Any]) -> dict[str, str]:
    own, machine, packages = (_mapping(content.get(name)) for name in ("privsearch", "machine", "packages"))
    command = content.get("command")
    cores = machine.get("cores")
    return {
        "when": _text(content.get("written_at")),
        "command": shlex.join(["privsearch", *map(_text, command)]) if isinstance(command, list) else "",
        "commit": _commit(own.get("commit")),
        "versions": ", ".join(
            f"{_text(name)} {_text(number)}"
            for name, number in {
                "privsearch": own.get("version"),
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
    """A commit as git names it, maybe with a mark of changes; nothing else gets into a command."""
    text = _text(value)
    return text if text and all(c.isalnum() or c in "+." for c in text) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else printable(str(value))[:_MOST_TEXT]
