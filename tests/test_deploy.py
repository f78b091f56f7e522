"""What `deploy/` and its page promise, as far as a machine without a cluster can tell."""

import os
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import typer
from ruamel.yaml import YAML

from privsearch.cli.commands import app
from privsearch.spec import SweepSpec

ROOT: Final = Path(__file__).parent.parent
DEPLOY: Final = ROOT / "deploy"
PAGE: Final = ROOT / "docs" / "clusters.md"
FILES: Final = sorted([*DEPLOY.iterdir(), PAGE])

# Source: the API reference of KubeRay 1.7, ray.io/v1, without what holds pod templates.
RAY_JOB: Final = {
    "activeDeadlineSeconds", "backoffLimit", "clusterSelector", "deletionStrategy", "entrypoint", "entrypointNumCpus",
    "entrypointNumGpus", "entrypointResources", "jobId", "managedBy", "metadata", "preRunningDeadlineSeconds",
    "rayClusterSpec", "runtimeEnvYAML", "shutdownAfterJobFinishes", "submissionMode", "submitterConfig",
    "submitterPodTemplate", "suspend", "ttlSecondsAfterFinished",
}  # fmt: skip
RAY_CLUSTER: Final = {
    "authOptions", "autoscalerOptions", "enableInTreeAutoscaling", "gcsFaultToleranceOptions", "headGroupSpec",
    "headServiceAnnotations", "managedBy", "rayVersion", "suspend", "upgradeStrategy", "workerGroupSpecs",
}  # fmt: skip
HEAD_GROUP: Final = {
    "enableIngress", "headService", "labels", "rayStartParams", "resources", "serviceType", "template",
}  # fmt: skip
WORKER_GROUP: Final = {
    "groupName", "idleTimeoutSeconds", "labels", "maxReplicas", "minReplicas", "numOfHosts", "priority",
    "rayStartParams", "replicas", "resources", "scaleStrategy", "suspend", "template",
}  # fmt: skip


def read_all(path: Path) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(path))


def lines(path: Path) -> Iterator[str]:
    """The lines of a file, those joined that a backslash or a folded YAML scalar continues."""
    text = re.sub(r"\\\n\s*", " ", path.read_text())
    yield from re.sub(r"\n\s+(?=--)", " ", text).splitlines()


def commands() -> dict[str, Any]:
    """Every command of privsearch by its words, such as "data fetch"."""
    group: Any = typer.main.get_command(app)
    found = dict(group.commands)
    for name, command in group.commands.items():
        found |= {f"{name} {below}": sub for below, sub in getattr(command, "commands", {}).items()}
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_option_named_exists(path: Path) -> None:
    """A command of privsearch in a file of deploy/, or in its page, has the options that it is given there."""
    known = commands()
    for line in lines(path):
        for words in re.findall(r"privsearch ((?:datasets )?[a-z]+(?: [^\n;|`'&]*)?)", line):
            name = next(
                (name for name in sorted(known, key=len, reverse=True) if f"{words} ".startswith(f"{name} ")), ""
            )
            if name:
                there = {option for parameter in known[name].params for option in parameter.opts}
                assert set(re.findall(r"(?<=\s)--[a-z-]+", words)) <= there, line


def test_page_names_only_options_that_exist() -> None:
    """An option of privsearch that the page speaks of by itself is one."""
    there = {option for command in commands().values() for parameter in command.params for option in parameter.opts}
    spoken_of = set(re.findall(r"`(--[a-z-]+)[^`]*`", PAGE.read_text()))
    assert spoken_of - there == {"--entrypoint-num-cpus", "--no-restart", "--tmux", "--gpus-per-node"}  # Ray's, Slurm's


