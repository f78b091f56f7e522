import io
import os
import time
import zipfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from foreign_outputs import simulate
from s3_server import S3Server

from privsearch._util.interval import Interval
from privsearch.errors import StudyError
from privsearch.spec.storage import folder_in
from privsearch.study.blind import BlindSignals, InputsBaseline
from privsearch.study.cohort import Cohort, Training, are_parts
from privsearch.study.result import Epoch, TrainedNetwork
from privsearch.study.signal_archive import SignalArchive
from privsearch.study.signals import Signals
from privsearch.study.storage import open_folder
from privsearch.study.trial_files import STALE_SECONDS


def cohort(seed: int = 0) -> Cohort:
    """Two spiking networks' outputs on five examples."""
    rng = np.random.default_rng(seed)
    outputs = {
        (readout, queries): rng.normal(size=(2, views, 5, 3)).astype(np.float32)
        for readout in ("final_mem", "spike_counts", "mean_mem")
        for queries, views in (("plain", 1), ("augmented", 4))
    }
    network = TrainedNetwork(train_accuracy=0.9, test_accuracy=0.8, history=(Epoch(loss=0.5, accuracy=0.7),))
    signals = Signals(outputs, rng.random((2, 5)) < 0.5, np.arange(5) % 3, np.arange(5) + 10, 4)  # type: ignore[arg-type]
    trained = [Training(f"n{0:016x}-{k}", "privsearch 0.1.0, torch 2.11.0 on a processor", 1.5) for k in range(2)]
    return Cohort(signals, (network, network), tuple(trained))


def blind_cohort() -> Cohort:
    """The same with what blind baselines are computed from: what the networks gave before their training."""
    trained = cohort()
    untrained = replace(trained.signals, outputs=cohort(1).signals.outputs)
    inputs = InputsBaseline(auc=Interval(0.5, 0.4, 0.6), num_members=10, num_non_members=5)
    return replace(trained, blind=BlindSignals(inputs, untrained))


def same(one: Cohort, other: Cohort) -> bool:
    """Whether two cohorts are equal to the bit."""
    arrays = [
        {**c.signals.outputs, **{n: getattr(c.signals, n) for n in ("is_member", "labels", "rows")}}
        for c in (one, other)
    ]
    rest = [(c.networks, c.trainings, c.signals.num_train, c.signals.logits_from) for c in (one, other)]
    return (
        rest[0] == rest[1]
        and arrays[0].keys() == arrays[1].keys()
        and all(a.dtype == arrays[1][k].dtype and np.array_equal(a, arrays[1][k]) for k, a in arrays[0].items())
    )


@pytest.fixture(params=["local", "memory", "s3"])
def archive(request: pytest.FixtureRequest, tmp_path: Path) -> SignalArchive:
    """An archive that is not there yet: on a disk, on a file system of fsspec, on a server that speaks S3."""
    match request.param:
        case "local":
            return SignalArchive(tmp_path / "signals")
        case "memory":
            return SignalArchive(f"memory:/{tmp_path}/signals")
        case _:
            return SignalArchive(folder_in(request.getfixturevalue("s3").new_bucket(), "signals"))


def test_what_is_kept_comes_back_to_the_bit(archive: SignalArchive) -> None:
    """Outputs of every kind, membership, labels, rows, the split, how well the networks learnt, and under what."""
    archive.save("t", cohort())
    back = archive.load("t")
    assert back is not None
    assert same(back, cohort())


def test_who_is_a_member_as_a_whole_comes_back(archive: SignalArchive) -> None:
    """Persons, where there are any; networks that were asked about other persons are no parts of one trial."""
    kept = cohort()
    with_units = replace(kept, signals=replace(kept.signals, units=np.array([0, 1, 0, 2, 2])))
    archive.save("t", with_units)
    back = archive.load("t")
    assert back is not None
    assert back.signals.units is not None
    assert back.signals.units.tolist() == [0, 1, 0, 2, 2]
    assert are_parts([with_units, back])
    assert not are_parts([with_units, kept])
    archive.save("t", kept)
    again = archive.load("t")
    assert again is not None
    assert again.signals.units is None


