"""Measure privsearch on a GPU: `python -m benchmarks.gpu --out FILE`, in the folder of the repository.

It needs torch, numba, scipy and scikit-learn, and no network: what else is missing is taken from the wheels that
`python -m benchmarks.gpu.fetch` has brought into benchmarks/gpu/wheels. Every part runs in a process of its own with a
time limit; one that fails or takes too long leaves the others as they are.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from benchmarks.gpu.installed import installed
from benchmarks.gpu.settings import DRY, FULL, LIMITS, Settings

ROOT: Final = Path(__file__).parents[2]
MOST_TOLD: Final = 8_000
"""The last characters of what a failed part has written, which its result keeps."""


def main() -> int:
    """Measure, and return 0 if every part is done."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="where the results go, as JSON")
    parser.add_argument("--dry-run", action="store_true", help="tiny sizes on a processor, to see that all is there")
    parser.add_argument("--only", metavar="PART[,PART]", help=f"these parts alone, of {', '.join(LIMITS)}")
    parser.add_argument(
        "--data-dir", type=Path, metavar="FOLDER", help="where CIFAR-10 is; by default, PRIVSEARCH_DATA_DIR"
    )
    arguments = parser.parse_args()
    parts = arguments.only.split(",") if arguments.only else list(LIMITS)
    if unknown := [part for part in parts if part not in LIMITS]:
        parser.error(f"a part must be one of {', '.join(LIMITS)}, but got {unknown[0]}")
    settings = DRY if arguments.dry_run else FULL
    found: dict[str, Any] = {
        "device": "cpu, dry run" if arguments.dry_run else settings.device,
        "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _commit(),
        "settings": asdict(settings),
        "parts": {},
    }
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    with installed() as paths:
        environment = _environment(paths, arguments.data_dir)
        if not (arguments.dry_run or _has_gpu(environment)):
            parser.error("there must be a GPU that torch can use, but there is none; --dry-run needs none")
        for part in parts:
            sys.stdout.write(f"{part} ...\n")
            sys.stdout.flush()
            found["parts"][part] = _measured(part, settings, environment)
            # After every part, so that whoever ends this has those before.
            arguments.out.write_text(json.dumps(found, indent=1) + "\n")
            sys.stdout.write("{status}, {seconds:.0f} s {error}\n".format(**found["parts"][part]))
    return int(any(part["status"] != "done" for part in found["parts"].values()))


def _measured(part: str, settings: Settings, environment: dict[str, str]) -> dict[str, Any]:
    """Measure a part in a process of its own.

    Returns:
        `status` (done, failed, or timed out), `seconds`, `error` (empty if it is done) and `result` (None if not).
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        answer, log = Path(folder) / "answer.json", Path(folder) / "log"
        words = ["-m", "benchmarks.gpu.part", part, json.dumps(asdict(settings)), str(answer)]
        with log.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603  # this Python, on our own modules
                [sys.executable, *words],
                cwd=ROOT,
                env=environment,
                stdout=file,
                stderr=file,
                start_new_session=True,  # so that the processes which it starts end with it
            )
            status = _ended(process, LIMITS[part])
        done = status == "done" and answer.exists()
        return {
            "status": status,
            "seconds": time.perf_counter() - started,
            "error": "" if done else log.read_text(errors="replace")[-MOST_TOLD:],
            "result": json.loads(answer.read_text()) if done else None,
        }


def _ended(process: subprocess.Popen[bytes], limit: float) -> str:
    """Wait for a part's process, and end it and all that it started if it takes too long, or fails."""
    try:
        status = "failed" if process.wait(limit) else "done"
    except subprocess.TimeoutExpired:
        status = "timed out"
    finally:
        if process.poll() != 0:
            with suppress(ProcessLookupError):  # where all have ended
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return status


def _environment(paths: list[str], data_dir: Path | None) -> dict[str, str]:
    """Return the environment of the parts, which find this checkout first, then the wheels."""
    before = [path for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *paths, *before])}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # the wheels are compiled once then, and not by every process
    return environment | ({"PRIVSEARCH_DATA_DIR": str(data_dir.resolve())} if data_dir else {})


def _has_gpu(environment: dict[str, str]) -> bool:
    asked = [sys.executable, "-c", "import torch; raise SystemExit(not torch.cuda.is_available())"]
    return subprocess.run(asked, env=environment, check=False).returncode == 0  # noqa: S603  # fixed words


def _commit() -> str | None:
    """Return the commit of the checkout; None where git or its folder did not come along."""
    try:
        told = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=True)  # noqa: S607  # as the user's shell finds it
    except (OSError, subprocess.CalledProcessError):
        return None
    return told.stdout.strip()


if __name__ == "__main__":
    sys.exit(main())
