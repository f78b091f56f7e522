from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from privsearch.errors import DataError, SpecError
from privsearch.spec.sweep_file import blaming, dump_sweep, read_attacks, read_sweep

GOOD = """\
name: good
datasets: [iris]
grids:
  first:
    model: [ann, snn]
    weight_bit_width: [null, 4]
recipe:
  epochs: 3
objectives: {test_accuracy: maximize, svm.auc: minimize}
"""


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
    assert read_sweep(written(tmp_path, dump_sweep(sweep))) == sweep


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


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("grids:", "gridz:", "sweep.yaml:3: gridz: no field is called 'gridz'; did you mean 'grids'? valid: name, "),
        (
            "weight_bit_width:",
            "wieght_bits:",
            "sweep.yaml:6: grids.first.wieght_bits: no axis is called 'wieght_bits';",
        ),
        ("4]", "3.5]", "sweep.yaml:6: grids.first.weight_bit_width[1]: must be an integer from 2 to 8, or null for "),
        ("4]", "3.5]", "but got 3.5; nearest valid: 3 or 4"),
        ("4]", "16]", "but got 16; nearest valid: 8"),
        (
            "[iris]",
            "[irs]",
            "datasets[0]: must be one of iris, breast_cancer, digits, mnist, fashion_mnist, cifar10, or a mapping such",
        ),
        ("[iris]", "[cifar-10]", "sweep.yaml:2: datasets[0]: must be one of iris, breast_cancer"),
        ("[iris]", "[cifar-10]", "nearest valid: cifar10"),
        ("[iris]", "[irs]", "but got 'irs'; nearest valid: iris"),
        ("[iris]", "[]", "sweep.yaml:2: datasets: must be a list of at least one dataset, but got []"),
        ("[iris]", "[iris, iris]", "sweep.yaml:2: datasets[1]: every dataset needs a name of its own"),
        ("[iris]", "[{path: a.csv, label: y}]", "sweep.yaml:2: datasets[0].name: this field must be given: 1 to 100"),
        ("[iris]", "[{name: a/b, path: a.npz}]", "sweep.yaml:2: datasets[0].name: must be 1 to 100 letters"),
        ("[ann, snn]", "[ann, snm]", "sweep.yaml:5: grids.first.model[1]: must be 'ann' or 'snn', but got 'snm'; "),
        ("[ann, snn]", "[]", "sweep.yaml:5: grids.first.model: an axis needs at least one value"),
        ("    model: [ann, snn]\n", "", "sweep.yaml:4: grids.first.model: this field must be given: 'ann' or 'snn'"),
        ("epochs: 3", "epochs: 0", "sweep.yaml:8: recipe.epochs: must be an integer of at least 1, but got 0"),
        ("epochs: 3", "epocs: 3", "sweep.yaml:8: recipe.epocs: no recipe field is called 'epocs'; did you mean 'epo"),
        ("epochs: 3", "overrides: {irs: {epochs: 1}}", "recipe.overrides.irs: must be a dataset of this sweep (iris)"),
        (
            "maximize",
            "maximise",
            "objectives.test_accuracy: must be 'maximize' or 'minimize', but got 'maximise'; near",
        ),
        (
            "svm.auc",
            "lira.auc",
            "objectives.lira.auc: must be a result column under every protocol of this sweep, but got 'lira.auc'; did",
        ),
        (
            "    weight_bit_width: [null, 4]",
            "    model: [snn]",
            "sweep.yaml:6: model: every key must stand once in a mapping",
        ),
        (
            "    weight_bit_width: [null, 4]",
            "    surrogate_gradient: fast_sigmoyd",
            "sweep.yaml:6: grids.first.surrogate_gradient: must be one of fast_sigmoid, atan, spike_rate_escape, ",
        ),
        (
            "    weight_bit_width: [null, 4]",
            "    threshold: [0.5]",
            "sweep.yaml:6: grids.first.threshold: it needs quantised activations: add act_bit_width to this grid, or",
        ),
        ("  first:", "\tfirst:", "sweep.yaml:4: must be valid YAML"),
        ("  first:", "\tfirst:", "indent with spaces, not tabs"),
        (
            GOOD[GOOD.index("grids:") : GOOD.index("recipe:")],
            "",
            "sweep.yaml:1: grids: this field must be given: a map",
        ),
        (
            GOOD[GOOD.index("grids:") : GOOD.index("recipe:")],
            "grids: {}\n",
            "sweep.yaml:3: grids: must be a mapping of",
        ),
        (
            GOOD[GOOD.index("  first:") : GOOD.index("recipe:")],
            "  first: {}\n",
            "sweep.yaml:4: grids.first.model: this",
        ),
        (GOOD[GOOD.index("  first:") : GOOD.index("recipe:")], "  first: [1]\n", "grids.first: must be a mapping from"),
        (GOOD, "", "sweep.yaml:1: must describe a sweep, but is empty"),
        (GOOD, "- 1\n", "sweep.yaml:1: must be a mapping of fields such as `name: my-sweep`, but is a list"),
        (GOOD, "name: [", "sweep.yaml:1: must be valid YAML"),
        ("name: good", "name: ../evil", "sweep.yaml:1: name: must be 1 to 100 letters"),
    ],
)
def test_a_mistake_is_named_with_its_place_and_remedy(tmp_path: Path, old: str, new: str, message: str) -> None:
    """File, line, field, what must hold, what was given, and the nearest valid choice."""
    assert old in GOOD
    assert message in error_of(written(tmp_path, GOOD.replace(old, new, 1)))


