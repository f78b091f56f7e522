"""The calls that show a study, choose from it, or make its files again."""

from collections.abc import Callable
from dataclasses import replace
from operator import attrgetter
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from privsearch.api.arguments import AnyStudy, open_study
from privsearch.api.reports import (
    AuditReport,
    CheckReport,
    DifferenceReport,
    ExplanationReport,
    PaperComparison,
    PaperTablesReport,
    PlotsReport,
    SelectionReport,
)
from privsearch.errors import StudyError

if TYPE_CHECKING:
    from privsearch.models.training import EpochListener
    from privsearch.report.outputs import Outputs
    from privsearch.spec.export_formats import ExportFormat
    from privsearch.sweep.export import Exported

R = TypeVar("R")


def pick_trials(
    study: AnyStudy, *, dataset: str | None = None, min_accuracy: float | None = None, max_energy: float | None = None
) -> SelectionReport:
    """Choose a configuration for each dataset under each protocol, and say what the choice rests on.

    Args:
        study: the study, or its folder.
        dataset: the name of one of its datasets, to leave the others out.
        min_accuracy: a fraction: choose among the configurations whose test accuracy is at least this with its whole
            95 % interval, the one that leaks least.
        max_energy: nanojoules: choose among those of which an example takes at most this, with the whole interval. It
            is the energy that is an objective of the study, or `energy.flat`.

    Raises:
        SpecError: `min_accuracy` is no fraction, or `max_energy` not above 0.
        StudyError: this is no study, has no such dataset or no result yet, nothing in it is to be low, or no energy is
            known.
    """
    from privsearch.analysis.selection import select
    from privsearch.report.wording.blind import blind_warnings
    from privsearch.report.wording.odd_outputs import odd_output_warnings

    folder = open_study(study)
    content = folder.load()
    selections = tuple(select(content, dataset=dataset, min_accuracy=min_accuracy, max_energy=max_energy))
    asked = [result for result in content.results if dataset in (None, result.spec.dataset_name)]
    return SelectionReport(selections, folder.path, (*blind_warnings(asked), *odd_output_warnings(asked)))


def export_trial(
    study: AnyStudy,
    trial_id: str,
    to: Path | str | None = None,
    *,
    dataset: str | None = None,
    protocol: str | None = None,
    train: bool = False,
    retrain: bool = False,
    graph: "ExportFormat | None" = None,
    on_epoch: "EpochListener | None" = None,
) -> "Exported":
    """Write one configuration as a sweep file of its own and, if they were kept, its networks.

    A folder that is named also gets what runs there without privsearch: weights, preprocessing, a program and a README.

    Args:
        study: the study, or its folder.
        trial_id: the id of a completed trial, the beginning of one, or the name of its configuration.
        to: the folder to write to; by default `exports` in the study, without what runs alone.
        dataset: the trial's dataset, where a name is that of several trials.
        protocol: the same of its protocol.
        train: train the configuration once more if its networks were not kept.
        retrain: train one network on all data, and write that one in the place of the trial's own.
        graph: `onnx` or `qonnx`, to write an ANN as such a graph too.
        on_epoch: told of either training.

    Raises:
        StudyError: there is no such study or trial, or the files cannot be written.
        DataError: the dataset is missing or unfit.
    """
    from privsearch.analysis.lookup import Within
    from privsearch.sweep.export import export

    folder, target, within = open_study(study), Path(to) if to is not None else None, Within(dataset, protocol)
    return export(folder, trial_id, target, within=within, train=train, retrain=retrain, graph=graph, on_epoch=on_epoch)


