"""Where a study ran: environments.jsonl, one line of JSON a run, whoever wrote it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from privsearch._util.lines import DamagedLine, lines_of


@dataclass(frozen=True)
class EnvironmentLog:
    """The lines of environments.jsonl.

    Attributes:
        environments: those that can be read, the latest last (`privsearch.study.environment.describe_environment`).
        damaged: the lines that hold no JSON object, or were changed since they were written.
    """

    environments: tuple[dict[str, Any], ...] = ()
    damaged: tuple[DamagedLine, ...] = ()


def read_environments(path: Path) -> EnvironmentLog:
    """Read the log; a missing file is an empty log.

    Raises:
        StudyError: something is there that is no file that can be read.
    """
    environments, damaged = [], []
    for line in lines_of(path):
        try:
            environment = json.loads(line.unchanged)
            if not isinstance(environment, dict):
                raise TypeError("a line must be a JSON object")
            environments.append(environment)
        except ValueError as error:
            damaged.append(line.damaged(error))
        except (TypeError, RecursionError) as error:
            damaged.append(line.damaged(ValueError(error)))
    return EnvironmentLog(tuple(environments), tuple(damaged))