def test_all_mistakes_are_told_at_once_in_the_order_of_their_lines(tmp_path: Path) -> None:
    """Nobody mends a file one error at a time."""
    text = GOOD.replace("[iris]", "[irs]").replace("epochs: 3", "epochs: x").replace("4]", "9]")
    lines = error_of(written(tmp_path, text)).splitlines()
    assert [line.split(":")[1] for line in lines] == ["2", "6", "8"]


def test_a_bad_set_is_named_as_such(tmp_path: Path) -> None:
    """The command line is to blame, not a line of the file."""
    path = written(tmp_path, GOOD)
    assert error_of(path, "recipe.epochs=x").startswith("--set recipe.epochs: recipe.epochs: must be an integer")
    assert error_of(path, "recipe.epocs=1").startswith("--set recipe.epocs: recipe.epocs: no recipe field")
    assert "must be path=value" in error_of(path, "recipe")
    assert "must lead through mappings" in error_of(path, "datasets.0=iris")
    assert "must be valid YAML" in error_of(path, "seed=[")


def test_a_later_error_gets_its_place(tmp_path: Path) -> None:
    """What only the data can tell is still said of a line of the file, or of the --set that is to blame."""
    path = written(tmp_path, GOOD)
    with pytest.raises(DataError, match=r"sweep\.yaml:2: datasets\[0\]: is not there"), blaming(path):
        raise DataError("is not there", where=("datasets", 0))
    with (
        pytest.raises(SpecError, match=r"--set recipe\.epochs=1|--set recipe\.epochs: "),
        blaming(path, ["recipe.epochs=1"]),
    ):
        raise SpecError("too few", where=("recipe", "epochs"))
    with pytest.raises(SpecError, match=r"^no place$"), blaming(path):
        raise SpecError("no place")


def test_a_missing_file_is_told_with_what_is_beside_it(tmp_path: Path) -> None:
    """A mistyped name is easily mended when the right one is shown."""
    written(tmp_path, GOOD)
    with pytest.raises(SpecError, match=r"must exist, but there is none here; sweep files in .*: sweep\.yaml"):
        read_sweep(tmp_path / "sweeep.yaml")
    with pytest.raises(SpecError, match="is a directory"):
        read_sweep(tmp_path)


def test_a_file_that_is_not_text_is_refused(tmp_path: Path) -> None:
    """No traceback for a binary file."""
    path = tmp_path / "sweep.yaml"
    path.write_bytes(b"name: \xff\xfe")
    assert "must be text in UTF-8" in error_of(path)


@settings(max_examples=200)
@given(text=st.text(st.characters(codec="utf-8"), max_size=60), at=st.integers(0, len(GOOD)))
def test_no_text_gets_a_traceback(tmp_path_factory: pytest.TempPathFactory, text: str, at: int) -> None:
    """Whatever is written into a sweep file, it is read or refused with its name."""
    path = written(tmp_path_factory.mktemp("fuzz"), GOOD[:at] + text + GOOD[at:])
    message = str(path)
    try:
        read_sweep(path)
    except SpecError as error:
        message = str(error)
    assert str(path) in message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "protocol: halvs",
            "protocol: must be paper or halves, or a mapping such as {kind: halves, networks: 8}, but got",
        ),
        ("protocol: halvs", "'halvs'; nearest valid: halves"),
        ("protocol: 5", "protocol: must be paper or halves, or a mapping such as"),
        ("protocol: {kind: halves, networks: 5}", "protocol.networks: must be an even integer from 4 to 10000"),
        ("protocol: [paper, {kind: halves, netwrks: 8}]", "protocol[1].netwrks: no field is called 'netwrks'; did you"),
        ("attacks: [lirra]", "attacks[0]: must be one of svm, loss, confidence, entropy, modified_entropy, lira, rmia"),
        ("attacks: [lirra]", "but got 'lirra'; nearest valid: lira"),
        (
            "attacks: [svm, lira]",
            "attacks[1]: lira needs shadows with and without each example: add halves to protocol",
        ),
        ("protocol: halves\nattacks: [{kind: lira, mod: online}]", "attacks[0].mod: no field is called 'mod'; did you"),
        ("protocol: {kind: halves, dropout_queries: 3}", "protocol.dropout_queries: no attack reads these views"),
        ("keep_signals: maybe", "keep_signals: must be true (keep what the attacks saw, for attacks to come) or false"),
    ],
)
def test_a_mistake_in_a_protocol_or_an_attack_is_named_too(tmp_path: Path, text: str, message: str) -> None:
    """With its place among several, and the nearest valid name."""
    assert message in error_of(written(tmp_path, f"name: s\ndatasets: [iris]\ngrids: {{g: {{model: ann}}}}\n{text}\n"))


def test_attacks_are_read_as_in_a_sweep_file() -> None:
    """Names with commas between them, mappings, and several texts."""
    names = [attack.name for attack in read_attacks(["lira, rmia", "{kind: lira, mode: offline}"])]
    assert names == ["lira", "rmia", "lira_offline"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("lirra", "--attack lirra: must be one of svm, loss, .* but got 'lirra'; nearest valid: lira"),
        ("{kind: lira, mod: x}", "no field is called 'mod'; did you mean 'mode'"),
        ("[", "must be names such as lira,rmia, or a mapping in YAML"),
    ],
)
def test_an_attack_that_is_none_is_refused(text: str, message: str) -> None:
    """With the option that named it."""
    with pytest.raises(SpecError, match=message):
        read_attacks([text])
