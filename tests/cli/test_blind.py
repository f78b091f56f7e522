"""Data with a test split of their own from the command line: what is said before, after, and in every report."""

import json
from contextlib import chdir
from pathlib import Path

import pandas as pd
import pytest
from command_line import INLINE, run
from given_splits import given_splits

from privsearch.api.study import Study
from privsearch.api.views import write_report
from privsearch.report.page.document import build_document

pytestmark = pytest.mark.usefixtures("blank_fronts")

SWEEP = """\
name: given
datasets: [{path: shifted.npz, name: shifted}, {path: alike.npz, name: alike}, iris]
protocol:
  - {kind: paper, replicates: 2, placebo_cuts: 2}
  - {kind: halves, networks: 4}
grids: {models: {model: [ann]}}
recipe: {epochs: 1, learning_rate: 1.0e-12}
attacks: [svm, loss]
"""
NOTE = "shifted, alike: under paper, a test split that came with the data is taken as given"
WARNING = "shifted, paper: WARNING: the splits differ without any training."


def one_line(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def where(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with a sweep and its data."""
    folder = tmp_path_factory.mktemp("given")
    given_splits(folder, shift=1.0, name="shifted")
    given_splits(folder, name="alike")
    (folder / "given.yaml").write_text(SWEEP)
    return folder


@pytest.fixture(scope="module")
def said(where: Path) -> str:
    """What the sweep said when it was run."""
    with chdir(where):
        result = run("sweep", "given.yaml", *INLINE)
    assert result.exit_code == 0
    return one_line(result.output)


def test_a_plan_notes_that_test_splits_are_taken_as_given(where: Path) -> None:
    """In one sentence, for those that came with the data."""
    with chdir(where):
        assert NOTE in one_line(run("plan", "given.yaml").output)
        planned = json.loads(run("plan", "given.yaml", "--json").stdout)
        assert planned["with_blind_baselines"] == ["shifted", "alike"]
        halves = run("plan", "given.yaml", "--set", "protocol=halves")
        assert halves.exit_code == 0
        assert "taken as given" not in halves.output


def test_a_sweep_says_so_before_and_warns_after(said: str) -> None:
    """Of the shifted split alone."""
    assert NOTE in said
    assert said.count("WARNING") == 1
    assert WARNING in said


def test_every_report_tells_the_baselines(where: Path, said: str) -> None:
    """The audit in the terminal and as a file, the page, the tables: under paper, where the split was given."""
    with chdir(where):
        study = Path("studies/given")
        printed = one_line(run("audit", study).output)
        written = (study / "audit" / "audit.md").read_text()
        for text in (printed, one_line(written)):
            assert WARNING in text
            assert text.count("WARNING") == 1
            assert "alike, paper: Blind baselines: the inputs alone tell" in text
            assert "iris, paper: Blind" not in text
            assert "halves: Blind" not in text
        sections = {section["title"]: section["notes"] for section in build_document(Study(study), 1e7)["tasks"]}
        warned = [title for title, notes in sections.items() if any("WARNING" in note for note in notes)]
        assert len(warned) == 1
        assert "shifted" in warned[0]
        assert "paper" in warned[0]
        assert "the splits differ without any training" in write_report(study).read_text()
        table = pd.read_csv(study / "results.csv").set_index(["dataset", "protocol"])
        assert table.loc[("shifted", "paper"), "inputs_auc_low"] > 0.8
        assert set(table.index[table["svm.blind_auc"].notna()]) == {("shifted", "paper"), ("alike", "paper")}


@pytest.mark.parametrize("command", ["front", "pick"])
def test_what_is_acted_on_comes_with_the_warning(where: Path, said: str, command: str) -> None:
    """A front and a choice rest on the same numbers as the audit."""
    with chdir(where):
        shown = one_line(run(command, Path("studies/given")).output)
        assert WARNING in shown
        assert shown.count("WARNING") == 1


def test_a_check_notes_that_the_splits_differ(where: Path, said: str) -> None:
    """The study is sound for all that."""
    with chdir(where):
        result = run("check", "studies/given")
    assert result.exit_code == 0
    assert "test split" in result.output
    assert result.output.count("WARNING") == 1


def test_one_trial_tells_its_own_baselines(where: Path, said: str) -> None:
    """Beside the numbers of every target."""
    with chdir(where):
        record = Study(Path("studies/given")).record().results.values()
        (trial_id,) = [
            r.trial_id for r in record if (r.spec.dataset_name, r.spec.protocol.kind) == ("shifted", "paper")
        ]
        printed = one_line(run("trial", "given.yaml", trial_id).output)
    assert "shifted, paper: Blind baselines: the inputs alone tell" in printed
    assert "WARNING" in printed


def test_an_attack_that_is_added_has_its_baseline_without_the_data(where: Path, said: str) -> None:
    """From the kept signals, when the data are gone."""
    with chdir(where):
        study = Path("studies/given")
        data = where / "shifted.npz"
        content = data.read_bytes()
        data.unlink()
        result = run("attack", study, "--attack", "entropy", *INLINE)
        data.write_bytes(content)
        assert result.exit_code == 0, result.output
        table = pd.read_csv(study / "results.csv").set_index(["dataset", "protocol"])
    assert 0 < table.loc[("shifted", "paper"), "entropy.blind_auc"] < 1
    assert table.loc[("shifted", "paper"), ["svm.blind_auc", "inputs_auc"]].notna().all()
