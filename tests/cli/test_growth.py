"""Studies that grow by training only what is new, seen from the command line."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest
from command_line import INLINE, numbers, record_lines, run
from versions import OtherVersions

import privsearch.sweep.cohort
import privsearch.sweep.runners.inline
from privsearch.api.study import Study
from privsearch.study.environment import present_environment
from privsearch.study.kept import is_network_id
from privsearch.study.network_archive import NetworkArchive
from privsearch.study.result import Completed, parse_result
from privsearch.study.signal_archive import SignalArchive

pytestmark = pytest.mark.usefixtures("blank_fronts")

PAPER: Final = "protocol={kind: paper, replicates: %d, placebo_cuts: 2}"
HALVES: Final = "protocol={kind: halves, networks: %d}"
ATTACKS: Final = ("--set", "attacks=[svm, loss]", "--set", "grids.precision.act_bit_width=[null]")


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The indices of the networks that are trained from now on."""
    heard: list[int] = []
    train = privsearch.sweep.cohort.train_cohort

    def watching(*args: Any, only: Any, **options: Any) -> Any:
        heard.extend(only)
        return train(*args, only=only, **options)

    monkeypatch.setattr(privsearch.sweep.cohort, "train_cohort", watching)
    return heard


def sweep(file: Path, study: Path, protocol: str, *more: object) -> str:
    """Run a sweep of an ANN and an SNN under a protocol; return what it printed."""
    result = run("sweep", file, "--study", study, *INLINE, "--set", protocol, *ATTACKS, *more)
    assert result.exit_code == 0, result.output
    return result.output


def planned(file: Path, study: Path, protocol: str, *more: object) -> dict[str, Any]:
    """Plan it."""
    result = run("plan", file, "--study", study, "--json", "--no-probe", "--set", protocol, *ATTACKS, *more)
    assert result.exit_code == 0, result.output
    summary: dict[str, Any] = json.loads(result.stdout)
    return summary


@pytest.mark.parametrize(("protocol", "counts", "networks"), [(PAPER, (1, 2), 2), (HALVES, (4, 6), 1)])
def test_a_study_grows_by_its_new_networks_alone(  # three of them are the cases
    protocol: str, counts: tuple[int, int], networks: int, tiny_sweep_file: Path, tmp_path: Path, trained: list[int]
) -> None:
    """The plan says so before, and every number is that of a study which was as large from the beginning."""
    grown, whole = tmp_path / "grown", tmp_path / "whole"
    few, many = (protocol % count for count in counts)
    sweep(tiny_sweep_file, grown, few)
    first, new = range(counts[0] * networks), range(counts[0] * networks, counts[1] * networks)
    assert trained == [*first] * 2
    plan = planned(tiny_sweep_file, grown, many)
    assert plan["to_do"] == 2
    assert (plan["networks_to_train"], plan["networks_kept_already"]) == (2 * len(new), 2 * len(first))
    trained.clear()
    sweep(tiny_sweep_file, grown, many)
    assert trained == [*new] * 2
    sweep(tiny_sweep_file, whole, many)
    assert numbers(grown) == numbers(whole) | {k: v for k, v in numbers(grown).items() if k not in numbers(whole)}
    assert planned(tiny_sweep_file, grown, few)["to_do"] == 0


def test_a_grown_study_is_whole(tiny_sweep_file: Path, tmp_path: Path, trained: list[int]) -> None:
    """It is checked, attacked, and its networks are exported, although they are in several trials' files."""
    study = tmp_path / "grown"
    for networks in (4, 6):
        sweep(tiny_sweep_file, study, HALVES % networks, "--keep-networks", "yes")
    trained.clear()
    assert run("check", study).exit_code == 0
    attacked = run("attack", study, "--attack", "lira", *INLINE)
    assert attacked.exit_code == 0, attacked.output
    assert all(
        len(result.replicates) == 6 and any(name.startswith("lira") for name in result.across)
        for result in Study(study).load().results
        if isinstance(result, Completed)
    )
    trial_id = next(iter(Study(study).load().trials))
    exported = run("export", study, trial_id, "--to", tmp_path / "out")
    assert exported.exit_code == 0, exported.output
    assert "6 networks" in exported.output
    assert trained == []


