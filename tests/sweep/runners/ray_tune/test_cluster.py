"""A real Ray cluster of several nodes, each with its own raylet, on this machine."""

import gc
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from builders import make_failed
from collected import Collector
from command_line import INLINE, numbers, record_lines, run
from ray.cluster_utils import Cluster
from s3_server import S3Server

from privsearch.api.study import Study
from privsearch.errors import ClusterError
from privsearch.spec import Device, Resources, SweepSpec
from privsearch.study.result import Failed, TrialResult
from privsearch.sweep.plan import make_plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.runners.base import Listed
from privsearch.sweep.runners.jobs import TrainAndAttack
from privsearch.sweep.runners.ray_tune.runner import TuneRunner

pytestmark = [
    pytest.mark.slow,
    # Ray's own, of the files and sockets of its nodes.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning"),
]

SWEEP = """\
name: spread
datasets: [iris]
protocol: {kind: paper, replicates: 2, placebo_cuts: 2}
grids: {precision: {model: [snn], weight_bit_width: [null, 8, 4, 2], beta: [0.8, 0.85, 0.9, 0.95, 0.99]}}
recipe: {epochs: 10, batch_size: 16, num_steps: 10}
resources: {custom: {seat: 1}}
timeout: 300
"""
NODES = 3
"""The nodes that trials spread over."""


@pytest.fixture(scope="module")
def cluster(s3: S3Server) -> Iterator[Cluster]:
    """A head that trains nothing, for all tests; its nodes find what the tests import, and reach the storage."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
        cluster = Cluster(
            initialize_head=True,
            head_node_args={"num_cpus": 0, "include_dashboard": False, "ray_client_server_port": port},
        )
        yield cluster
        cluster.shutdown()
        gc.collect()  # here, where its unclosed files are expected


def seats(cluster: Cluster, count: int) -> list[Any]:
    """As many nodes beside the head, each with room for one trial."""
    while len(cluster.worker_nodes) > count:
        cluster.remove_node(next(iter(cluster.worker_nodes)))
    while len(cluster.worker_nodes) < count:
        cluster.add_node(num_cpus=1, resources={"seat": 1})
    return list(cluster.worker_nodes)


def wait_until(reached: Callable[[], bool], sweep: "subprocess.Popen[str]") -> None:
    until = time.monotonic() + 240
    while not reached():
        assert time.monotonic() < until
        assert sweep.poll() is None
        time.sleep(0.1)


def test_a_node_that_dies_and_one_that_joins(
    cluster: Cluster, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sweep ends complete, with the numbers of a single process, and its signals are where all nodes reach them."""
    monkeypatch.chdir(tmp_path)
    Path("spread.yaml").write_text(SWEEP)
    (doomed,) = seats(cluster, 1)
    words = ["sweep", "spread.yaml", "--address", cluster.address, "--storage", s3.new_bucket()]
    with subprocess.Popen(
        [sys.executable, "-c", "from privsearch.cli import main; main()", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as sweep:
        wait_until(lambda: len(record_lines(Path("studies/spread"))) >= 3, sweep)
        seats(cluster, 2)
        cluster.remove_node(doomed, allow_graceful=False)
        at_the_loss = len(record_lines(Path("studies/spread")))
        output, _ = sweep.communicate(timeout=300)
    assert sweep.returncode == 0, output
    assert at_the_loss < 20 == len(record_lines(Path("studies/spread")))
    assert len(Study(Path("studies/spread")).signals.trial_ids()) == 20
    assert run("sweep", "spread.yaml", "--study", "alone", *INLINE).exit_code == 0
    assert numbers(Path("studies/spread")) == numbers(Path("alone"))


@pytest.mark.parametrize("client", [False, True])
def test_trials_spread_over_the_nodes(client: bool, cluster: Cluster, tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """Every node takes part, from one of them or from outside: no trial ends before each has one."""
    seen = tmp_path / "nodes"
    seen.mkdir()

    def meet(trial: PlannedTrial, device: Device) -> TrialResult:
        # A node's raylet started the worker that started this process.
        (seen / str(psutil.Process(os.getppid()).ppid())).touch()
        until = time.monotonic() + 240
        while len(met := list(seen.iterdir())) < NODES and time.monotonic() < until:
            time.sleep(0.1)
        return make_failed(trial.trial_id).model_copy(update={"message": str(len(met))})

    seats(cluster, NODES)
    address = f"ray://127.0.0.1:{cluster.head_node._ray_params.ray_client_server_port}" if client else cluster.address
    trials = make_plan(tiny_sweep, Study(tmp_path / "study")).todo
    assert len(trials) > NODES
    collector = Collector()
    TuneRunner(resources=Resources(custom={"seat": 1}), address=address).run(Listed(trials), meet, collector)
    assert sorted(result.trial_id for result in collector.results) == sorted(trial.trial_id for trial in trials)
    assert [result.message for result in collector.results if isinstance(result, Failed)] == [str(NODES)] * len(trials)


@pytest.mark.parametrize(
    ("address", "why"),
    [("127.0.0.1:1", "Connection refused"), ("ray://127.0.0.1:1", "Connection refused"), ("nowhere", "")],
)
def test_a_cluster_that_is_not_there_is_told_at_once(
    address: str, why: str, tiny_sweep: SweepSpec, tmp_path: Path
) -> None:
    """Nobody waits for minutes to hear of a typo."""
    trials = make_plan(tiny_sweep, Study(tmp_path / "study")).todo
    started = time.monotonic()
    with pytest.raises(ClusterError, match="--address: must be a Ray cluster with this Python") as caught:
        TuneRunner(address=address).run(Listed(trials), TrainAndAttack(), Collector())
    assert why in str(caught.value)
    assert time.monotonic() - started < 30
