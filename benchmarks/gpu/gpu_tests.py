"""The tests marked `gpu`, run in this process. On a processor all of them are found, and skipped."""

from pathlib import Path
from typing import Any, Final

import pytest

from benchmarks.gpu.settings import Settings

ROOT: Final = Path(__file__).parents[2]


class _Outcomes:
    """The outcomes of a run of pytest, which calls these methods by their names."""

    def __init__(self) -> None:
        self.passed, self.skipped, self.failures = 0, 0, dict[str, str]()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take note of a test, or of its preparation."""
        self.passed += report.when == "call" and report.passed
        self.skipped += report.skipped
        if report.failed:
            self.failures[report.nodeid] = report.longreprtext

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Take note of a file that cannot be imported."""
        if report.failed:
            self.failures[report.nodeid] = str(report.longrepr)


def measure(_: Settings) -> dict[str, Any]:
    """Run the tests, and say how many passed, were skipped and failed, and why."""
    files = [str(path) for path in sorted((ROOT / "tests").rglob("test_*.py")) if "mark.gpu" in path.read_text()]
    outcomes = _Outcomes()
    # Of the tests' own options none but these: the others are those of a plugin that need not be here, and warnings of
    # another torch say nothing of a GPU.
    options = ["-o", "addopts=", "-o", "filterwarnings=default", "--import-mode=importlib", "--strict-markers"]
    pytest.main([*options, "-q", "-m", "gpu", "-p", "no:cacheprovider", *files], plugins=[outcomes])
    return {
        "passed": outcomes.passed,
        "skipped": outcomes.skipped,
        "failed": len(outcomes.failures),
        "failures": outcomes.failures,
    }