def test_networks_are_taken_from_another_study(tiny_sweep_file: Path, tmp_path: Path, trained: list[int]) -> None:
    """What it has is not trained again; afterwards the study needs the other one no longer."""
    other, study, alone = (tmp_path / name for name in ("other", "study", "alone"))
    sweep(tiny_sweep_file, other, HALVES % 4)
    trained.clear()
    plan = planned(tiny_sweep_file, study, HALVES % 6, "--from", other)
    assert (plan["networks_to_train"], plan["networks_from_other_studies"]) == (4, 8)
    output = sweep(tiny_sweep_file, study, HALVES % 6, "--from", other)
    assert trained == [4, 5] * 2
    assert "networks taken from other studies, and not trained again: 8" in output
    for path in other.rglob("*"):
        path.unlink() if path.is_file() else None
    sweep(tiny_sweep_file, alone, HALVES % 6)
    trained.clear()
    assert run("attack", study, "--attack", "lira", *INLINE).exit_code == 0
    assert run("attack", alone, "--attack", "lira", *INLINE).exit_code == 0
    assert numbers(study) == numbers(alone)
    assert trained == []


def test_signals_that_are_not_to_be_kept_leave_no_files(tiny_sweep_file: Path, tmp_path: Path) -> None:
    """Such a study cannot grow: its plan trains every network."""
    study = tmp_path / "s"
    sweep(tiny_sweep_file, study, HALVES % 4, "--keep-signals", "no")
    assert [path.name for path in (study / "signals").glob("*")] == []
    plan = planned(tiny_sweep_file, study, HALVES % 6)
    assert (plan["networks_to_train"], plan["networks_kept_already"]) == (12, 0)


def test_not_keeping_signals_removes_none_that_were_kept(
    tiny_sweep_file: Path, tmp_path: Path, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of the run alone go, and the trial that has the others is attacked without training, as before."""
    monkeypatch.setattr(privsearch.sweep.runners.inline, "MOST_SECONDS", 0.0)  # each network in a file of its own
    study = tmp_path / "s"
    sweep(tiny_sweep_file, study, HALVES % 4)
    kept = {path.name for path in (study / "signals").glob("*")}
    assert sum(name.endswith(".npz") for name in kept) == 8
    sweep(tiny_sweep_file, study, HALVES % 6, "--keep-signals", "no")
    assert {path.name for path in (study / "signals").glob("*")} == kept
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 4, "--set", "attacks=[svm, loss, entropy]")
    assert trained == []


def test_weights_that_cannot_be_kept_are_told_of_however_a_trial_is_split(
    tiny_sweep_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be kept, where and why; the numbers are there all the same."""
    monkeypatch.setattr(NetworkArchive, "probe", lambda archive: None)  # as if the disk had become full since
    kept, told = tmp_path / "kept" / "tiny", []
    for longest in (privsearch.sweep.runners.inline.MOST_SECONDS, 0.0):
        monkeypatch.setattr(privsearch.sweep.runners.inline, "MOST_SECONDS", longest)
        kept.mkdir(parents=True)
        (kept / "networks").write_text("in the way")
        study = tmp_path / f"longest {longest}"
        output = sweep(tiny_sweep_file, study, HALVES % 4, "--keep-networks", "yes", "--storage", kept.parent)
        told.append([line for line in output.splitlines() if line.startswith("the networks of")])
        kept.rename(tmp_path / f"kept {longest}")
    assert told[0] == told[1]
    assert told[0] == [
        "the networks of 2 trials could not be kept, so that only `export --train` can give them: "
        f"{kept / 'networks'}: what is kept must lie where files can be written and read, but: Not a directory; "
        "mend that, or name another place with --storage"
    ]


def test_a_study_grows_although_all_its_trials_failed(tiny_sweep_file: Path, tmp_path: Path) -> None:
    """The larger trials are those of the same sweep; one of other configurations is refused, as ever."""
    study = tmp_path / "s"
    failing = (
        "--set",
        "recipe={epochs: 2, batch_size: 8, optimizer: sgd, learning_rate: 1e6}",
        "--set",
        "grids.precision.model=[ann]",
    )
    run("sweep", tiny_sweep_file, "--study", study, *INLINE, "--set", HALVES % 4, *ATTACKS, *failing)
    assert {json.loads(line)["status"] for line in record_lines(study)} == {"failed"}
    assert planned(tiny_sweep_file, study, HALVES % 6, *failing)["networks_to_train"] == 6
    refused = run("plan", tiny_sweep_file, "--study", study, "--set", HALVES % 6, *ATTACKS)
    assert refused.exit_code != 0
    assert "shares none with this one" in refused.output


@pytest.mark.parametrize("was_split", [False, True])
def test_what_was_trained_again_in_parts_counts(
    was_split: bool,
    tiny_sweep_file: Path,
    tmp_path: Path,
    trained: list[int],
    monkeypatch: pytest.MonkeyPatch,
    other_versions: OtherVersions,
) -> None:
    """Each part trains its networks under the present versions, and later attacks are on these, not on the old file."""
    study = tmp_path / "s"
    monkeypatch.setattr(privsearch.sweep.runners.inline, "MOST_SECONDS", 0.0 if was_split else 60.0)
    sweep(tiny_sweep_file, study, HALVES % 4)
    other_versions(torch="9.9")
    monkeypatch.setattr(privsearch.sweep.runners.inline, "MOST_SECONDS", 0.0)
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 4, "--reuse", "same-versions")
    assert trained == [0, 1, 2, 3] * 2
    signals = Study(study).signals
    in_parts = [signals.load(name) for name in signals.trial_ids() if is_network_id(name)]
    assert {cohort.environments for cohort in in_parts if cohort} == {(present_environment(),)}
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 4, "--set", "attacks=[svm, loss, entropy]")
    assert run("attack", study, "--attack", "confidence", *INLINE).exit_code == 0
    assert trained == []
    results = Study(study).record().results.values()
    assert {r.environments for r in results if isinstance(r, Completed)} == {(present_environment(),)}
    assert all(r.across.keys() >= {"loss", "entropy", "confidence"} for r in results if isinstance(r, Completed))