def test_which_outputs_are_the_logits_comes_back(archive: SignalArchive) -> None:
    """A file says so where they are not the last membranes, and only there; networks of both are of no one trial."""
    trained, untrained = cohort(), blind_cohort().blind
    assert untrained is not None
    of_mean = replace(
        trained,
        signals=replace(trained.signals, logits_from="mean_mem"),
        blind=replace(untrained, untrained=replace(untrained.untrained, logits_from="mean_mem")),
    )
    archive.save("mean", of_mean)
    archive.save("final", trained)
    back = archive.load("mean")
    assert back is not None
    assert back.blind is not None
    assert same(back, of_mean)
    assert back.blind.untrained.logits_from == "mean_mem"
    assert not are_parts([replace(of_mean, blind=None), trained])
    folder = open_folder(archive.folder)
    contents = {name: folder.read(f"{name}.npz") for name in ("mean", "final")}
    names = {name: zipfile.ZipFile(io.BytesIO(content or b"")).namelist() for name, content in contents.items()}
    assert ("logits_from.npy" in names["mean"], "logits_from.npy" in names["final"]) == (True, False)


@pytest.mark.parametrize("claimed", ["mem_trajectory", "mean_mem", "logits", "nothing"])
def test_logits_that_a_file_does_not_have_are_damage(tmp_path: Path, claimed: str) -> None:
    """Such as a stranger may claim."""
    archive, whole = SignalArchive(tmp_path), cohort()
    of_one = {key: array for key, array in whole.signals.outputs.items() if key[0] == "final_mem"}
    archive.save("t", replace(whole, signals=replace(whole.signals, outputs=of_one)))
    assert archive.load("t") is not None
    with np.load(tmp_path / "t.npz") as file:
        arrays = dict(file)
    np.savez(tmp_path / "t.npz", **{**arrays, "logits_from": np.array(claimed)})  # type: ignore[arg-type]
    assert archive.load("t") is None


def test_what_blind_baselines_need_comes_back_to_the_bit(archive: SignalArchive) -> None:
    """The outputs of the untrained networks, and what the inputs alone tell, be it nothing."""
    for inputs in (blind_cohort().blind.inputs, None):  # type: ignore[union-attr]
        kept = blind_cohort()
        assert kept.blind is not None
        kept = replace(kept, blind=replace(kept.blind, inputs=inputs))
        archive.save("t", kept)
        back = archive.load("t")
        assert back is not None
        assert back.blind is not None
        assert kept.blind is not None
        assert back.blind.inputs == inputs
        assert same(back, kept)
        assert same(replace(back, signals=back.blind.untrained), replace(kept, signals=kept.blind.untrained))


def test_another_process_reads_what_one_wrote(s3: S3Server) -> None:
    """An archive can be sent there after it was used here, and is opened anew."""
    archive = SignalArchive(folder_in(s3.new_bucket(), "signals"))
    archive.save("t", cohort())
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as others:
        back = others.submit(archive.load, "t").result(timeout=60)
    assert back is not None
    assert same(back, cohort())


def test_damaged_files_are_found_and_set_aside(archive: SignalArchive) -> None:
    """With the reason; then they are out of the way, and what is whole stays."""
    for trial_id in ("cut", "empty", "whole"):
        archive.save(trial_id, cohort())
    folder = open_folder(archive.folder)
    content = folder.read("cut.npz")
    assert content is not None
    folder.write("cut.npz", content[:-100])
    folder.write("empty.npz", b"")
    assert archive.damaged() == dict.fromkeys(["cut", "empty"], "File is not a zip file")
    assert archive.load("cut") is None
    assert "/damaged/cut.npz" in archive.set_aside("cut")
    assert archive.trial_ids() == {"empty", "whole"}


