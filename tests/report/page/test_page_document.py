import json
from itertools import pairwise
from pathlib import Path

import pytest
from builders import make_completed
from compared_trials import QUIET, A, attacked
from page_study import searched_study, sweep_of

from privsearch.analysis.tasks import tasks
from privsearch.api.study import Study
from privsearch.report.page.budget import MOST_BYTES, encoded, fitting, num_bytes
from privsearch.report.page.columns import short
from privsearch.report.page.document import Document, build_document
from privsearch.report.page.fronts import task_rows, task_section
from privsearch.report.page.html import embedded
from privsearch.spec import LiraAttack, SvmAttack, SweepSpec
from privsearch.study.environment import describe_environment


def test_the_document_is_json_and_has_every_trial(study: Study, document: Document) -> None:
    """All is plain JSON with finite numbers; every completed trial is among the rows, the others among the failures."""
    assert json.loads(encoded(document)) == document
    rows = [trial_id for task in document["tasks"] for trial_id in task["rows"]["trial_id"]]
    others = [failure["trial_id"] for failure in document["failures"]["failed"] + document["failures"]["waiting"]]
    assert sorted(rows + others) == sorted(study.load().trials)


def test_rows_say_what_the_results_table_says(study: Study, document: Document) -> None:
    """The numbers on the page are those of results.csv, to five digits."""
    frame = study.frame().set_index("trial_id")
    rows = document["tasks"][0]["rows"]
    for place, trial_id in enumerate(rows["trial_id"]):
        for column in ("test_accuracy", "svm.excess_auc"):
            assert rows[column][place] == pytest.approx(frame.loc[trial_id, column], rel=1e-4)
        # These are rounded so that they add up.
        for column in ("svm.matched_auc", "svm.placebo_auc"):
            assert rows[column][place] == pytest.approx(frame.loc[trial_id, column], abs=1e-3)


def test_the_front_comes_first(document: Document) -> None:
    """The candidates stand in the order of the first objective, each with a tier; all columns are of one length."""
    task = document["tasks"][0]
    rows, count = task["rows"], task["num_candidates"]
    assert {len(column) for column in rows.values()} == {len(rows["trial_id"])}
    assert all(one >= other for one, other in pairwise(rows["test_accuracy"][:count]))
    assert all(tier in (0, 1, 2) for tier in rows["tier"][:count])
    assert any(rows["on_front"][:count])


def test_pairs_of_targets_are_those_of_the_record(study: Study, document: Document) -> None:
    """What two configurations are compared in has one value a target, and the mean is the row's."""
    task = document["tasks"][0]
    for paired in task["paired"]:
        assert {len(values) for values in paired["values"]} == {2}
    (accuracy,) = [paired for paired in task["paired"] if paired["quantity"] == "test_accuracy"]
    means = [sum(values) / len(values) for values in accuracy["values"]]
    assert means == pytest.approx(task["rows"]["test_accuracy"], rel=1e-4)


def test_strongest_attacks_say_what_they_were_chosen_among() -> None:
    """The page has no test of a difference in `worst` between trials that other attacks were run on."""
    aucs = [0.6, 0.62, 0.61, 0.64]
    trials = [attacked(A, {SvmAttack(): aucs}), attacked(QUIET, {SvmAttack(): aucs, LiraAttack(): aucs})]
    fields = {
        "name": "a",
        "datasets": ["iris"],
        "protocol": {"kind": "halves", "networks": 4},
        "attacks": ["svm", "lira"],
    }
    sweep = SweepSpec.model_validate(fields | {"grids": {"a": {"model": ["ann"]}}})
    (task,) = tasks(trials, sweep)
    section = task_section(task, task_rows(task, {}), {trial.trial_id: trial for trial in trials})
    choices = {paired["quantity"]: paired["choices"] for paired in section["paired"]}
    assert choices["test_accuracy"] is None
    assert sorted(choices["worst.auc"] or []) == [f"{LiraAttack().name}, svm", "svm"]


def test_what_cannot_be_drawn_is_said(document: Document) -> None:
    """A figure of the paper that the study has no trials for is named, with what it needs."""
    (missing,) = [text for text in document["paper"]["missing"] if "by surrogate gradient" in text]
    assert "sweep 'surrogate_gradient'" in missing


def test_a_strangers_environment_is_text(study: Study, document: Document) -> None:
    """A commit that is none gets into no command, and all else that environments.jsonl has is shortened text."""
    environment = describe_environment() | {"privsearch": {"commit": "; rm -rf /"}, "python": 3, "packages": ["x"]}
    study.begin(study.sweep(), study.load().trials, environment)
    with study.environments_path.open("a", encoding="utf-8") as file:
        file.write("[1]\n" + "[" * 10_000 + "\n")
    made = build_document(study, MOST_BYTES / 2, roc_trials=0)["provenance"]
    assert made["runs"][-1]["commit"] == ""
    assert made["num_runs"] == document["provenance"]["num_runs"] + 1
    assert not any("rm -rf" in command for command in made["commands"])


def test_nothing_ends_the_element_that_the_document_stands_in() -> None:
    """What could end a script element, or a line of one, is escaped, and the JSON says the same."""
    document = {"text": "</script><!-- & \u2028"}
    text = embedded(document)  # type: ignore[arg-type]
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == document


def test_sizes_are_those_of_the_page() -> None:
    """What is counted is at least what is written, escapes included."""
    value = {"text": "<é&>", "numbers": [1.5, None]}
    assert num_bytes(value) >= len(embedded(value).encode())  # type: ignore[arg-type]
    assert list(fitting(["aa", "bb", "cc"], 10)) == ["aa", "bb"]


