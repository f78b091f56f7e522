"""A sweep of split trials whose training processes are killed at random: `python -m benchmarks.kills`.

It runs a sweep on Ray, kills one of its training processes after another with SIGKILL, and compares what came out
with the same sweep in one process that nobody disturbed. No file of a network may be written twice, and every number
must be the same to the bit.
"""

import argparse
import contextlib
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

SWEEP: Final = """\
name: kills
datasets: [digits]
protocol: {kind: halves, networks: 128}
grids:
  both: {model: [ann, snn]}
recipe: {epochs: 4}
attacks: [loss, lira]
retries: 100
"""
MODULE: Final = "privsearch.sweep.runners.process_main"


def killed_sweep(study: Path, sweep: Path, kills: int, seed: int) -> int:
    """Run a sweep, kill training processes until it is done or has had enough, and return the number of kills.

    Raises:
        AssertionError: the sweep failed, or the file of a network was written again.
    """
    rng = random.Random(seed)  # noqa: S311  # no secret
    command = [sys.executable, "-c", "from privsearch.cli import main; main()", "sweep", sweep, "--study", study]
    done, seen = 0, dict[str, tuple[int, int]]()
    with subprocess.Popen(  # noqa: S603  # our own command line
        list(map(str, command)), stdout=subprocess.DEVNULL, start_new_session=True
    ) as process:
        while process.poll() is None:
            time.sleep(rng.uniform(0.5, 6.0))
            for path in (study / "signals").glob("n*.npz"):
                status = path.stat()
                stamp = status.st_mtime_ns, status.st_ino
                if seen.setdefault(path.name, stamp) != stamp:
                    raise AssertionError(f"{path.name} must be written once, but was written again")
            if done < kills and (training := _training_processes(process.pid)):
                rng.choice(training).kill()
                done += 1
        if process.returncode:
            raise AssertionError(f"the sweep must end well, but ended with status {process.returncode}")
    return done


def _training_processes(sweep: int) -> list[psutil.Process]:
    """Return the training processes of a sweep, by its process id, that work, not those that still start."""
    found = []
    try:
        for process in psutil.Process(sweep).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if MODULE in process.cmdline() and process.cpu_times().user > 1.0:
                    found.append(process)
    except psutil.NoSuchProcess:  # the sweep has just ended
        return []
    return found


def numbers(study: Path) -> dict[str, Any]:
    """Return, by trial_id, everything that must come out the same again."""
    from privsearch.api.study import Study
    from privsearch.study.result import Completed

    results = Study(study).record().results.values()
    return {result.trial_id: result.numbers() for result in results if isinstance(result, Completed)}


def main() -> None:
    """Run both sweeps, and say what came out."""
    from privsearch import run_sweep

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="privsearch-benchmark-") as folder:
        sweep, killed, quiet = (Path(folder) / name for name in ("kills.yaml", "killed", "quiet"))
        sweep.write_text(SWEEP)
        started = time.monotonic()
        kills = killed_sweep(killed, sweep, arguments.kills, arguments.seed)
        seconds = time.monotonic() - started
        run_sweep(sweep, study=quiet, runner="inline", progress=False)
        found, expected = numbers(killed), numbers(quiet)
        same = found == expected
        print(  # noqa: T201  # what it is for
            f"{kills} kills in {seconds:.0f} s; {len(found)} of {len(expected)} trials; the same numbers: {same}"
        )
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
