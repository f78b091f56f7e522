import json
from itertools import product
from typing import Any, Final

from builders import make_completed
from counted_networks import conventional, counted, spiking
from page_study import sweep_of

from privsearch._util.numerals import signed
from privsearch.analysis.labels import NOTATION
from privsearch.analysis.selection import select_in_task
from privsearch.analysis.tasks import tasks
from privsearch.api.study import Study
from privsearch.report.page.document import Document
from privsearch.report.page.fronts import task_rows, task_section
from privsearch.report.page.verdict import verdict
from privsearch.report.wording.verdict import verdict_sentence
from privsearch.spec import HalvesProtocol, PaperProtocol, Protocol, SweepSpec
from privsearch.spec.columns import COSTS, ENERGIES
from privsearch.study.result import Completed

PAPER: Final = PaperProtocol(replicates=2)


def test_the_verdict_is_that_of_pick(study: Study, document: Document) -> None:
    """Each task has its title and the sentence on the selection; what decides and the notation are said once."""
    content = study.load()
    (task,) = tasks(content.results, content.sweep)
    selection = select_in_task(task)
    shown = document["verdict"]
    assert shown["tasks"] == [{"title": task.title, "sentence": verdict_sentence(selection)}]
    assert shown["notation"] == NOTATION
    text = json.dumps(document, ensure_ascii=False)
    assert text.count("privacy is judged by") == text.count(NOTATION) == 1


def _sweep(*protocols: Protocol, **changes: Any) -> tuple[SweepSpec, list[Completed]]:
    fields = sweep_of("svm").model_dump(exclude={"objectives"}) | {"protocol": protocols} | changes
    results = [
        make_completed(f"{number:016x}", accuracy=0.9, auc=0.6, protocol=protocol, model=model)
        for number, (protocol, model) in enumerate(product(protocols, ("ann", "snn")))
    ]
    return SweepSpec.model_validate(fields), results


def test_each_protocol_says_what_privacy_is_judged_by() -> None:
    """By default the excess over the placebo under `paper`, and the strongest attack under `halves`, which decides."""
    sweep, results = _sweep(PAPER, HalvesProtocol(networks=4))
    shown = verdict(list(tasks(results, sweep)))
    assert [task["title"] for task in shown["tasks"]] == ["iris, protocol halves"]
    assert shown["judged"] == (
        "As in privsearch pick, privacy is judged by the svm excess AUC under paper (excess: what real members add to "
        "the placebo, the same attack on examples that no network was trained on) and by the worst AUC under halves "
        "(worst: the strongest attack). The verdict is that under halves, where attacks find membership alone; under "
        "paper they also recognise examples."
    )


def test_no_verdict_is_told() -> None:
    """Without a result, or where nothing that is to be low is an attack's, a sentence says why there is none."""
    assert verdict([])["judged"] == "No trial has finished yet, so there is no verdict."
    sweep, results = _sweep(PAPER, objectives={"test_accuracy": "maximize", "train_accuracy": "minimize"})
    without = verdict(list(tasks(results, sweep)))
    assert without["tasks"] == []
    assert "no objective of this study is one" in without["judged"]


def test_an_auc_and_its_excess_have_one_verdict() -> None:
    """The one that privacy is judged by is tested when two configurations are compared, and the other is not."""
    for objective, other in (("svm.auc", "svm.excess_auc"), ("svm.excess_auc", "svm.auc")):
        sweep, results = _sweep(PAPER, objectives={"test_accuracy": "maximize", objective: "minimize"})
        (task,) = tasks(results, sweep)
        section = task_section(task, task_rows(task, {}), {result.trial_id: result for result in results})
        tested = [paired["quantity"] for paired in section["paired"]]
        assert objective in tested
        assert other not in tested


def test_columns_that_stand_side_by_side_add_up(document: Document) -> None:
    """An excess has beside it the two AUCs whose difference it is; an AUC has its excess, and no placebo of its own."""
    (task,) = document["tasks"]
    keys = [heading["key"] for heading in task["headings"]]
    place = keys.index("svm.excess_auc")
    assert keys[place - 2 : place] == ["svm.matched_auc", "svm.placebo_auc"]
    for matched, placebo, excess in zip(*(task["rows"][key] for key in keys[place - 2 : place + 1]), strict=True):
        assert signed(matched - placebo) == signed(excess), "as they are shown, with three decimals"
    assert "placebo_auc" not in [heading["key"] for heading in task["leakage"]["headings"]]


def test_beside_an_energy_stand_those_by_the_other_tables() -> None:
    """As one alone says little; and the notes have the costs with their sources, and what has as many bits."""
    objectives = {"test_accuracy": "maximize", "svm.excess_auc": "minimize", "energy.bits": "minimize"}
    sweep, results = _sweep(PAPER, objectives=objectives)
    trials = [counted(result, made()) for result, made in zip(results, (conventional, spiking), strict=True)]
    (task,) = tasks(trials, sweep)
    rows = task_rows(task, {})
    section = task_section(task, rows, {result.trial_id: result for result in trials})
    keys = [heading["key"] for heading in section["headings"]]
    assert [key for key in keys if key in COSTS] == [
        *(energy for energy in ENERGIES if energy != "energy.bits"),
        *("firing_rate", "energy.bits"),
    ]
    assert {*ENERGIES} <= {*section["rows"]}
    notes = " ".join(section["notes"])
    assert "Horowitz 2014" in notes
    assert "Equal bits: the spikes of 25 steps say as much as activations of 5 bits" in notes
    (plain,) = tasks(trials, _sweep(PAPER)[0])
    shown = task_section(plain, task_rows(plain, {}), {result.trial_id: result for result in trials})
    assert not {*COSTS} & {heading["key"] for heading in shown["headings"]}
