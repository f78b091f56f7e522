import json
import re
import shutil
import subprocess
import sys
import urllib.request
from contextlib import chdir
from pathlib import Path
from typing import Any, get_args
from urllib.error import URLError

import pytest
from command_line import INLINE, files, numbers, record_lines, run
from tiny_sweep import TINY_SWEEP
from typer.testing import Result

from privsearch import load_study
from privsearch.api.study import Study
from privsearch.spec.datasets import ImageName
from privsearch.study.result import Failed

pytestmark = pytest.mark.usefixtures("blank_fronts")

COMMANDS = ("plan", "sweep", "trial", "front", "data")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, tiny_sweep_file: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory that every command is run in; it holds tiny.yaml."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A directory in which the tiny sweep was run once, and what that printed."""
    where = tmp_path_factory.mktemp("finished")
    (where / "tiny.yaml").write_text(TINY_SWEEP)
    with chdir(where):
        return where, run("sweep", "tiny.yaml", *INLINE)


@pytest.fixture
def study(finished: tuple[Path, Result], folder: Path) -> Path:
    """A copy of the finished study, where the next sweep will look for it."""
    return Path(shutil.copytree(finished[0] / "studies" / "tiny", folder / "studies" / "tiny"))


@pytest.mark.parametrize("command", [(), *[(name,) for name in COMMANDS]])
def test_help_names_the_exit_statuses(command: tuple[str, ...]) -> None:
    """Every command explains itself, and what its exit status means."""
    result = run(*command, "--help")
    said = " ".join(result.output.split())
    assert result.exit_code == 0
    assert "Exit status: 0" in said


