import io
import re
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from builders import make_completed
from rich.console import Console

from privsearch.analysis.frames import results_frame
from privsearch.errors import StudyError
from privsearch.report.documents.paper_tables import (
    PaperTable,
    console_view,
    paper_tables,
    to_csv,
    to_latex,
    to_markdown,
)
from privsearch.report.documents.paper_tables import write_tables as write
from privsearch.report.wording.formats import MISSING, latex
from privsearch.spec import HalvesProtocol, NpzDataset
from privsearch.study.result import Completed, Failed, TrialResult

StudyOf = Callable[..., list[TrialResult]]


@pytest.fixture
def results(study_of: StudyOf) -> list[TrialResult]:
    """The paper's grids on Iris and on a dataset of the user, without w4 SNNs on Iris; w2 ANNs have failed there."""
    kept: list[TrialResult] = []
    for result in study_of(lambda spec: {"auc": 0.6, "placebo": 0.55}):
        spec = result.spec
        if spec.dataset_name == "breast_cancer":
            spec = spec.model_copy(update={"dataset": NpzDataset(name="my_data", path="mine.npz")})
        elif (spec.model, spec.weight_bit_width) == ("snn", 4):
            continue
        elif (spec.model, spec.weight_bit_width) == ("ann", 2):
            kept.append(Failed(trial_id="f", spec=spec, error="E", message="m", traceback="", seconds=1.0))
            continue
        kept.append(result.model_copy(update={"spec": spec}))
    return kept


@pytest.fixture
def tables(results: list[TrialResult]) -> list[PaperTable]:
    return paper_tables(results_frame(results))


def cells(line: str) -> list[str]:
    """The cells of a line of a Markdown table."""
    return [cell.strip() for cell in line.strip("|\n ").split("|")]


def mean_and_sd(results: list[TrialResult], model: str, width: int | None) -> str:
    row = results_frame([r for r in results if isinstance(r, Completed)]).query(
        "dataset == 'iris' and model == @model and act_bit_width.isna() and surrogate_gradient != 'atan'"
    )
    row = row[row["weight_bit_width"].isna() if width is None else row["weight_bit_width"] == width].iloc[0]
    return f"{row['svm.auc']:.4f} ± {row['svm.auc_sd']:.4f}"


def test_lines_are_those_of_the_paper(tables: list[PaperTable]) -> None:
    """Table II has four bit widths a dataset and Table III five surrogate gradients, in the paper's order."""
    widths, gradients = [(line.dataset, line.value) for line in tables[0].lines], tables[1].lines
    assert widths == [(dataset, width) for dataset in ("iris", "my_data") for width in (None, 8, 4, 2)]
    assert [line.value for line in gradients[:5]] == [
        *("fast_sigmoid", "atan", "spike_rate_escape", "triangular", "straight_through")
    ]
    assert len(gradients) == 10


def test_cells_have_mean_and_spread_of_their_own_trial(results: list[TrialResult], tables: list[PaperTable]) -> None:
    """Models stand side by side, each with two accuracies, the attack's AUC and its placebo."""
    lines = [cells(line) for line in to_markdown(tables[0]).splitlines() if line.startswith("|")]
    assert lines[0][:6] == [
        *("Dataset", "Method", "ANN train accuracy", "ANN test accuracy", "ANN attack AUC", "ANN excess AUC")
    ]
    assert lines[2][:2] == ["Iris", "Full precision"]
    assert lines[3][:2] == ["Iris", "Quantised (w=8)"]
    assert lines[3][4] == mean_and_sd(results, "ann", 8)
    assert lines[3][8] == mean_and_sd(results, "snn", 8)
    assert {len(line) for line in lines} == {10}


def test_missing_and_failed_cells_are_told_apart(tables: list[PaperTable]) -> None:
    """What was not trained is a dash and named in the caption; what failed says so."""
    lines = [cells(line) for line in to_markdown(tables[0]).splitlines() if line.startswith("|")]
    assert lines[4][6:] == [MISSING] * 4
    assert lines[5][2:6] == ["failed"] * 4
    assert f"Not in this study ({MISSING}, or no line): Quantised (w=4) SNN: Iris." in tables[0].caption
    assert "'failed': the trial ended without numbers." in tables[0].caption
    assert "failed" not in tables[1].caption
    assert "Not in this study" not in tables[1].caption


