from pathlib import Path

import pytest

from privsearch.data.folder_listing import entries, existing_folder, list_images
from privsearch.errors import DataError


def listing(folder: Path, *names: str, drop: tuple[str, ...] = ()) -> tuple[list[str], list[str] | None, list[str]]:
    """The images of a folder of empty files and, where a name ends in a slash, folders."""
    for name in names:
        path = folder / name
        (path if name.endswith("/") else path.parent).mkdir(parents=True, exist_ok=True)
        if not name.endswith("/"):
            path.touch()
    found = list_images(entries(folder), drop, "here")
    train, test = (None if part is None else ["/".join(parts) for parts in part] for part in (found.train, found.test))
    assert train is not None
    return train, test, list(found.left_out)


def test_the_order_is_that_of_the_names(tmp_path: Path) -> None:
    """Class by class, whatever the order in which files were made; hidden files count for nothing."""
    names = ["b/2.png", "a/10.PNG", "b/1.jpg", "a/9.bmp", "a/Thumbs.db", "a/.hidden.png", ".git/x/y.png", "b/.DS_Store"]
    train, test, left_out = listing(tmp_path, *names)
    assert train == ["a/10.PNG", "a/9.bmp", "b/1.jpg", "b/2.png"]
    assert (test, left_out) == (None, [])


@pytest.mark.parametrize("test_name", ["test", "val", "Test", "validation"])
def test_splits_are_known_by_their_names(tmp_path: Path, test_name: str) -> None:
    """With the same classes in them, of which the test split may lack some."""
    train, test, left_out = listing(
        tmp_path, "train/a/1.png", "train/b/1.png", f"{test_name}/a/2.png", "notes.txt", "train/a/x.csv"
    )
    assert train == ["train/a/1.png", "train/b/1.png"]
    assert test == [f"{test_name}/a/2.png"]
    assert left_out == ["notes.txt", "train/a/x.csv"]


def test_a_train_is_a_class_too(tmp_path: Path) -> None:
    """Only folders in it make it a split."""
    assert listing(tmp_path, "train/1.png", "test/1.png")[1] is None


def test_what_is_dropped_is_not_looked_at(tmp_path: Path) -> None:
    """Be it a split, or a class in every split."""
    names = ("train/a/1.png", "train/c/x/", "train/b/1.png", "test/a/1.png", "test/c/1.png", "val/d/1.png")
    train, test, _ = listing(tmp_path, *names, drop=("val", "c"))
    assert (train, test) == (["train/a/1.png", "train/b/1.png"], ["test/a/1.png"])


def test_links_are_followed(tmp_path: Path) -> None:
    """A class and a file elsewhere are as good as here."""
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "1.png").touch()
    (tmp_path / "data" / "b").mkdir(parents=True)
    (tmp_path / "data" / "a").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "b" / "2.png").symlink_to(tmp_path / "elsewhere" / "1.png")
    assert listing(tmp_path / "data")[0] == ["a/1.png", "b/2.png"]


@pytest.mark.parametrize(
    ("names", "drop", "message"),
    [
        (
            ["1.png", "a/1.png", "2.png"],
            (),
            "here: every image must be in the folder of its class, but '1.png' is in n",
        ),
        (["a/1.png", "b/"], (), r"here: every class must have images .* but 'b' has none. .* drop: \[b\]"),
        (["a/1.png", "b/x.txt"], (), "but 'b' has none"),
        (["a/1.png", "a/deep/"], (), "hold images and no folders, but a/ holds deep/"),
        (["train/a/1.png", "train/b/", "test/a/1.png"], (), "here/train: every class must have images .* 'b' has none"),
        (["train/a/1.png", "other/a/1.png"], (), r"beside the split train/ .* there is 'other'. .* drop: \[other\]"),
        (["train/a/1.png", "test/a/1.png", "val/a/1.png"], (), "but 'test', 'val' may each be it"),
        (["train/a/1.png", "test/b/1.png"], (), r"every class in test/ must have images in train/, but 'b' has none"),
        (["train/a/1.png", "test/a/"], (), r"test/ must hold images, but holds none"),
        (["a/1.png", "b/1.png"], ("A",), r"drop must name folders that are there, but got 'A'; there are 'a', 'b'"),
    ],
)
def test_what_is_no_folder_of_classes_is_refused(
    tmp_path: Path, names: list[str], drop: tuple[str, ...], message: str
) -> None:
    """With the name that is at fault, and what to do."""
    with pytest.raises(DataError, match=message):
        listing(tmp_path, *names, drop=drop)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    """With the nearest beside it; a file is told from a folder."""
    (tmp_path / "scans").mkdir()
    (tmp_path / "table").touch()
    with pytest.raises(DataError, match=r"scan: the path must lead to a folder .* Did you mean 'scans'\?"):
        existing_folder(str(tmp_path / "scan"))
    with pytest.raises(DataError, match=r"table: .* but is a file. .* kind: csv"):
        existing_folder(str(tmp_path / "table"))


def test_a_folder_without_classes_is_refused(tmp_path: Path) -> None:
    """Whether it is empty, holds other files, or its only class is left out."""
    for names, drop in (((), ()), (("notes.txt",), ()), (("a/1.png",), ("a",))):
        with pytest.raises(DataError, match="here: there must be a folder of images for each class"):
            listing(tmp_path, *names, drop=drop)
