import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from builders import completed_of, make_failed
from playwright.sync_api import Browser, sync_playwright

from privsearch.analysis.tasks import Task, tasks
from privsearch.spec import HalvesProtocol, PaperProtocol, Protocol, SweepSpec, TrialSpec
from privsearch.study.result import TrialResult

Row = tuple[dict[str, Any], list[float], list[float]]
TaskOf = Callable[..., Task]


def _result(number: int, row: Row, protocol: Protocol) -> TrialResult:
    axes, accuracies, aucs = row
    trial_id = f"{number:016x}"
    if not aucs:
        return make_failed(trial_id, dataset="breast_cancer", protocol=protocol, **axes)
    return completed_of(trial_id, accuracies, aucs, TrialSpec(dataset="breast_cancer", protocol=protocol, **axes))


@pytest.fixture
def task_of() -> TaskOf:
    """The task of trials given as axes, accuracies and AUCs of each target; one without AUCs has failed."""

    def build(rows: list[Row], kind: str = "paper", **changes: Any) -> Task:
        targets = max(len(row[2]) or 1 for row in rows)
        protocol = PaperProtocol(replicates=targets) if kind == "paper" else HalvesProtocol(networks=targets)
        sweep: dict[str, Any] = {"name": "a", "datasets": ["breast_cancer"], "protocol": kind}
        sweep |= {"grids": {"a": {"model": ["ann"]}}}
        if kind == "paper":
            sweep |= {"objectives": {"test_accuracy": "maximize", "svm.auc": "minimize"}}
        results = [_result(number, row, protocol) for number, row in enumerate(rows)]
        (task,) = tasks(results, SweepSpec.model_validate(sweep | changes))
        return task

    return build


@pytest.fixture
def small_rows() -> list[Row]:
    """Seven configurations: four on the front, two of these with equal numbers, two off it, one failed."""
    ann, snn = {"model": "ann"}, {"model": "snn", "surrogate_gradient": "atan", "num_steps": 25}
    return [
        (ann, [0.96, 0.97, 0.98], [0.69, 0.70, 0.71]),
        (ann | {"act_bit_width": 4, "threshold": 0.5}, [0.90, 0.92, 0.94], [0.50, 0.52, 0.54]),
        (ann | {"weight_bit_width": 4}, [0.93, 0.95, 0.97], [0.57, 0.58, 0.59]),
        (snn | {"weight_bit_width": 4}, [0.93, 0.95, 0.97], [0.57, 0.58, 0.59]),
        (snn, [0.88, 0.91, 0.94], [0.57, 0.57, 0.57]),
        (snn | {"surrogate_gradient": "spike_rate_escape"}, [0.95, 0.94, 0.93], [0.58, 0.59, 0.60]),
        (snn | {"weight_bit_width": 2}, [], []),
    ]


@pytest.fixture
def small(task_of: TaskOf, small_rows: list[Row]) -> Task:
    """A task of these seven, of three targets each."""
    return task_of(small_rows)


@pytest.fixture
def single(task_of: TaskOf, small_rows: list[Row]) -> Task:
    """The same seven with one target each, of which no uncertainty is known."""
    return task_of([(axes, accuracies[1:2], aucs[1:2]) for axes, accuracies, aucs in small_rows])


@pytest.fixture
def tradeoff(task_of: TaskOf) -> Callable[..., Task]:
    """A number of configurations, all of them on the front."""

    def build(count: int, targets: int = 1) -> Task:
        gains = [i / max(1, count - 1) for i in range(count)]
        axes = [{"model": ("ann", "snn")[i % 2], "epochs": i + 1} for i in range(count)]
        numbers = [([0.7 + 0.2 * gain] * targets, [0.5 + 0.1 * gain**2] * targets) for gain in gains]
        return task_of([(axis, *number) for axis, number in zip(axes, numbers, strict=True)])

    return build


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A real browser, Debian's chromium."""
    chromium = shutil.which("chromium")
    if not chromium:
        pytest.skip("needs chromium, as of `apt-get install chromium`")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield started
        started.close()