def explain_study(
    study: AnyStudy, *, write: bool = True, show: Callable[[ExplanationReport], None] | None = None
) -> ExplanationReport:
    """Work out what mattered for each front: importances of the axes, values on the front, growth of the hypervolume.

    Args:
        study: the study, or its folder.
        write: write tables and plots into the study's `analysis`.
        show: called with the report before its files are written, so that nothing is lost if they cannot be.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.analysis import explanation
    from privsearch.report.documents.importances import write_explanation

    folder = open_study(study)
    explanations = tuple(explanation.explain_study(folder.load()))
    _show(ExplanationReport(explanations), show)
    if not write:
        return ExplanationReport(explanations)
    with folder.rewriting_outputs():
        files = [path for one in explanations for path in write_explanation(folder.outputs.analysis, one)]
    return ExplanationReport(explanations, tuple(files))


def remake_outputs(study: AnyStudy, *, show: "Callable[[Outputs], None] | None" = None) -> "Outputs":
    """Write the tables, the index and the fronts of a study again.

    Args:
        study: the study, or its folder.
        show: called with what was computed, also if it cannot be written, as into a colleague's study.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.report.outputs import read_outputs, write_outputs

    folder = open_study(study)
    try:
        outputs = write_outputs(folder)
    except StudyError:
        _show(read_outputs(folder), show)
        raise
    _show(outputs, show)
    return outputs


def check_study(
    study: AnyStudy, *, repair: bool = False, on_repair: Callable[[str], None] | None = None
) -> CheckReport:
    """Examine every part of a study, and say what to do about it.

    Args:
        study: the study, or its folder.
        repair: move what is damaged aside and make again what can be made, before looking.
        on_repair: told of each repair as it is made, in words.

    Raises:
        StudyError: there is no study, or it cannot be read or written.
    """
    from privsearch.api.check import examine_study, repair_study

    folder = open_study(study)
    repaired = []
    for sentence in repair_study(folder) if repair else ():
        repaired.append(sentence)
        if on_repair:
            on_repair(sentence)
    return CheckReport(tuple(examine_study(folder)), tuple(repaired))


def diff_trials(
    study: AnyStudy,
    first: str,
    *others: str,
    dataset: str | None = None,
    protocol: str | None = None,
    column: str | None = None,
    equivalent_within: float | None = None,
    accuracy_within: float | None = None,
    at_equal_accuracy: bool = False,
) -> DifferenceReport:
    """Compare one configuration with others: is it more accurate, or does it leak less?

    Args:
        study: the study, or its folder.
        first: the id of a trial, the beginning of one, or the name of its configuration.
        others: the same of the trials to compare it with; by default all like it.
        dataset: the dataset of the first, where its name is that of several trials.
        protocol: the same of its protocol.
        column: a column of the table of targets that is compared beside accuracy.
        equivalent_within: a difference that is too small to matter, above 0: also test whether the difference is
            smaller.
        accuracy_within: the same for accuracy; by default that of the column.
        at_equal_accuracy: compare what both leak at the same accuracy, along the frontiers of the trials that differ
            from either in epochs alone.

    Raises:
        StudyError: none or several trials are meant, trials cannot be compared, or a margin cannot be one.
    """
    from privsearch.analysis.axis_values import varying_axes
    from privsearch.analysis.comparable import choose_trials
    from privsearch.analysis.differences import differences_frame
    from privsearch.analysis.equal_accuracy import equal_accuracy_frame
    from privsearch.analysis.frames import configurations_frame
    from privsearch.analysis.lookup import Within
    from privsearch.analysis.margins import Margins

    margins = Margins(equivalent_within, accuracy_within)
    results = open_study(study).results()
    one, rest = choose_trials(results, first, others, within=Within(dataset, protocol))
    of_task = attrgetter("spec.dataset_name", "spec.protocol.kind")
    varying = varying_axes(configurations_frame(result for result in results if of_task(result) == of_task(one)))
    if not at_equal_accuracy:
        return DifferenceReport(one, tuple(rest), differences_frame(one, rest, column, margins), varying)
    if not others:
        raise StudyError(
            f"{one.trial_id}: at equal accuracy must be compared with trials that are named, but got none; name one of "
            "the other family, whichever its epochs"
        )
    table = equal_accuracy_frame(one, rest, results, column, margins)
    return DifferenceReport(one, tuple(rest), table, varying, at_equal_accuracy=True)


