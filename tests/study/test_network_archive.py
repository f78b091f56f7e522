import io
import zipfile
from pathlib import Path

import pytest
import torch
from kept_networks import trained_trial

from privsearch import load_networks
from privsearch.errors import StudyError
from privsearch.spec import HalvesProtocol
from privsearch.study.network_archive import NetworkArchive, pack_networks, unpack_networks
from privsearch.study.result import Completed


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Completed, Path]:
    """A trial of one target and one shadow, and the file of its networks."""
    return trained_trial(tmp_path_factory.mktemp("kept"), model="ann")


def test_under_halves_every_network_is_both(tmp_path: Path) -> None:
    """Each is a target of its own, and a shadow of the others."""
    _, path = trained_trial(tmp_path, model="ann", protocol=HalvesProtocol(networks=4))
    assert [(n.role, n.replicate) for n in load_networks(path).networks] == [("both", k) for k in (1, 2, 3, 4)]
    assert len(repr(load_networks(path))) < 100, "the weights are not shown"
    assert "both 1, trained on" in repr(load_networks(path).networks[0])


def test_torch_alone_reads_a_state_dict(kept: tuple[Completed, Path]) -> None:
    """Without privsearch, and without executing anything: the names and shapes are those of the network."""
    content = torch.load(kept[1], weights_only=True)
    state = content["networks"][0]["state_dict"]
    assert {name: tuple(tensor.shape) for name, tensor in state.items()} == {
        "0.affine.weight": (1000, 4),
        "0.affine.bias": (1000,),
        "1.affine.weight": (3, 1000),
        "1.affine.bias": (3,),
    }


def test_networks_go_to_any_file_system(kept: tuple[Completed, Path], tmp_path: Path) -> None:
    """And come back whole."""
    archive = NetworkArchive(f"memory:/{tmp_path}/networks")
    archive.save("t", load_networks(kept[1]))
    assert archive.trial_ids() == {"t"}
    assert archive.damaged() == {}
    assert archive.read("other") is None
    content = archive.read("t")
    assert content is not None
    assert unpack_networks(content).trial_id == kept[0].trial_id


def test_too_much_is_not_kept(kept: tuple[Completed, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What would be refused when it is read is not written."""
    monkeypatch.setattr("privsearch.study.network_archive.MAX_BYTES", 1000)
    with pytest.raises(StudyError, match=r"the networks of t must have at most 1,000 bytes, .* have .*keep_networks"):
        NetworkArchive(tmp_path / "networks").save("t", load_networks(kept[1]))
    assert not (tmp_path / "networks").exists()


def packed(content: bytes) -> bytes:
    """The same archive, compressed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return file.getvalue()


def test_damage_is_found(kept: tuple[Completed, Path], tmp_path: Path) -> None:
    """A flipped bit of a weight, which torch would load, a torn file, and one that is compressed."""
    whole, archive = kept[1].read_bytes(), NetworkArchive(tmp_path)
    middle = len(whole) // 2
    flipped = whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]
    for name, content in {"a": flipped, "b": whole[:-200], "c": packed(whole), "d": b"", "e": whole}.items():
        (tmp_path / f"{name}.pt").write_bytes(content)
    damaged = archive.damaged()
    assert sorted(damaged) == ["a", "b", "c", "d"]
    assert "Bad CRC-32" in damaged["a"]
    assert "compressed" in damaged["c"]


def test_what_is_packed_is_unpacked(kept: tuple[Completed, Path]) -> None:
    """To the same bytes again."""
    content = kept[1].read_bytes()
    assert pack_networks(unpack_networks(content)) == content
