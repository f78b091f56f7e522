import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import matplotlib.figure
import plotly.graph_objects as go
import pytest
from builders import make_completed, make_failed
from tiny_sweep import TINY_SWEEP

import privsearch
from privsearch.analysis.paper.verdicts import Finding
from privsearch.api.study import Study
from privsearch.api.sweeps import SweepOutcome
from privsearch.cli.commands import app
from privsearch.errors import SpecError, StudyError
from privsearch.spec import SweepSpec
from privsearch.study.result import TrialResult
from privsearch.sweep.advance import Advance
from privsearch.sweep.plan import Plan
from privsearch.sweep.planned import PlannedTrial
from privsearch.sweep.run import Progress

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> SweepOutcome:
    """What the tiny sweep came to."""
    where = tmp_path_factory.mktemp("api")
    (where / "tiny.yaml").write_text(TINY_SWEEP)
    return privsearch.run_sweep(where / "tiny.yaml", study=where / "tiny", runner="inline", progress=False)


@pytest.fixture
def study(outcome: SweepOutcome) -> Study:
    """Its study."""
    return outcome.study


class _Heard(Progress):
    """Counts, and may interrupt."""

    def __init__(self, interrupt_after: int | None = None) -> None:
        self.results: list[TrialResult] = []
        self.interrupt_after = interrupt_after

    def begin(self, plan: Plan) -> None:
        pass

    def searching(self, searches: Sequence[Any]) -> None:
        pass

    def end(self) -> None:
        pass

    def preparing(self, what: str) -> None:
        pass

    def started(self, trial: PlannedTrial) -> None:
        if len(self.results) == self.interrupt_after:
            raise KeyboardInterrupt

    def advanced(self, trial: PlannedTrial, advance: Advance) -> None:
        pass

    def finished(self, result: TrialResult) -> None:
        self.results.append(result)


def test_every_public_name_is_there_and_documented() -> None:
    """What the package says that it has can be had, and docs/api.md or docs/extending.md tells of every function."""
    told = (DOCS / "api.md").read_text() + (DOCS / "extending.md").read_text()
    for name in privsearch.__all__:
        value = getattr(privsearch, name)
        assert name in dir(privsearch)
        assert name in told or not callable(value) or isinstance(value, type)
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = privsearch.nonsense


def test_every_command_has_a_call() -> None:
    """The table of docs/api.md has a line for each command."""
    told = (DOCS / "api.md").read_text()
    commands = {(command.name or getattr(command.callback, "__name__", "")) for command in app.registered_commands}
    assert {"plan", "sweep", "audit"} <= commands
    for command in commands:
        assert f"\n| `{command}" in told


def test_importing_waits_for_nothing() -> None:
    """`import privsearch` imports no library, not even those of the calls."""
    code = "import sys, privsearch; print(sorted({'torch', 'numpy', 'pandas', 'pydantic', 'ray'} & sys.modules.keys()))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_sweep_may_be_a_path_a_text_a_mapping_or_a_spec(
    tiny_sweep_file: Path, tiny_sweep: SweepSpec, study: Study
) -> None:
    """All of them ask for the same trials, which are recorded."""
    mapping = tiny_sweep.model_dump(mode="json")
    for sweep in (tiny_sweep_file, str(tiny_sweep_file), mapping, tiny_sweep):
        assert privsearch.plan_sweep(sweep, study=study).todo == []
    assert mapping == tiny_sweep.model_dump(mode="json")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grids": {"g": {"model": ["amm"]}}}, "sweep: grids.g.model[0]: must be 'ann' or 'snn', but got 'amm'"),
        ({"datasets": ["irs"]}, "sweep: datasets[0]: must be one of iris"),
        ({"recipe": {"train_size": 10**6}}, "sweep: recipe.train_size: must lie between"),
        ({"name": "a/b"}, "sweep: name: must be 1 to 100"),
    ],
)
def test_errors_of_a_mapping_name_the_field(tiny_sweep: SweepSpec, change: dict[str, Any], said: str) -> None:
    """There is no file and no line to name."""
    with pytest.raises(SpecError) as error:
        privsearch.plan_sweep({**tiny_sweep.model_dump(mode="json"), **change}, study="none")
    assert str(error.value).startswith(said)