def audit_study(
    study: AnyStudy, *, write: bool = False, show: Callable[[AuditReport], None] | None = None
) -> AuditReport:
    """Put together the findings of every attack, with intervals, placebos and noise floors.

    Args:
        study: the study, or its folder.
        write: write its tables and plots into the study's `audit`.
        show: called with the report before its files are written, so that nothing is lost if they cannot be.

    Raises:
        StudyError: the study cannot be read or written.
    """
    from privsearch.analysis.audit import audit_table
    from privsearch.analysis.tasks import tasks
    from privsearch.report.wording.audit import left_out
    from privsearch.report.wording.blind import blind_lines
    from privsearch.report.wording.groups import group_lines
    from privsearch.report.wording.odd_outputs import odd_output_warnings
    from privsearch.report.wording.verdict import verdict_lines

    folder = open_study(study)
    content = folder.load()
    results = content.results
    told = tuple(verdict_lines(list(tasks(results, content.sweep, content.rounds))))
    report = AuditReport(
        audit_table(results),
        tuple(left_out(results)),
        blind=tuple(blind_lines(results)),
        odd_outputs=tuple(odd_output_warnings(results)),
        verdicts=told,
        groups=tuple(group_lines(results)),
    )
    _show(report, show)
    if not write:
        return report
    from privsearch.report.documents.audit import write_audit
    from privsearch.report.figures.audit import write_audit_plots

    with folder.rewriting_outputs():
        plots = write_audit_plots(folder.outputs.audit, report.table)
        files = (*write_audit(folder.outputs.audit, results, report.table, told), *plots.files)
    return replace(report, files=files, skipped=tuple(plots.skipped))


def write_paper_tables(
    study: AnyStudy, attack: str = "svm", *, show: Callable[[PaperTablesReport], None] | None = None
) -> PaperTablesReport:
    """Write a study in the layout of the paper's Tables II and III: Markdown, LaTeX and CSV.

    Args:
        study: the study, or its folder.
        attack: the attack whose numbers are shown, by its name in the results table.
        show: called with the report before its files are written, so that nothing is lost if they cannot be.

    Raises:
        StudyError: the study has no trial under the paper's protocol, or no numbers of that attack.
    """
    from privsearch.report.documents.paper_tables import paper_tables, write_tables

    folder = open_study(study)
    tables = paper_tables(folder.frame(), attack)
    _show(PaperTablesReport(tuple(tables), ()), show)
    with folder.rewriting_outputs():
        return PaperTablesReport(tuple(tables), tuple(write_tables(folder.outputs.tables, tables)))


def write_plots(study: AnyStudy, attack: str = "svm") -> PlotsReport:
    """Write the paper's Figures 2 and 3, the fronts and the surrogate-gradient trade-off.

    Raises:
        StudyError: the study has no numbers of that attack.
    """
    from privsearch.report.figures import study as figures

    folder = open_study(study)
    with folder.rewriting_outputs():
        content = folder.load()
        plots = figures.write_plots(folder.outputs.plots, content.results, content.sweep, attack, content.rounds)
    return PlotsReport(tuple(plots.files), tuple(plots.skipped))


def compare_with_paper(
    study: AnyStudy,
    attack: str = "svm",
    *,
    write: bool = False,
    show: Callable[[PaperComparison], None] | None = None,
) -> PaperComparison:
    """Set a study beside the paper: every published number, and its claims judged by the study and by its own tables.

    Args:
        study: the study, or its folder.
        attack: the attack whose numbers are compared, by its name in the results table.
        write: write both into the study's `comparison`.
        show: called with the report before its files are written, so that nothing is lost if they cannot be.

    Raises:
        StudyError: the study has no trial under the paper's protocol, or no numbers of that attack.
    """
    from privsearch.analysis.frames import results_frame
    from privsearch.analysis.paper.verdicts import verdicts
    from privsearch.report.documents.paper_comparison import compare_cells, write_comparison

    folder = open_study(study)
    results = folder.results()
    cells, claims = compare_cells(results_frame(results), attack), tuple(verdicts(results, attack))
    _show(PaperComparison(cells, claims), show)
    if not write:
        return PaperComparison(cells, claims)
    with folder.rewriting_outputs():
        files = write_comparison(folder.outputs.comparison, cells, claims, attack)
    return PaperComparison(cells, claims, tuple(files))


def _show(report: R, show: Callable[[R], None] | None) -> None:
    if show:
        show(report)