def test_only_stale_leftovers_are_removed(tmp_path: Path) -> None:
    """What another process may still be writing to stays."""
    archive = SignalArchive(tmp_path)
    archive.save("t", cohort())
    for name in (".t.npz.1.part", ".t.npz.2.part"):
        (tmp_path / name).touch()
    long_ago = time.time() - 2 * STALE_SECONDS
    for name in (".t.npz.1.part", "t.npz"):
        os.utime(tmp_path / name, (long_ago, long_ago))
    assert archive.trial_ids() == {"t"}
    assert archive.remove_leftovers() == [".t.npz.1.part"]
    assert {path.name for path in tmp_path.iterdir()} == {".t.npz.2.part", "t.npz"}


def test_what_was_not_kept_is_not_there(tmp_path: Path) -> None:
    """Asking makes no folder."""
    archive = SignalArchive(tmp_path / "signals")
    assert archive.trial_ids() == set()
    assert archive.load("t") is None
    assert not archive.folder.exists()


@pytest.mark.parametrize("damage", ["half", "empty", "text", "pickle", "flipped", "hidden"])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, damage: str) -> None:
    """Truncated, emptied, overwritten, altered, or with an object in it that must be executed to be read."""
    archive = SignalArchive(tmp_path)
    archive.save("t", cohort())
    path = tmp_path / "t.npz"
    if damage == "flipped":
        content = bytearray(path.read_bytes())
        for offset in range(0, len(content), 13):
            path.write_bytes(content[:offset] + bytes([content[offset] ^ 255]) + content[offset + 1 :])
            loaded = archive.load("t")  # None, or what was kept where the byte does not matter
            assert loaded is None or same(loaded, cohort())
        return
    if damage == "hidden":
        content = bytearray(path.read_bytes())
        last_but_one = content.rindex(b"PK\x01\x02", 0, content.rindex(b"PK\x01\x02"))
        content[last_but_one + 32] = 46 + len("environment.npy")
        path.write_bytes(content)
        with zipfile.ZipFile(path) as file:
            assert "environment.npy" not in file.namelist(), "an array has become the comment of another"
    elif damage == "pickle":
        np.savez(path, **{"final_mem.plain": np.array([object()], dtype=object)})
    else:
        content = path.read_bytes()
        path.write_bytes({"half": content[: len(content) // 2], "empty": b"", "text": b"no signals"}[damage])
    assert archive.trial_ids() == {"t"}
    assert archive.load("t") is None


OUTPUTS = "final_mem.plain"
DAMAGES: dict[str, dict[str, object]] = {
    "a network too few": {"networks": "[]"},
    "another environment": {"trainings": '[{"environment": "=HYPERLINK(1)"}, {}]'},
    "another network's key": {"trainings": '[{"network_id": "../x"}, {}]'},
    "a training too few": {"trainings": "[{}]"},
    "other networks": {OUTPUTS: np.zeros((3, 1, 5, 3), np.float32)},
    "outputs without views": {OUTPUTS: np.zeros((2, 5, 3), np.float32)},
    "other classes": {OUTPUTS: np.zeros((2, 1, 5, 4), np.float32)},
    "outputs that are one number": {OUTPUTS: np.float32(0)},
    "outputs of no view": {OUTPUTS: np.zeros((2, 0, 5, 3), np.float32)},
    "text": {OUTPUTS: np.zeros((2, 1, 5, 3), "U1")},
    "no number": {OUTPUTS: np.full((2, 1, 5, 3), np.nan, np.float32)},
    "numbers of members": {"is_member": np.zeros((2, 5))},
    "members without networks": {"is_member": np.zeros(5, bool)},
    "members of others": {"is_member": np.zeros((2, 4), bool)},
    "labels of others": {"labels": np.zeros(4, int)},
    "a class too many": {"labels": np.full(5, 3)},
    "a class too few": {"labels": np.full(5, -1)},
    "rows of others": {"rows": np.zeros(6, int)},
    "a split of others": {"num_train": 6},
    "several splits": {"num_train": np.zeros(2, int)},
}


BLIND_DAMAGES: dict[str, dict[str, object]] = {
    "other networks": {f"untrained.{OUTPUTS}": np.zeros((3, 1, 5, 3), np.float32)},
    "other classes": {f"untrained.{OUTPUTS}": np.zeros((2, 1, 5, 4), np.float32)},
    "no number": {f"untrained.{OUTPUTS}": np.full((2, 1, 5, 3), np.nan, np.float32)},
    "no baseline": {"inputs": "{}"},
}


@pytest.mark.parametrize("damage", BLIND_DAMAGES)
def test_arrays_that_are_no_untrained_networks_of_the_cohort_are_damage(tmp_path: Path, damage: str) -> None:
    """Or a baseline that lacks its numbers."""
    archive, path = SignalArchive(tmp_path), tmp_path / "t.npz"
    archive.save("t", blind_cohort())
    with np.load(path) as arrays:
        whole = dict(arrays)
    np.savez(path, **whole | BLIND_DAMAGES[damage])  # type: ignore[arg-type]
    assert list(archive.damaged()) == ["t"]
    assert archive.load("t") is None


@pytest.mark.parametrize("damage", DAMAGES)
def test_arrays_that_are_no_cohort_are_damage(tmp_path: Path, damage: str) -> None:
    """Whoever wrote them: an attack on them would end in whatever numpy makes of them, or in numbers."""
    archive, path = SignalArchive(tmp_path), tmp_path / "t.npz"
    archive.save("t", cohort())
    with np.load(path) as arrays:
        whole = dict(arrays)
    np.savez(path, **whole | DAMAGES[damage])  # type: ignore[arg-type]
    assert list(archive.damaged()) == ["t"]
    assert archive.load("t") is None
    np.savez(path, **whole)
    assert archive.load("t") is not None


def test_what_could_not_be_read_back_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Signals beyond the bound would count as damaged, and be trained again and again."""
    archive, whole = SignalArchive(tmp_path / "signals"), cohort()
    archive.save("t", whole)
    with zipfile.ZipFile(tmp_path / "signals" / "t.npz") as file:
        size = sum(member.file_size for member in file.infolist())
    monkeypatch.setattr("privsearch._util.npz.MAX_BYTES", size - 1)
    with pytest.raises(
        StudyError, match=rf"signals of t must .* at most {size - 1:,} bytes, but would to {size:,}; ask"
    ):
        archive.save("t", whole)
    monkeypatch.setattr("privsearch._util.npz.MAX_BYTES", size)
    archive.save("t", whole)
    assert archive.load("t") is not None


def test_saving_leaves_nothing_else_behind(tmp_path: Path) -> None:
    """One file for a trial, also when it is kept twice."""
    archive = SignalArchive(tmp_path)
    archive.save("t", cohort(0))
    archive.save("t", cohort(1))
    assert [path.name for path in tmp_path.iterdir()] == ["t.npz"]


def test_subgroups_are_kept_with_the_signals(tmp_path: Path) -> None:
    """With their names, and -1 where an example is in none; two cohorts of other subgroups are not joined."""
    groups = np.array(["a", "", "b", "a"] * 10)
    one = simulate(np.arange(40)[None] % 2 == 0, groups=groups).trial(["loss"]).cohort
    SignalArchive(tmp_path).save("one", one)
    loaded = SignalArchive(tmp_path).load("one")
    assert loaded is not None
    assert loaded.signals.group_names == ("a", "b")
    assert loaded.signals.groups is not None
    assert loaded.signals.groups[:4].tolist() == [0, -1, 1, 0]
    assert are_parts([one, loaded])
    assert not are_parts([one, simulate(np.arange(40)[None] % 2 == 0).trial(["loss"]).cohort])