@pytest.mark.parametrize(
    "call",
    [
        lambda sweep, study: privsearch.run_sweep(sweep, study=study, runner="ray"),
        lambda sweep, study: privsearch.run_sweep(sweep, study=study, runner="inline", address="auto"),
        lambda sweep, study: privsearch.plan_sweep(sweep, study=study, reuse="none"),
        lambda sweep, study: privsearch.attack_study(study, ["losss"], runner="inline"),
        lambda sweep, study: privsearch.attack_study(study, [], runner="inline"),
    ],
)
def test_wrong_arguments_are_told(tiny_sweep: SweepSpec, study: Study, call: Callable[..., Any]) -> None:
    """As the command line tells them: what must hold and what was given."""
    with pytest.raises(SpecError, match="must"):
        call(tiny_sweep, study)


def test_an_interrupt_comes_through_and_costs_what_was_running(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """A notebook gets Python's own interrupt, its signal handlers as they were, and goes on with the same call."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    asked: dict[str, Any] = {"sweep": tiny_sweep, "study": tmp_path / "s", "runner": "inline"}
    with pytest.raises(KeyboardInterrupt):
        privsearch.run_sweep(**asked, progress=_Heard(interrupt_after=1))
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert repr(Study(tmp_path / "s")) == f"Study({str(tmp_path / 's')!r}: 1 of 4 trials, iris, paper)"
    rest = _Heard()
    privsearch.run_sweep(**asked, progress=rest)
    assert len(rest.results) == 3


def test_calls_work_beside_an_event_loop_and_in_a_thread(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """A notebook runs cells inside of a loop, and some run them in a thread, where no signal can be handled."""
    found: list[SweepOutcome] = []

    def call(folder: str) -> None:
        asked = tiny_sweep.model_copy(update={"grids": {"g": {"model": ("ann",)}}})
        found.append(privsearch.run_sweep(asked, study=tmp_path / folder, runner="inline", progress=False))

    async def cell() -> None:
        call("loop")

    asyncio.run(cell())
    thread = threading.Thread(target=call, args=("thread",))
    thread.start()
    thread.join()
    first, second = (outcome.study.frame().drop(columns="seconds") for outcome in found)
    assert first.equals(second)


@pytest.mark.slow
def test_ray_works_beside_an_event_loop_in_a_thread(tiny_sweep: SweepSpec, tmp_path: Path) -> None:
    """So do sweeps on Ray."""
    found: list[SweepOutcome] = []

    async def cell() -> None:
        found.append(privsearch.run_sweep(tiny_sweep, study=tmp_path / "s", workers=1, progress=False))

    thread = threading.Thread(target=lambda: asyncio.run(cell()))
    thread.start()
    thread.join()
    assert found[0].run.num_completed == 4


def test_fronts_are_tables(study: Study) -> None:
    """The front of one dataset is that of all where there is one, and has the probability of each row."""
    front = study.front("iris", "paper")
    assert front.equals(study.front())
    assert 0 < len(front) <= len(study.frame())
    assert front["front_probability"].between(0, 1).all()
    assert len(study.targets()) == 8
    assert set(study.slices()["trial_id"]) == set(study.exposed()["trial_id"]) == set(study.frame()["trial_id"])


def test_a_front_that_is_not_there_is_told(study: Study) -> None:
    """With the nearest that is."""
    with pytest.raises(
        StudyError, match=r"the dataset must be one that the study has results of .* nearest valid: iris"
    ):
        study.front("irs")
    with pytest.raises(StudyError, match="the protocol must be one"):
        privsearch.plot_front(study, protocol="halves")


def test_plots_are_figures(study: Study) -> None:
    """Of a study, its path or a task; matplotlib's or plotly's."""
    (task,) = study.tasks()
    for found in (study, study.path, task):
        assert isinstance(privsearch.plot_front(found), matplotlib.figure.Figure)
    assert isinstance(privsearch.plot_front(study, "iris", interactive=True), go.Figure)


def test_what_commands_write_calls_write(study: Study) -> None:
    """The files are where the command leaves them."""
    assert not privsearch.audit_study(study).table.empty
    assert not study.outputs.audit.exists()
    privsearch.audit_study(study, write=True)
    assert any(study.outputs.audit.iterdir())
    tables, plots = privsearch.write_paper_tables(study), privsearch.write_plots(study)
    assert tables.files
    assert all(path.exists() for path in tables.files + plots.files)
    compared = privsearch.compare_with_paper(study, write=True)
    assert any(study.outputs.comparison.iterdir())
    assert set(compared.claims["verdict"]) <= set(get_args(Finding))
    assert set(compared.claims["paper_means"]) == {"holds", "violated", "not published"}
    assert [task.name for task in privsearch.remake_outputs(study).tasks] == ["iris"]
    assert set(privsearch.check_study(study, repair=True).table["state"]) == {"sound"}


def test_values_say_what_they_are_in_a_line(outcome: SweepOutcome) -> None:
    """No repr is longer than a line of 300 characters."""
    (task,) = outcome.tasks
    results = outcome.study.results()
    for value in (outcome, outcome.study, outcome.plan, task, *results, make_failed()):
        assert len(repr(value)) < 300
        assert "\n" not in repr(value)
    assert repr(outcome.study).endswith("4 of 4 trials, iris, paper)")
    assert "4 trials, 0 recorded, 4 to do with 16 networks" in repr(outcome.plan)
    assert repr(outcome).startswith("SweepOutcome(4 trials finished, 0 recorded already, 0 failed")
    assert "test accuracy 0.900, svm AUC 0.550" in str(make_completed())


def test_values_show_themselves_in_a_notebook(outcome: SweepOutcome, tiny_sweep: SweepSpec) -> None:
    """As tables, or as the YAML of a sweep, with the numbers in them."""
    (task,) = outcome.tasks
    best = task.front["trial_id"].iloc[0]
    for value in (outcome, outcome.study, task):
        assert f"<td>{best}</td>" in value._repr_html_()
    assert "<td>iris</td>" in outcome.plan._repr_html_()
    assert "batch_size: 64" in tiny_sweep._repr_html_()


def test_reports_show_themselves_in_a_notebook(study: Study) -> None:
    """Every call returns a value with a short repr, and a table, or a picture, of what it has."""
    trial = study.frame()["trial_id"].iloc[0]
    selections, explanations = privsearch.pick_trials(study), privsearch.explain_study(study, write=False)
    shown = {
        privsearch.audit_study(study): trial,
        privsearch.check_study(study): "trials.jsonl",
        privsearch.diff_trials(study, trial): "<td>",
        selections: "SNN" if "SNN" in str(selections) else "ANN",
        selections[0]: "<td>",
        explanations: "iris",
        explanations[0]: "Explanation(iris, protocol paper",
        privsearch.compare_with_paper(study): "not tested",
        privsearch.write_paper_tables(study): "Iris",
        privsearch.write_plots(study): "data:image/png;base64,",
        privsearch.remake_outputs(study): study.front()["trial_id"].iloc[0],
        privsearch.export_trial(study, trial): "Exported(trial",
    }
    for value, content in shown.items():
        assert len(repr(value)) < 500
        assert content in value._repr_html_()  # type: ignore[attr-defined]


HOSTILE = ["", "{", "[]", '{"trials": []}', '{"trials": {"a": 1}}', '{"trials": {"<b>": "\x1b[31m<script>"}}']


@pytest.mark.parametrize("content", HOSTILE)
def test_no_study_breaks_its_repr(tmp_path: Path, content: str) -> None:
    """Whatever is in its files, a study shows itself, in escaped text."""
    (tmp_path / "sweep.yaml").write_text(TINY_SWEEP)
    (tmp_path / "plan.json").write_text(content)
    (tmp_path / "trials.jsonl").write_bytes(b'\xff\n{"status":"completed","trial_id":"\xff"}\n')
    study = Study(tmp_path)
    assert repr(study).startswith("Study(")
    assert "\x1b" not in repr(study)
    assert "<script>" not in study._repr_html_()
    assert repr(Study(tmp_path / "<i>")).endswith("not begun)")
    assert "<i>" not in Study(tmp_path / "<i>")._repr_html_()