@pytest.mark.parametrize(
    "lose",
    [
        pytest.param(Path.unlink, id="missing"),
        pytest.param(lambda path: path.write_bytes(b"damaged"), id="damaged, which the plan takes for kept"),
    ],
)
def test_attacks_on_networks_of_two_trainings_are_never_joined(
    tiny_sweep_file: Path,
    lose: Callable[[Path], object],
    tmp_path: Path,
    trained: list[int],
    other_versions: OtherVersions,
) -> None:
    """Where some networks of a trial are trained again, the recorded attacks are run again as well."""
    study = tmp_path / "s"
    for networks in (4, 6):
        sweep(tiny_sweep_file, study, HALVES % networks)
    for trial_id in Study(study).load().trials:  # those that are asked for: the larger ones
        lose(study / "signals" / f"{trial_id}.npz")
    other_versions(torch="9.9")
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 6, "--set", "attacks=[entropy]")
    assert trained == [4, 5] * 2
    latest = [parse_result(line) for line in record_lines(study)[-2:]]
    assert all(r.across.keys() >= {"entropy", "loss"} for r in latest if isinstance(r, Completed))


def test_networks_of_other_versions_are_planned_to_be_trained(
    tiny_sweep_file: Path, tmp_path: Path, trained: list[int], other_versions: OtherVersions
) -> None:
    """So that they are split, and counted; the same holds for networks whose file is damaged."""
    study = tmp_path / "s"
    sweep(tiny_sweep_file, study, HALVES % 4)
    again = ("--reuse", "same-versions")
    assert planned(tiny_sweep_file, study, HALVES % 6, *again)["networks_to_train"] == 4
    damaged = min((study / "signals").iterdir())
    whole = damaged.read_bytes()
    damaged.write_bytes(b"damaged")
    assert planned(tiny_sweep_file, study, HALVES % 6, *again)["networks_to_train"] == 8
    damaged.write_bytes(whole)
    other_versions(torch="9.9")
    assert planned(tiny_sweep_file, study, HALVES % 6)["networks_to_train"] == 4
    assert planned(tiny_sweep_file, study, HALVES % 6, *again)["networks_to_train"] == 12
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 6, *again)
    assert trained == [*range(6)] * 2