def test_page_shows_a_sweep_file_that_is_read() -> None:
    """The fields that the page explains are fields of a sweep, and their values are fit for it."""
    (shown,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)
    fields = YAML(typ="safe", pure=True).load(shown)
    sweep = {"name": "shown", "datasets": ["iris"], "protocol": {"kind": "paper"}, "grids": {"a": {"model": ["ann"]}}}
    spec = SweepSpec.model_validate(sweep | fields)
    assert spec.resources.max_concurrent == fields["resources"]["max_concurrent"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_versions_of_ray_are_the_locked_one(path: Path) -> None:
    """Ray is named in one version everywhere: that of the lock file."""
    packages = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
    (locked,) = [package["version"] for package in packages if package["name"] == "ray"]
    assert set(re.findall(r"(?:ray\[[a-z,]+\]==|rayVersion: \")([\d.]+)", path.read_text())) <= {locked}


@pytest.mark.parametrize("name", ["ray-on-premise.yaml", "ray-aws.yaml"])
def test_launcher_files_are_what_ray_takes(name: str) -> None:
    """`ray up` fills in and accepts the launcher files."""
    from ray.autoscaler._private.util import prepare_config, validate_config

    prepared = prepare_config(read_all(DEPLOY / name)[0])
    validate_config(prepared)
    starts = [*prepared["head_start_ray_commands"], *prepared["worker_start_ray_commands"]]
    assert sum("RAY_AUTH_MODE=token" in line for line in starts) == sum("ray start" in line for line in starts) == 2


def test_ray_job_is_what_kuberay_takes() -> None:
    """The RayJob has the fields of its API and no others, and every pod has the version of Ray, image and token."""
    *_, job = read_all(DEPLOY / "rayjob.yaml")
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    head, workers = cluster["headGroupSpec"], cluster["workerGroupSpecs"]
    assert job["spec"].keys() <= RAY_JOB
    assert cluster.keys() <= RAY_CLUSTER
    assert cluster["authOptions"] == {"mode": "token"}
    assert head.keys() <= HEAD_GROUP
    for group in workers:
        assert group.keys() <= WORKER_GROUP
        assert group["minReplicas"] <= group["replicas"] <= group["maxReplicas"]
    for group in (head, *workers):
        assert all(isinstance(value, str) for value in group["rayStartParams"].values())
        (container,) = group["template"]["spec"]["containers"]
        assert container["image"] == head["template"]["spec"]["containers"][0]["image"]


def test_study_of_a_ray_job_is_on_the_volume_that_outlives_it() -> None:
    """The driver writes below the path where the head's pod has the volume of the manifest."""
    claim, _, job = read_all(DEPLOY / "rayjob.yaml")
    pod = job["spec"]["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    claims = {
        volume["persistentVolumeClaim"]["claimName"]: volume["name"]
        for volume in pod["volumes"]
        if "persistentVolumeClaim" in volume
    }
    volume = claims[claim["metadata"]["name"]]
    (path,) = [mount["mountPath"] for mount in pod["containers"][0]["volumeMounts"] if mount["name"] == volume]
    words = shlex.split(job["spec"]["entrypoint"])
    assert words[words.index("--study") + 1].startswith(f"{path}/")


def test_kubernetes_takes_the_manifest() -> None:
    """Volume claim, network policy and pods are valid to the last field."""
    kubernetes = pytest.importorskip("kubernetes_validate")
    *plain, job = read_all(DEPLOY / "rayjob.yaml")
    cluster = job["spec"]["rayClusterSpec"]
    templates = [group["template"] for group in (cluster["headGroupSpec"], *cluster["workerGroupSpecs"])]
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "pod", **template["metadata"]},
            "spec": template["spec"],
        }
        for template in templates
    ]
    for document in (*plain, *pods):
        kubernetes.validate(document, "1.34", strict=True)