def test_a_cell_that_has_not_learnt_has_accuracies_and_no_attack(results: list[TrialResult]) -> None:
    """In the tables for people and for programs; the caption says what it means."""
    frame = results_frame(results)
    idle = frame["model"].eq("ann") & frame["weight_bit_width"].eq(8).fillna(value=False) & frame["dataset"].eq("iris")
    (table, _) = paper_tables(frame.assign(networks_at_chance=idle.astype("Int64") * 3))
    line = next(line for line in to_markdown(table).splitlines() if line.startswith("| Iris | Quantised (w=8)"))
    assert re.fullmatch(r"0\.\d+ ± 0\.\d+", cells(line)[2])
    assert cells(line)[4:6] == ["not learnt", "not learnt"]
    assert re.fullmatch(r"0\.\d+ ± 0\.\d+", cells(line)[8]), "the SNN beside it has learnt"
    assert "'not learnt': some network classifies" in table.caption
    written = pd.read_csv(io.StringIO(to_csv(table)))
    means = written.query("dataset == 'iris' and model == 'ann' and weight_bit_width == 8").set_index("quantity")[
        "mean"
    ]
    assert means.isna().to_dict() == {
        "train_accuracy": False,
        "test_accuracy": False,
        "svm.auc": True,
        "svm.excess_auc": True,
    }


def test_caption_tells_replicates_and_noise_floors(tables: list[PaperTable]) -> None:
    """A reader of the caption alone knows how many replicates there were and what guessing gives."""
    assert "mean ± standard deviation over n = 5 replicates" in tables[0].caption
    assert "0.5 ± 0.116 (Iris), 0.116 (my_data)" in tables[0].caption
    assert "Excess AUC (not in the paper)" in tables[0].caption


def test_one_replicate_has_no_spread(study_of: StudyOf) -> None:
    """A mean of one replicate stands without a standard deviation."""
    table = paper_tables(results_frame(study_of(lambda spec: {}, replicates=1)))[0]
    line = next(line for line in to_markdown(table).splitlines() if line.startswith("| Iris"))
    assert re.fullmatch(r"\d\.\d{4}", cells(line)[2])


@pytest.mark.parametrize("number", [0, 1])
def test_latex_is_well_formed(tables: list[PaperTable], number: int) -> None:
    """Environments nest, braces balance, and every line has a cell for each column."""
    text = to_latex(tables[number])
    opened: list[str] = []
    for kind, environment in re.findall(r"\\(begin|end)\{(\w+\*?)\}", text):
        if kind == "begin":
            opened.append(environment)
        else:
            assert opened.pop() == environment
    assert not opened
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    columns = re.search(r"\\begin\{tabular\}\{(\w+)\}", text)
    assert columns is not None
    lines = [line for line in text.splitlines() if line.endswith(r"\\")]
    spans = [sum(int(n) - 1 for n in re.findall(r"\\multicolumn\{(\d+)\}", line)) for line in lines]
    widths = [len(re.findall(r"(?<!\\)&", line)) + 1 + span for line, span in zip(lines, spans, strict=True)]
    assert set(widths) == {len(columns[1])}
    assert len(lines) == 2 + len(tables[number].lines)
    assert text.count(r"\midrule") == 2


def test_latex_escapes_what_users_named(tables: list[PaperTable]) -> None:
    """Underscores, percent signs and dashes come out as LaTeX prints them, and nothing is left that is not ASCII."""
    text = to_latex(tables[0])
    assert r"my\_data & Full precision & 0." in text
    assert r"95 \% of the time" in text
    assert " & -- & -- & -- & --" in text
    assert text.isascii()


def test_csv_has_every_number_in_full(results: list[TrialResult], tables: list[PaperTable]) -> None:
    """One line a cell and quantity: fractions, n, and the status where there is none."""
    read = pd.read_csv(io.StringIO(to_csv(tables[0])))
    assert list(read) == ["dataset", "model", "weight_bit_width", "quantity", "status", "mean", "sd", "n"]
    assert len(read) == 8 * 2 * 4
    cell = read.query("dataset == 'iris' and model == 'ann' and weight_bit_width == 8 and quantity == 'svm.auc'")
    assert f"{cell['mean'].item():.4f} ± {cell['sd'].item():.4f}" == mean_and_sd(results, "ann", 8)
    assert cell["n"].item() == 5
    assert read.groupby("status")["n"].count().to_dict() == {"completed": 56, "failed": 0, "missing": 0}
    assert read["status"].value_counts().to_dict() == {"completed": 56, "failed": 4, "missing": 4}