def test_help_waits_for_no_library() -> None:
    """Asking for help imports nothing that is slow to import."""
    heavy = ["torch", "ray", "pandas", "optuna", "sklearn", "numpy", "matplotlib", "privsearch.spec"]
    code = (
        "import sys; from privsearch.cli import main\n"
        "sys.argv = ['privsearch', 'sweep', '--help']\n"
        "try: main()\n"
        f"finally: print('imported:', sorted(set({heavy}) & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "imported: []" in done.stdout


def test_plan_counts_what_is_recorded(study: Path) -> None:
    """A plan tells trials, cached and to do, and leaves the disk as it was."""
    before = files(study)
    longer = ("--set", "grids.precision.weight_bit_width=[null, 4]")
    made = json.loads(run("plan", "tiny.yaml", "--json", *longer).stdout)
    assert (made["trials"], made["cached"], made["to_do"]) == (8, 4, 4)
    assert made["datasets"]["iris"]["networks_to_train"] == made["networks_to_train"] == 16
    assert files(study) == before


def test_plan_lists_every_trial(finished: tuple[Path, Result]) -> None:
    """The ids of a plan are those that the sweep records, in words and as JSON."""
    recorded = set(numbers(finished[0] / "studies" / "tiny"))
    assert set(re.findall(r"^ ([0-9a-f]{16})  to do", run("plan", "tiny.yaml", "--trials").stdout, re.M)) == recorded
    listed = json.loads(run("plan", "tiny.yaml", "--trials", "--json").stdout)["listed"]
    assert {trial["trial_id"] for trial in listed} == recorded


def test_a_plan_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line of a plan is wider than the terminal, or breaks an id."""
    monkeypatch.setenv("COLUMNS", "80")
    names = "--set", f"grids={{{'a' * 60}: {{model: [ann, snn], surrogate_gradient: [atan, spike_rate_escape]}}}}"
    printed = run("plan", "tiny.yaml", "--trials", *names).stdout
    assert max(map(len, printed.splitlines())) <= 80
    assert len(re.findall(r"^ [0-9a-f]{16} ", printed, re.M)) == 3


def test_sweep_leaves_a_study_and_prints_its_front(finished: tuple[Path, Result]) -> None:
    """A sweep ends with its record, its table, its index, its plots, and its front on the screen."""
    where, result = finished
    study = where / "studies" / "tiny"
    assert result.exit_code == 0
    assert {"trials.jsonl", "results.csv", "optuna.journal"} <= {path.name for path in study.iterdir()}
    assert {path.name for path in (study / "fronts").glob("[!.]*")} == {"iris.png", "iris.html"}
    assert len(record_lines(study)) == len(numbers(study)) == 4
    assert "iris, protocol paper: Pareto front" in result.stdout
    assert "trials: 4 finished, 0 recorded already, 0 failed\nresults: studies/tiny/results.csv" in result.stdout


def test_second_run_trains_nothing(study: Path) -> None:
    """What is recorded is not run again."""
    before = record_lines(study)
    result = run("sweep", "tiny.yaml", *INLINE)
    assert result.exit_code == 0
    assert "trials: 0 finished, 4 recorded already, 0 failed" in result.stdout
    assert record_lines(study) == before


def test_longer_sweep_runs_only_what_is_new(study: Path) -> None:
    """A grid that grows keeps the trials that it had."""
    before = record_lines(study)
    result = run("sweep", "tiny.yaml", *INLINE, "--set", "grids.precision.act_bit_width=[null, 4, 2]")
    assert "trials: 2 finished, 4 recorded already, 0 failed" in result.stdout
    assert record_lines(study)[:4] == before
    assert len(record_lines(study)) == len(numbers(study)) == 6


BAD_FILES: dict[str, tuple[str, str, str]] = {
    "misspelt key": ("recipe:", "recepe:", "but got 'recepe'; nearest valid: recipe"),
    "train_size too large": (
        "{epochs",
        "{train_size: 999, epochs",
        "tiny.yaml:9: recipe.train_size: must lie between 3",
    ),
    "label column missing": (
        "[iris]",
        "[{name: mine, path: mine.csv, label: kind}]",
        "tiny.yaml:2: datasets[0]: ",
    ),
}


@pytest.mark.parametrize("command", [("plan",), ("sweep", *INLINE)])
@pytest.mark.parametrize("mistake", BAD_FILES)
def test_mistake_in_a_sweep_file_is_told_where_it_stands(command: tuple[str, ...], mistake: str, folder: Path) -> None:
    """Bad input ends with exit status 2, the file, the line and the field, and touches nothing."""
    right, wrong, message = BAD_FILES[mistake]
    assert TINY_SWEEP.count(right) == 1
    (folder / "tiny.yaml").write_text(TINY_SWEEP.replace(right, wrong))
    (folder / "mine.csv").write_text("x,y\n" + "1,a\n2,b\n" * 10)
    assert_refused(run(command[0], "tiny.yaml", *command[1:]), message, folder, files(folder))


def test_gpu_that_is_not_there_is_told_where_it_is_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sweep that asks for a GPU trains nothing without one, and says which line to change."""
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    (folder / "tiny.yaml").write_text(TINY_SWEEP + "resources: {gpu: 0.5}\n")
    result = run("sweep", "tiny.yaml", *INLINE)
    assert result.exit_code == 2
    assert "error: tiny.yaml:10: resources.gpu: must be 0 or null where there is no GPU, but got 0.5" in result.stderr
    assert not (folder / "studies").exists()


def assert_refused(result: Result, message: str, folder: Path, before: dict[Path, bytes]) -> None:
    assert result.exit_code == 2
    assert all(line.startswith("error: ") for line in result.stderr.splitlines())
    assert message in result.stderr
    assert result.stdout == ""
    assert files(folder) == before


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("sweep", "nowhere.yaml"), "nowhere.yaml: the sweep file must exist, but there is none here; sweep files in"),
        (("sweep", "tiny.yaml", "--set", "name=other", "--study", "studies/tiny"), "belongs to the sweep 'tiny'"),
        (("sweep", "tiny.yaml", "--set", "seed=1"), "shares none with this one (another seed, recipe or dataset?)"),
        (("sweep", "tiny.yaml", "--study", "studies"), "must be empty or a study, but holds other files"),
        (("sweep", "tiny.yaml", "--study", "tiny.yaml"), "must be a directory, but is a file"),
        (("sweep", "tiny.yaml", "--set", "recipe.epochs=0"), "--set recipe.epochs: recipe.epochs: must be an integer"),
        (
            ("sweep", "tiny.yaml", "--set", "grids={}"),
            "grids: there must be a grid or a search, but there is neither",
        ),
        (("trial", "tiny.yaml", "0123"), "means none of them; these would do: "),
        (("front", "studies"), "must be a study that `privsearch sweep` has written, but it has no sweep.yaml"),
    ],
)
def test_wrong_place_or_id_is_refused(words: tuple[str, ...], message: str, study: Path, folder: Path) -> None:
    """A command that cannot be meant ends with exit status 2 and the remedy, and touches nothing."""
    before = files(folder)
    assert_refused(run(*words), message, folder, before)


def test_unknown_option_is_refused() -> None:
    """A misspelt option is not ignored."""
    result = run("sweep", "tiny.yaml", "--runer", "inline")
    assert result.exit_code == 2
    assert "--runer" in result.stderr


def test_diverging_trials_fail_alone(folder: Path) -> None:
    """A loss that is not finite fails its own trial, with a traceback, and exit status 1 says so."""
    result = run("sweep", "tiny.yaml", *INLINE, "--set", "grids.precision.learning_rate=[0.001, 1e6]")
    results = Study(folder / "studies" / "tiny").record().results.values()
    failed = [result for result in results if isinstance(result, Failed)]
    assert result.exit_code == 1
    assert len(results) == 8
    assert {r.spec.learning_rate for r in failed} == {1e6}
    assert {r.error for r in failed} == {"DivergedError"}
    assert all("Traceback" in r.traceback for r in failed)
    assert "of 4: the mean training loss of the last epoch must be at most" in result.stdout
    assert "run the same command to try the failed ones again" in result.stdout