@pytest.mark.parametrize(
    ("linter", "name"), [("shellcheck", "slurm.sh"), ("hadolint", "Dockerfile"), ("hadolint", "Dockerfile.cpu")]
)
def test_linters_find_nothing(linter: str, name: str) -> None:
    """The script and the image file are clean."""
    if not shutil.which(linter):
        pytest.skip(f"needs {linter}")
    done = subprocess.run([linter, DEPLOY / name], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


SCONTROL: Final = """\
echo "scontrol $*" >> log
if [ "$1" = show ]; then printf '%s\\n' ${3//,/ }; fi
"""
# As srun does: what is on the node ends with it.
SRUN: Final = """\
while [[ $1 == --* ]]; do case $1 in --nodelist=*) node=${1#*=} ;; esac; shift; done
echo "$node: $*" >> log
"$@" & task=$!
trap 'kill -TERM $task; wait $task; echo "$node: ended" >> log; exit 143' TERM
wait $task
"""
STAND_INS: Final = {
    "python": "echo 10.0.0.1",
    "ray": '[ "$1" = status ] || exec sleep 60',
    "privsearch": """\
        trap 'echo told to end >> log; exit 143' TERM
        echo "privsearch $*" >> log
        for _ in $(seq "$SWEEP_TENTHS"); do sleep 0.1; done
        exit 1
    """,
}


def slurm_job(folder: Path, stand_ins: dict[str, str], **environment: str) -> subprocess.Popen[str]:
    """The Slurm script on nodes a, b and c, with commands in place of Slurm's that write into the file `log`."""
    commands = folder / "bin"
    commands.mkdir(exist_ok=True)
    for name, body in {"scontrol": SCONTROL, "srun": SRUN, **stand_ins}.items():
        (commands / name).write_text(f"#!/usr/bin/env bash\n{body}")
        (commands / name).chmod(0o755)
    path = f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    job = {"SLURM_JOB_ID": str(os.getpid()), "SLURM_JOB_NODELIST": "a,b,c", "SLURM_CPUS_PER_TASK": "1"}
    return subprocess.Popen(
        ["bash", DEPLOY / "slurm.sh", "sweep.yaml", "--study", "mine"],
        cwd=folder,
        env={**os.environ, "PATH": path, **job, **environment},
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def until_written(file: Path, text: str, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while not (file.exists() and text in file.read_text()):
        assert time.monotonic() < deadline, f"{text!r} was not written within {seconds} s"
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("asked", "status", "last"),
    [
        (None, 1, "ended"),
        (signal.SIGTERM, 143, "ended"),
        (signal.SIGUSR1, 143, f"scontrol requeue {os.getpid()}"),
    ],
    ids=["finished", "cancelled", "out of time"],
)
def test_slurm_script_ends_what_it_began(tmp_path: Path, asked: int | None, status: int, last: str) -> None:
    """However it ends, the sweep has ended before it, and Ray; out of time, the job is queued again."""
    log = tmp_path / "log"
    with slurm_job(tmp_path, STAND_INS, SWEEP_TENTHS="200" if asked else "1") as job:
        for begun in ("a: ", "b: ", "c: ", "privsearch sweep"):
            until_written(log, begun, 20)
        if asked:
            job.send_signal(asked)
        assert job.wait(20) == status
    written = log.read_text().splitlines()
    address = f"10.0.0.1:{20000 + os.getpid() % 5000 * 2}"
    assert f"privsearch sweep sweep.yaml --study mine --address {address}" in written
    assert {line[:12] for line in written if "ray start" in line} == {"a: ray start", "b: ray start", "c: ray start"}
    assert sum(line.endswith(": ended") for line in written) == 3
    assert ("told to end" in written) is bool(asked)
    assert written[-1].endswith(last)


@pytest.mark.slow
def test_slurm_script_runs_a_sweep(tmp_path: Path, tiny_sweep_file: Path) -> None:
    """On three real nodes of Ray, on this machine, the script runs a sweep; submitted again, it finds all recorded."""
    shutil.copy(tiny_sweep_file, tmp_path / "sweep.yaml")
    for found in ("4 finished, 0 recorded already", "0 finished, 4 recorded already"):
        with slurm_job(tmp_path, {}) as job:
            said, _ = job.communicate(timeout=300)
        assert job.returncode == 0, said
        assert f"trials: {found}" in said
