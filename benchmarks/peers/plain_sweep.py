"""The plain script under Ray Tune's `grid_search`: `python -m benchmarks.peers.plain_sweep GRID FIXED`, both JSON.

Prints one line of JSON for each trial: its configuration and its results.
"""

import json
import os
import sys
import tempfile
from typing import Any

from ray import tune

from benchmarks.peers.plain_trial import PlainTrial, run


def trial(config: dict[str, Any]) -> dict[str, float]:
    """Run one trial in a worker, called by Tune."""
    return run(PlainTrial(**config))


def main(grid: dict[str, list[Any]], fixed: dict[str, Any]) -> None:
    """Run every combination of `grid`."""
    space = {name: tune.grid_search(values) for name, values in grid.items()}
    with tempfile.TemporaryDirectory() as folder:
        tuner = tune.Tuner(trial, param_space={**space, **fixed}, run_config=tune.RunConfig(storage_path=folder))
        results = tuner.fit()
    for result in map(results.__getitem__, range(len(results))):
        assert result.metrics is not None, result.error
        numbers = {name: result.metrics[name] for name in ("test_accuracy", "auc")}
        sys.stdout.write(json.dumps({**(result.config or {}), **numbers}) + "\n")


if __name__ == "__main__":
    os.environ["RAY_ENABLE_UV_RUN_RUNTIME_ENV"] = "0"  # under `uv run`, Ray would build the environment again
    main(*map(json.loads, sys.argv[1:]))