def test_terminal_of_80_characters_is_wide_enough(tables: list[PaperTable]) -> None:
    """No number is cut or broken, and only the longest name takes a second line."""
    for table, lines in zip(tables, (2 + 16, 2 + 10 + 2), strict=True):
        log = io.StringIO()
        view = console_view(table)
        view.caption = None
        Console(file=log, width=80, markup=False).print(view)
        printed = log.getvalue().splitlines()
        assert max(map(len, printed)) <= 80
        assert len(printed) == 4 + lines
        assert log.getvalue().count("±") == 4 * sum(
            row is not None and row["status"] == "completed" for line in table.lines for row in line.rows.values()
        )


def test_files_are_written_for_what_the_study_has(results: list[TrialResult], tmp_path: Path) -> None:
    """Three files a table; a study without an SNN has nothing for Table III."""
    everything = write(tmp_path / "all", paper_tables(results_frame(results)))
    assert [path.name for path in everything] == [
        f"{name}.{ending}" for name in ("weight_quantization", "surrogate_gradients") for ending in ("md", "tex", "csv")
    ]
    assert all(path.stat().st_size > 500 for path in everything)
    anns = results_frame([result for result in results if result.spec.model == "ann"])
    assert {path.stem for path in write(tmp_path / "ann", paper_tables(anns))} == {"weight_quantization"}


def test_bit_width_beyond_the_paper_comes_last(results: list[TrialResult]) -> None:
    """A study with 3-bit weights has a line for them after the paper's own."""
    ann = next(r for r in results if isinstance(r, Completed) and r.spec.weight_bit_width == 8)
    extra = ann.model_copy(update={"trial_id": "3" * 16, "spec": ann.spec.model_copy(update={"weight_bit_width": 3})})
    iris = [line for line in paper_tables(results_frame([*results, extra]))[0].lines if line.dataset == "iris"]
    assert [line.value for line in iris] == [None, 8, 4, 2, 3]


def test_cell_that_several_configurations_fill_is_refused(results: list[TrialResult]) -> None:
    """Which of two numbers of epochs belongs into the table is for the user to say; the error names both."""
    ann = next(r for r in results if isinstance(r, Completed) and r.spec.weight_bit_width == 8)
    update = {"epochs": 40, "learning_rate": 0.01}
    other = ann.model_copy(update={"trial_id": "4" * 16, "spec": ann.spec.model_copy(update=update)})
    with pytest.raises(StudyError, match=r"model ann, weight_bit_width 8.*epochs \(20, 40\), learning_rate"):
        paper_tables(results_frame([*results, other]))


def test_study_without_a_completed_trial_is_refused(results: list[TrialResult]) -> None:
    """A table of failures alone has no attack to show."""
    failed = [result for result in results if isinstance(result, Failed)]
    with pytest.raises(StudyError, match="got 'svm' and no attack has a number in any of its trials"):
        paper_tables(results_frame(failed))


def test_trials_of_another_protocol_are_left_aside(results: list[TrialResult]) -> None:
    """A study may have every configuration under `halves` too; the tables are those of the paper's protocol."""
    halves = [
        make_completed(f"{number:015x}h", protocol=HalvesProtocol(networks=4), **result.spec.axes())
        for number, result in enumerate(results)
        if result.spec.dataset_name == "iris"
    ]
    alone, mixed = paper_tables(results_frame(results)), paper_tables(results_frame([*halves, *results]))
    assert [to_markdown(table) for table in mixed] == [to_markdown(table) for table in alone]
    with pytest.raises(StudyError, match=r"has none \(its protocols: halves\); add \{kind: paper\}"):
        paper_tables(results_frame(halves))


def test_negative_number_has_a_minus_sign_in_latex() -> None:
    """A hyphen is too short for one, and stays where it is one."""
    assert latex("-0.0047 ± 0.0104") == r"$-$0.0047 $\pm$ 0.0104"
    assert latex("Straight-Through") == "Straight-Through"
