from pathlib import Path
from typing import get_args

import pytest
from command_line import run

from privsearch.spec.datasets import ImageName


@pytest.fixture
def sweep(tmp_path: Path) -> Path:
    """A sweep of a folder of empty files."""
    for file in ("train/a,b/1.png", "train/c/x.png", "test/c/1.png"):
        (tmp_path / "scans" / file).parent.mkdir(parents=True)
        (tmp_path / "scans" / file).touch()
    entries = "[iris, {name: mine, path: scans/}]"
    (tmp_path / "sweep.yaml").write_text(f"name: s\ndatasets: {entries}\ngrids: {{g: {{model: [ann]}}}}\n")
    return tmp_path / "sweep.yaml"


def test_rows_of_a_folder_have_their_files(sweep: Path) -> None:
    """One line each, with which a row in any table is found."""
    done = run("data", "rows", sweep, "mine")
    assert (done.exit_code, done.stdout.splitlines()) == (
        0,
        [
            "split,row,class,file",
            'train,0,"a,b","train/a,b/1.png"',
            "train,1,c,train/c/x.png",
            "test,0,c,test/c/1.png",
        ],
    )


def test_rows_are_of_folders_alone(sweep: Path) -> None:
    """Another dataset has no files."""
    done = run("data", "rows", sweep, "iris")
    assert done.exit_code == 2
    assert "must be a folder of images, of which this sweep has mine, but got 'iris'" in done.stderr.replace("\n", " ")


def test_all_that_can_be_fetched_is_named() -> None:
    """The help lists every image dataset."""
    told = run("data", "fetch", "--help").stdout
    assert all(name in told for name in get_args(ImageName))


def test_a_file_whose_ending_tells_nothing_is_described_by_its_kind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the message says that refuses it."""
    monkeypatch.chdir(tmp_path)
    Path("table").write_text("a,y\n" + "".join(f"{k % 7},{k % 2}\n" for k in range(30)))
    refused = run("data", "describe", "table", "--label", "y")
    assert "say so with kind, such as kind: csv" in " ".join(refused.stderr.split())
    assert "kind: csv" in run("data", "describe", "table", "--label", "y", "--kind", "csv").stdout
