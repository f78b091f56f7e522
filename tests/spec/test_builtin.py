from pathlib import Path

import pytest

from privsearch.spec.builtin import CHECKOUT, builtin_sweeps, sweep_path
from privsearch.spec.sweep_file import read_sweep


def test_a_checkout_has_the_files_that_its_docs_name() -> None:
    """In a checkout the built-in sweeps are the files in sweeps/."""
    assert list(builtin_sweeps().values()) == sorted(CHECKOUT.glob("*.yaml"))
    assert "quickstart" in builtin_sweeps()


def test_no_builtin_sweep_needs_a_file_of_the_user() -> None:
    """All are of datasets that have a name, so that they are the same wherever they lie."""
    for path in builtin_sweeps().values():
        assert all(isinstance(dataset, str) for dataset in read_sweep(path).datasets)


def test_a_file_comes_before_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A name means the built-in sweep unless a file is called so; a folder is not one, and a path is no name."""
    monkeypatch.chdir(tmp_path)
    builtin = builtin_sweeps()["quickstart"]
    assert sweep_path(Path("quickstart")) == builtin
    Path("quickstart").mkdir()
    assert sweep_path(Path("quickstart")) == builtin
    Path("search").write_text("name: mine")
    for own in (Path("search"), Path("quickstart.yaml"), Path("quickstart/quickstart"), tmp_path / "quickstart"):
        assert sweep_path(own) == own
