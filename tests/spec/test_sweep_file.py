from pathlib import Path

import pytest
from bad_input import GOOD
from hypothesis import given
from hypothesis import strategies as st

from privsearch.errors import DataError, SpecError
from privsearch.spec import SweepSpec
from privsearch.spec.sweep_file import locating_errors, read_attacks, read_sweep


def written(folder: Path, text: str) -> Path:
    path = folder / "sweep.yaml"
    path.write_text(text)
    return path


def error_of(path: Path, *sets: str) -> str:
    with pytest.raises(SpecError) as caught:
        read_sweep(path, sets)
    return str(caught.value).replace(str(path), "sweep.yaml")


def test_a_sweep_survives_its_file(tmp_path: Path) -> None:
    """What is dumped reads back as the same sweep."""
    sweep = read_sweep(written(tmp_path, GOOD))
    assert read_sweep(written(tmp_path, sweep.to_yaml())) == sweep


def test_every_shipped_sweep_reads() -> None:
    """The files in sweeps/ are valid."""
    files = sorted((Path(__file__).parents[2] / "sweeps").glob("*.yaml"))
    assert files
    for path in files:
        assert read_sweep(path).name == path.stem


def test_set_writes_over_the_file(tmp_path: Path) -> None:
    """--set reaches fields that are there, fields that are not, whole lists, and columns with a dot."""
    sets = (
        *("recipe.epochs=5", "recipe.overrides.iris.epochs=7", "grids.first.model=[ann]", "seed=3"),
        "objectives.svm.auc=maximize",
    )
    sweep = read_sweep(written(tmp_path, GOOD), sets)
    assert sweep.recipe_for("iris")["epochs"] == 7
    assert sweep.recipe["epochs"] == 5
    assert sweep.grids["first"]["model"] == ("ann",)
    assert (sweep.seed, sweep.objectives["svm.auc"]) == (3, "maximize")


def test_set_knows_names_with_dots(tmp_path: Path) -> None:
    """The longest key that is there is meant."""
    path = written(tmp_path, GOOD.replace("  first:", "  v1.0:"))
    assert read_sweep(path, ["grids.v1.0.model=[ann]"]).grids["v1.0"]["model"] == ("ann",)


def test_paths_are_relative_to_the_sweep_file(tmp_path: Path) -> None:
    """A sweep file and its data can move together."""
    text = GOOD.replace("[iris]", "[{name: mine, path: data/mine.csv, label: y}]")
    (dataset,) = read_sweep(written(tmp_path, text)).datasets
    assert not isinstance(dataset, str)
    assert dataset.path == str(tmp_path / "data" / "mine.csv")


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    """Nobody mends a file one error at a time."""
    text = GOOD.replace("[iris]", "[irs]").replace("epochs: 3", "epochs: x").replace("4]", "9]")
    lines = error_of(written(tmp_path, text)).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "6", "8"]


def test_a_later_error_gets_its_place(tmp_path: Path) -> None:
    """What only the data can tell is still said of a line of the file, or of the --set that is to blame."""
    path = written(tmp_path, GOOD)
    with pytest.raises(DataError, match=r"sweep\.yaml:2: datasets\[0\]: is not there"), locating_errors(path):
        raise DataError("is not there", where=("datasets", 0))
    with (
        pytest.raises(SpecError, match=r"--set recipe\.epochs=1|--set recipe\.epochs: "),
        locating_errors(path, ["recipe.epochs=1"]),
    ):
        raise SpecError("too few", where=("recipe", "epochs"))
    with pytest.raises(SpecError, match=r"^no place$"), locating_errors(path):
        raise SpecError("no place")


def test_attacks_are_read_as_in_a_sweep_file() -> None:
    """Names with commas between them, mappings, and several texts."""
    names = [attack.name for attack in read_attacks(["lira, rmia", "{kind: lira, mode: offline}"])]
    assert names == ["lira_shrunken", "rmia", "lira_offline_shrunken"]


@given(name=st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._-]{0,20}", fullmatch=True), number=st.floats(1e-12, 1e6))
def test_every_name_and_number_survives_its_file(
    tmp_path_factory: pytest.TempPathFactory, name: str, number: float
) -> None:
    """A name like 1e5, 0x1F, null or a date stays a name, and no digit of a number is lost."""
    fields = {"name": name, "datasets": ["iris"], "grids": {name: {"model": ["ann"], "learning_rate": [number]}}}
    sweep = SweepSpec.model_validate(fields)
    assert read_sweep(written(tmp_path_factory.mktemp("names"), sweep.to_yaml())) == sweep