def test_numbers_are_short() -> None:
    """Five significant digits; what JSON cannot say is missing."""
    assert [short(value) for value in (0.123456789, float("nan"), float("inf"), None, 3, "x")] == [
        *(0.12346, None, None, None),
        *(3, "x"),
    ]


def test_a_study_without_results_has_a_document(tmp_path_factory: pytest.TempPathFactory) -> None:
    """All that was asked is there before anything has run."""
    study = Study(tmp_path_factory.mktemp("empty"))
    study.begin(sweep_of("svm"), {"a" * 16: "iris"}, describe_environment())
    document = build_document(study, MOST_BYTES / 2)
    assert document["tasks"] == []
    assert document["asked"]["counts"]["not run yet"] == 1


def test_what_has_no_room_is_left_out_and_said(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Where the page would be too large, the likeliest on the front keep their attacks and curves."""
    study = Study(tmp_path_factory.mktemp("large"))
    results = [
        make_completed(
            f"{number:016x}",
            accuracy=0.5 + number / 100,
            auc=0.6,
            protocol=sweep_of("svm").protocol[0],
            epochs=number + 1,
        )
        for number in range(40)
    ]
    study.begin(sweep_of("svm"), {result.trial_id: "iris" for result in results}, describe_environment())
    study.record_path.write_text("".join(result.model_dump_json() + "\n" for result in results))
    whole = build_document(study, 10**7)
    assert whole["curves"]["left_out"] == whole["tasks"][0]["leakage"]["left_out"] == ""
    fixed = num_bytes(whole) - num_bytes(whole["curves"]) - num_bytes(whole["tasks"][0]["leakage"]["rows"])
    small = build_document(study, fixed + 2000)
    assert num_bytes(small) <= fixed + 2000
    assert "trials.jsonl has all" in small["curves"]["left_out"]
    assert "results.csv has all" in small["tasks"][0]["leakage"]["left_out"]
    shown = [trial["trial_id"] for trial in small["curves"]["trials"]]
    assert shown == [trial["trial_id"] for trial in whole["curves"]["trials"]][: len(shown)]
    assert f"{39:016x}" == shown[0]


def test_a_search_is_told(tmp_path: Path) -> None:
    """What it might choose, what chose, when it was to end, what had to hold, how far it came, and why it ended."""
    document = build_document(searched_study(tmp_path / "s"), MOST_BYTES / 2)
    facts = {fact["name"]: fact["said"] for fact in document["asked"]["facts"]}
    assert facts["Search"] == [
        "sampler nsga2, population_size 4; seed 0; up to 8 at a time await their results",
        "ends after 12 trials, for each dataset under each protocol",
        "space: model ann, snn; weight_bit_width full, 4; beta from 0.8 to 0.98; learning_rate from 0.001 to 0.1, "
        "logarithmic",
        "asked for: test accuracy >= 0.8",
    ]
    assert facts["Searched"] == [
        "iris: 12 of 12 proposed, 1 repeat, 0 known before; ended: the budget of 12 trials is spent"
    ]
    assert "Configurations" not in facts
    (task,) = document["tasks"]
    assert task["counts"].endswith(
        "; asked for: test accuracy >= 0.8; 7 of 12 configurations with every objective satisfy it"
    )


def test_proposals_have_their_numbers(tmp_path: Path, document: Document) -> None:
    """A column of the table, as in search.jsonl; a study that searched nothing has none."""
    (task,) = build_document(searched_study(tmp_path / "s"), MOST_BYTES / 2)["tasks"]
    found = dict(zip(task["rows"]["trial_id"], task["rows"]["proposal"], strict=True))
    assert found == {f"{n:016x}": n + (n >= 6) for n in range(12)}
    assert "proposal" in [heading["key"] for heading in task["headings"]]
    assert "proposal" not in [heading["key"] for heading in document["tasks"][0]["headings"]]
    assert "proposal" not in document["tasks"][0]["rows"]


def test_the_growth_is_that_of_the_proposals(tmp_path: Path, document: Document) -> None:
    """In their order, not in that of the ends; without a search, in the order of the record."""
    (growth,) = build_document(searched_study(tmp_path / "s"), MOST_BYTES / 2)["growth"]
    assert (growth["along"], growth["num_trials"]) == ("trials, as proposed", 12)
    assert growth["rows"]["number"][0] == 6, "the first five violate the constraint"
    assert growth["rows"]["trial_id"][0] == f"{5:016x}"
    assert growth["words"].endswith("after 12.")
    assert all(one < other for one, other in pairwise(growth["rows"]["hypervolume"]))
    (other,) = document["growth"]
    assert other["along"] == "finished trials"


def test_a_search_that_has_not_ended_says_so(tmp_path: Path) -> None:
    """With the proposals that have no result yet."""
    study = searched_study(tmp_path / "s")
    for path, kept in ((study.proposals_path, 9), (study.record_path, 12)):
        path.write_text("".join(path.read_text().splitlines(keepends=True)[:kept]))
    lines = study.record_path.read_text().splitlines(keepends=True)
    study.record_path.write_text("".join(line for line in lines if f"{7:016x}" not in line))
    facts = {fact["name"]: fact["said"] for fact in build_document(study, MOST_BYTES / 2)["asked"]["facts"]}
    assert facts["Searched"] == ["iris: 8 of 12 proposed, 1 repeat, 0 known before; not ended, 1 without a result yet"]