@pytest.mark.parametrize("is_shared", [False, True])
def test_files_that_cannot_be_of_their_trial_are_set_aside(
    is_shared: bool, tiny_sweep_file: Path, tmp_path: Path, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is as a privsearch writes it, but of other examples: told, and trained again, with the same numbers."""
    study, whole = tmp_path / "s", tmp_path / "whole"
    if not is_shared:
        monkeypatch.setattr(privsearch.sweep.runners.inline, "MOST_SECONDS", 0.0)  # each network in a file of its own
    sweep(tiny_sweep_file, study, HALVES % 4)
    archive = SignalArchive(study / "signals")
    names = sorted(archive.trial_ids())
    for name in names[: 1 if is_shared else 2]:
        cohort = archive.load(name)
        assert cohort is not None
        archive.save(name, replace(cohort, signals=replace(cohort.signals, rows=cohort.signals.rows[::-1])))
    trained.clear()
    output = sweep(tiny_sweep_file, study, HALVES % 6)
    files = "1 file" if is_shared else "2 files"
    assert f"signals in {files} cannot be of their trial; set aside, and trained again: {archive.folder}" in output
    assert sorted(path.name for path in (study / "signals" / "damaged").iterdir()) == [
        f"{name}.npz" for name in names[: 1 if is_shared else 2]
    ]
    sweep(tiny_sweep_file, whole, HALVES % 6)
    assert numbers(study).items() >= numbers(whole).items()
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 8)
    assert trained == [6, 7] * 2


def test_a_damaged_file_costs_its_own_networks(tiny_sweep_file: Path, tmp_path: Path, trained: list[int]) -> None:
    """What another trial trained is trained again if its file is damaged, with the same numbers."""
    study = tmp_path / "s"
    sweep(tiny_sweep_file, study, HALVES % 4)
    for path in (study / "signals").glob("*.npz"):
        path.write_bytes(path.read_bytes()[:-100])
    trained.clear()
    sweep(tiny_sweep_file, study, HALVES % 6)
    assert trained == [*range(6)] * 2
    sweep(tiny_sweep_file, tmp_path / "sound", HALVES % 6)
    found, expected = numbers(study), numbers(tmp_path / "sound")
    assert {trial_id: found[trial_id] for trial_id in expected} == expected
    assert len(record_lines(study)) == 4


def as_written_before_keys(study: Path) -> None:
    """Take the keys of networks out of a study's signals and record, as an earlier version wrote neither."""
    signals = Study(study).signals
    for name in signals.trial_ids():
        cohort = signals.load(name)
        assert cohort is not None
        signals.save(name, replace(cohort, trainings=tuple(replace(t, network_id="") for t in cohort.trainings)))
    record = study / "trials.jsonl"
    lines = [json.loads(line) for line in record_lines(study)]
    left = [{name: v for name, v in line.items() if name not in ("networks", "held")} for line in lines]
    record.write_text("".join(f"{json.dumps(line)}\n" for line in left))


def test_a_study_of_an_earlier_version_takes_one_attack_after_another(
    tiny_sweep_file: Path, tmp_path: Path, trained: list[int]
) -> None:
    """Its signals have no keys, and stay its signals, whether a sweep or `attack` has run the attack before."""
    study = tmp_path / "s"
    sweep(tiny_sweep_file, study, PAPER % 2)
    as_written_before_keys(study)
    trained.clear()
    more = ("--set", "attacks=[svm, loss, entropy]")
    sweep(tiny_sweep_file, study, PAPER % 2, *more)
    plan = planned(tiny_sweep_file, study, PAPER % 2, "--set", "attacks=[svm, loss, entropy, confidence]")
    assert (plan["to_do"], plan["to_attack_only"], plan["networks_to_train"]) == (2, 2, 0)
    attacked = run("attack", study, "--attack", "confidence", *INLINE)
    assert attacked.exit_code == 0, attacked.output
    assert trained == []
