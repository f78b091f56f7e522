# ruff: noqa: E402
# isort: off
import os

# One test process for each core, so one thread for each: more of them wait for each other in loops that take the cores
# from all. Before the libraries are imported, which read this once; what the tests start inherits it.
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

from shape_checks import check_shapes

check_shapes()  # before anything whose shapes are to be checked is imported
import privsearch.sweep.runners.ray_tune.settings  # noqa: F401  # before Ray is imported, which reads some of them then

# isort: on
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pytest
from hypothesis import settings
from s3_server import CREDENTIALS, S3Server, s3_serving
from tiny_sweep import TINY_SWEEP
from versions import OtherVersions, pretending

from privsearch._util.interrupts import ENDING
from privsearch.spec import SweepSpec, registry
from privsearch.sweep.pace import Pace

pytest_plugins = ["audited_trials", "paper_trials"]

# Derandomised, so that a run of the suite says something about the code and not about the day.
settings.register_profile("suite", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("suite")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs a GPU where there is none."""
    if item.get_closest_marker("gpu"):
        import torch  # here, so that tests without it do not wait for it

        if not torch.cuda.is_available():
            pytest.skip("needs a CUDA device")


@pytest.fixture(autouse=True)
def unprobed(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Has `plan` measure no machine, so that what it says is the same everywhere; tests of the probe measure one."""
    if request.module.__name__ != "test_probe":
        monkeypatch.setattr("privsearch.sweep.probe.probe", lambda _: Pace())


@pytest.fixture
def heeded() -> Iterator[None]:
    """Has what a test starts heed the signals that this process was started to ignore, as `nohup ... &` does."""
    ignored = [number for number in ENDING if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        # Heard and dropped here; a program that is started begins with the default.
        signal.signal(number, lambda *_: None)
    yield
    for number in ignored:
        signal.signal(number, signal.SIG_IGN)


@pytest.fixture
def tiny_sweep_file(tmp_path: Path) -> Path:
    """A sweep of four trials that take a moment each."""
    path = tmp_path / "tiny.yaml"
    path.write_text(TINY_SWEEP)
    return path


@pytest.fixture
def tiny_sweep() -> SweepSpec:
    """The same, read."""
    return SweepSpec.model_validate(
        {
            "name": "tiny",
            "datasets": ["iris"],
            "protocol": {"kind": "paper", "replicates": 2, "placebo_cuts": 2},
            "grids": {"precision": {"model": ["ann", "snn"], "weight_bit_width": [None], "act_bit_width": [None, 4]}},
            "recipe": {"epochs": 1, "batch_size": 64, "num_steps": 3},
            "objectives": {"test_accuracy": "maximize", "svm.auc": "minimize"},
        }
    )


class _Blank:
    """A figure that is not drawn."""

    def savefig(self, file: BinaryIO, **kwargs: str) -> None:
        """Write nothing."""

    def to_json(self) -> str:
        return "{}"


@pytest.fixture(scope="module")
def blank_fronts() -> Iterator[None]:
    """A module's sweeps write their fronts without a figure: to draw one takes longer than to train their networks."""
    with pytest.MonkeyPatch.context() as patch:
        for drawing in ("plot_front", "plot_front_interactive"):
            patch.setattr(f"privsearch.report.figures.front.{drawing}", lambda _: _Blank())
        yield


@pytest.fixture
def other_versions(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherVersions]:
    """Has packages seem to be of other versions: `other_versions(torch="9.9")`."""
    yield from pretending(monkeypatch)


@pytest.fixture
def forgetting() -> Iterator[None]:
    """Forgets, at the end, what a test has registered."""
    before = registry.entries()
    yield
    for entry in set(registry.entries()) - set(before):
        registry.forget(entry.kind, entry.name)


@pytest.fixture(scope="session")
def s3() -> Iterator[S3Server]:
    """A server that speaks S3, with the credentials for it in the environment."""
    with pytest.MonkeyPatch.context() as patch, s3_serving() as server:
        for name, value in CREDENTIALS.items():
            patch.setenv(name, value)
        yield server