def test_failed_trial_is_tried_again(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a trial raises is recorded, the others go on, and the next run tries that one again."""
    from privsearch.sweep import cohort

    def broken(spec: Any, *rest: Any, **options: Any) -> Any:
        if spec.model == "snn" and spec.act_bit_width:
            raise RuntimeError("out of luck")
        return train_cohort(spec, *rest, **options)

    train_cohort = cohort.train_cohort
    with monkeypatch.context() as patched:
        patched.setattr(cohort, "train_cohort", broken)
        first = run("sweep", "tiny.yaml", *INLINE)
    assert first.exit_code == 1
    assert "trials: 3 finished, 0 recorded already, 1 failed" in first.stdout
    assert "RuntimeError: out of luck" in first.stdout
    again = run("sweep", "tiny.yaml", *INLINE)
    assert again.exit_code == 0
    assert "trials: 1 finished, 3 recorded already, 0 failed" in again.stdout
    assert len(numbers(folder / "studies" / "tiny")) == 4


def test_trial_tells_all_and_records_nothing(folder: Path) -> None:
    """One trial is shown with its configuration, its epochs and its numbers, and leaves nothing behind."""
    before = files(folder)
    trial = json.loads(run("plan", "tiny.yaml", "--trials", "--json").stdout)["listed"][0]
    result = run("trial", "tiny.yaml", trial["trial_id"][:6])
    assert result.exit_code == 0
    assert '"model": "ann"' in result.stdout
    assert len(re.findall(r"epoch +1  loss \d\.\d{4}", result.stdout)) == 4
    assert f"Trial {trial['trial_id']}" in result.stdout
    assert files(folder) == before


def test_trial_that_fails_shows_its_traceback() -> None:
    """A single trial that diverges ends with exit status 1 and the evidence."""
    words = ("tiny.yaml", "--set", "recipe.learning_rate=1e6")
    trial = json.loads(run("plan", *words, "--trials", "--json").stdout)["listed"][0]
    result = run("trial", *words[:1], trial["trial_id"], *words[1:])
    assert result.exit_code == 1
    assert "DivergedError: network 1 of 4: the mean training loss of the last epoch must be at most" in result.stderr


def test_front_makes_the_outputs_again(study: Path) -> None:
    """Everything but the record can be deleted, and comes back as it was."""
    table = (study / "results.csv").read_bytes()
    (study / "results.csv").unlink()
    shutil.rmtree(study / "fronts")
    result = run("front", study)
    assert result.exit_code == 0
    assert "iris, protocol paper: Pareto front" in result.stdout
    assert (study / "results.csv").read_bytes() == table
    assert {path.name for path in load_study(study).outputs.fronts.glob("[!.]*")} == {"iris.png", "iris.html"}


@pytest.fixture
def data(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data directory with nothing in it, and no network."""

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise URLError("no network here")

    monkeypatch.setattr(urllib.request, "urlopen", refuse)
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", "/elsewhere")  # so that it is put back after --data-dir
    return folder / "data"


def test_datasets_are_listed(data: Path) -> None:
    """Every dataset that has a name is listed with its size, and how to get the missing ones and bring one's own."""
    result = run("data", "--data-dir", data)
    assert [line.split()[:2] for line in result.stdout.splitlines() if "scikit-learn" in line] == [
        ["iris", "120"],
        ["breast_cancer", "455"],
        ["digits", "1437"],
    ]
    assert tuple(re.findall(r"^(\w+) .* not fetched *$", result.stdout, re.M)) == get_args(ImageName)
    assert f"Data directory: {data}; what is not there: privsearch data fetch NAME..." in result.stdout
    assert "{name: mine, path: mine.csv, label: column}" in result.stdout


def test_fetching_without_a_network_is_one_line(data: Path) -> None:
    """No traceback, no waiting: exit status 2 and what else can be done."""
    result = run("data", "fetch", "cifar10", "--data-dir", data)
    assert result.exit_code == 2
    assert len(result.stderr.splitlines()) == 1
    assert result.stderr.startswith(
        f"error: cifar10: its files must be downloaded to {data}/cifar-10-batches-py, but: "
    )
    assert "no network here" in result.stderr


def test_a_dataset_that_is_not_there_stops_a_sweep_before_it_starts(data: Path, folder: Path) -> None:
    """All missing datasets are named, with the command that brings them; no study is begun, nothing trained."""
    before = files(folder)
    needs = ("tiny.yaml", "--set", "datasets=[iris, mnist, cifar10]", "--data-dir", data)
    for result in (run("sweep", *needs, *INLINE), run("trial", *needs, mnist_trial(needs))):
        assert result.exit_code == 2
        assert result.stdout == ""
        assert f"must be in {data}/MNIST/raw, but is not there" in result.stderr
        assert f"`privsearch data fetch mnist --data-dir {data}`" in result.stderr
        assert files(folder) == before


def mnist_trial(needs: tuple[object, ...]) -> str:
    """The id of a trial on MNIST, from a plan."""
    made = json.loads(run("plan", *needs, "--json", "--trials").stdout)
    return str(made["listed"][-5]["trial_id"])


def test_a_plan_needs_no_files(data: Path) -> None:
    """What the image datasets are is known beforehand; a note says what the sweep will need."""
    result = run("plan", "tiny.yaml", "--set", "datasets=[mnist]", "--data-dir", data, "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout)["trials"] == 4
    assert result.stderr.startswith("note: mnist: the file train-images-idx3-ubyte must be in ")
