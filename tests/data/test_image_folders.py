import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from privsearch.data import describe_dataset, image_folders, load_dataset
from privsearch.data.image_folders import image_rows
from privsearch.data.splits import load_splits
from privsearch.errors import DataError, SpecError
from privsearch.spec import FolderDataset
from privsearch.spec.sweep_file import read_sweep

RNG = np.random.default_rng(0)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two classes of five images, and a data directory of their own."""
    monkeypatch.setenv("PRIVSEARCH_DATA_DIR", str(tmp_path / "cache"))
    fill(tmp_path / "scans", {"ill": 5, "healthy": 5})
    return tmp_path / "scans"


def fill(folder: Path, classes: dict[str, int]) -> None:
    """Write random images."""
    for name, count in classes.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        for number in range(count):
            Image.fromarray(RNG.integers(256, size=(8, 7)).astype(np.uint8)).save(folder / name / f"{number}.png")


def of(folder: Path, **fields: Any) -> FolderDataset:
    """The dataset of a folder."""
    return FolderDataset(name="mine", path=str(folder), **fields)


def pixels(folder: Path, *files: str) -> list[np.ndarray]:
    """The images in files."""
    return [np.asarray(Image.open(folder / file)) for file in files]


def test_a_folder_is_images_and_classes(folder: Path) -> None:
    """In the order of names, 8 bits a pixel until they are used."""
    raw = load_dataset(of(folder))
    assert raw.class_names == ("healthy", "ill")
    assert raw.y.tolist() == [0] * 5 + [1] * 5
    np.testing.assert_array_equal(raw.x[[0, 6], 0], pixels(folder, "healthy/0.png", "ill/1.png"), strict=True)
    splits = load_splits(of(folder), seed=0, train_size=None, test_size=None)
    expected = raw.x[splits.rows[:8]].astype(np.float32) / 255
    np.testing.assert_array_equal(splits.inputs(splits.x_train).numpy(), expected)


def test_rows_have_names(folder: Path) -> None:
    """The row in any table leads to the file."""
    raw = load_dataset(of(folder))
    rows = image_rows(of(folder))
    assert [row[:3] for row in rows[4:6]] == [("all", 4, "healthy"), ("all", 5, "ill")]
    np.testing.assert_array_equal(raw.x[:, 0], pixels(folder, *(file for *_, file in rows)))


def test_splits_of_their_own(folder: Path, tmp_path: Path) -> None:
    """They stay, and their rows are counted by themselves."""
    fill(tmp_path / "both", {"train/a": 3, "train/b": 3, "test/b": 2})
    raw = load_dataset(of(tmp_path / "both"))
    assert raw.test_x is not None
    assert raw.test_y is not None
    np.testing.assert_array_equal(raw.test_x[:, 0], pixels(tmp_path / "both", "test/b/0.png", "test/b/1.png"))
    assert raw.test_y.tolist() == [1, 1]
    assert image_rows(of(tmp_path / "both"))[-1] == ("test", 1, "b", "test/b/1.png")


def test_the_same_images_elsewhere_are_the_same_data(folder: Path, tmp_path: Path) -> None:
    """Neither the place counts, nor the order in which the system names files."""
    (tmp_path / "copy" / "ill").mkdir(parents=True)
    (tmp_path / "copy" / "healthy").mkdir()
    for *_, file in reversed(image_rows(of(folder))):
        (tmp_path / "copy" / file).write_bytes((folder / file).read_bytes())
    assert describe_dataset(of(folder)).fingerprint == describe_dataset(of(tmp_path / "copy")).fingerprint


def test_any_change_of_a_file_is_noticed(folder: Path) -> None:
    """One that is changed, added or removed makes other data, in the same process too."""
    seen = [describe_dataset(of(folder)).fingerprint]
    Image.fromarray(np.zeros((8, 7), np.uint8)).save(folder / "ill" / "0.png")
    seen.append(describe_dataset(of(folder)).fingerprint)
    fill(folder, {"ill": 6})
    seen.append(describe_dataset(of(folder)).fingerprint)
    (folder / "ill" / "3.png").unlink()
    seen.append(describe_dataset(of(folder)).fingerprint)
    assert len(set(seen)) == 4


def test_images_are_decoded_once_and_shared(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever comes later maps the arrays; another size is another array."""
    reads = []
    read = image_folders.read_pictures
    monkeypatch.setattr(image_folders, "read_pictures", lambda *given: reads.append(given) or read(*given))
    first, second = load_dataset(of(folder)), load_dataset(of(folder))
    base: Any = second.x
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    assert isinstance(base, np.memmap)
    np.testing.assert_array_equal(first.x, second.x)
    assert load_dataset(of(folder, size=4)).x.shape == (10, 1, 4, 4)
    assert len(reads) == 2


def test_a_data_directory_that_cannot_be_written_costs_time_alone(folder: Path, tmp_path: Path) -> None:
    """The images are then decoded by whoever needs them."""
    (tmp_path / "cache").write_text("in the way")
    np.testing.assert_array_equal(load_dataset(of(folder)).x[:1, 0], pixels(folder, "healthy/0.png"))


def test_what_is_left_out_is_told(folder: Path) -> None:
    """A file that is no image by its ending."""
    (folder / "ill" / "notes.txt").touch()
    assert load_dataset(of(folder)).warnings == (
        "The file 'ill/notes.txt' is left out, for its ending is not of an image.",
    )


def test_three_equal_channels_are_told_and_reduced(folder: Path) -> None:
    """As for arrays, by the same field."""
    for *_, file in image_rows(of(folder)):
        Image.open(folder / file).convert("RGB").save(folder / file)
    raw = load_dataset(of(folder))
    assert (raw.input_shape, len(raw.warnings)) == ((3, 8, 7), 1)
    assert load_dataset(of(folder, colour="grey")).input_shape == (1, 8, 7)


def test_links_to_nothing_and_damaged_files(folder: Path) -> None:
    """Both are told by their names."""
    (folder / "ill" / "9.png").symlink_to(folder / "nowhere.png")
    with pytest.raises(DataError, match=r"but 'ill/9.png' is none, such as a link to nothing"):
        load_dataset(of(folder))
    (folder / "ill" / "9.png").unlink()
    os.truncate(folder / "ill" / "2.png", 40)
    with pytest.raises(DataError, match=r"ill/2.png: this must be a readable image"):
        load_dataset(of(folder))


@pytest.mark.parametrize("path", ["scans", "scans/", "./scans", "../x/scans"])
def test_a_path_without_an_ending_is_a_folder(tmp_path: Path, path: str) -> None:
    """Relative to the sweep file; a number for size is a square."""
    (tmp_path / "x").mkdir()
    entry = f"{{name: mine, path: {path}, size: 32, colour: rgb, drop: [val]}}"
    (tmp_path / "x" / "sweep.yaml").write_text(f"name: s\ndatasets: [{entry}]\ngrids: {{g: {{model: [ann]}}}}\n")
    (dataset,) = read_sweep(tmp_path / "x" / "sweep.yaml").datasets
    assert dataset == of(tmp_path / "x" / "scans", size=(32, 32), colour="rgb", drop=("val",))
    assert FolderDataset.model_validate(dataset.model_dump(mode="json")) == dataset


def test_a_table_without_an_ending_is_no_folder() -> None:
    """It has a label, and is asked for its ending."""
    entry = {"name": "mine", "path": "table", "label": "y"}
    with pytest.raises(SpecError, match=r"the path 'table' must end in \.csv"):
        read_sweep({"name": "s", "datasets": [entry], "grids": {"g": {"model": ["ann"]}}})
