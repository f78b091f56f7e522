"""The commands that show what a study holds."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privsearch._util.text import printable
from privsearch.cli.app import EXIT_STATUS, ExitCode, app, new_console, print_fronts, say, say_written
from privsearch.cli.options import TRIAL_HELP, AttackOption, DatasetOption, ProtocolOption, StudyFolder, decimal
from privsearch.cli.summary import verdicts

if TYPE_CHECKING:
    from privsearch.api.reports import ExplanationReport, PaperComparison, PaperTablesReport
    from privsearch.report.outputs import Outputs


@app.command(epilog=EXIT_STATUS)
def front(study: StudyFolder) -> None:
    """Print the Pareto front of each dataset of a study, and write its tables, index and plots again."""
    from privsearch.api.studies import remake_outputs
    from privsearch.report.wording.blind import blind_warnings
    from privsearch.report.wording.odd_outputs import odd_output_warnings

    def show(outputs: "Outputs") -> None:
        print_fronts(new_console(), outputs.tasks)
        results = outputs.content.results
        say([*verdicts(outputs), *blind_warnings(results), *odd_output_warnings(results)])

    remake_outputs(study, show=show)


@app.command(epilog="Exit status: 0 sound, 1 something to repair, 2 no study, or one that cannot be read or written.")
def check(
    study: StudyFolder,
    repair: Annotated[
        bool, typer.Option("--repair", help="Move what is damaged aside, and make again what can be made.")
    ] = False,
) -> None:
    """Check every part of a study for damage, and say how to repair what is damaged."""
    from privsearch.api.studies import check_study
    from privsearch.report.terminal.check import check_table

    report = check_study(
        study, repair=repair, on_repair=lambda sentence: typer.echo(f"repaired: {printable(sentence)}")
    )
    new_console().print(check_table(report.findings))
    if not report.is_sound:
        raise typer.Exit(ExitCode.SOME_FAILED)


@app.command(epilog=EXIT_STATUS)
def diff(
    study: StudyFolder,
    first: Annotated[str, typer.Argument(metavar="A", help=TRIAL_HELP)],
    others: Annotated[
        list[str] | None, typer.Argument(metavar="[B...]", help="The trials to set against A; by default all like it.")
    ] = None,
    dataset: DatasetOption = None,
    protocol: ProtocolOption = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="The column of targets.csv that is compared beside accuracy; by default worst.auc, and under "
            "paper the excess over the placebo."
        ),
    ] = None,
    equivalent_within: Annotated[
        float | None,
        typer.Option(
            metavar="MARGIN",
            parser=decimal("--equivalent-within"),
            help="A difference that is too small to matter, such as 0.02: also test whether the difference is smaller.",
        ),
    ] = None,
    accuracy_within: Annotated[
        float | None,
        typer.Option(
            metavar="MARGIN",
            parser=decimal("--accuracy-within"),
            help="The same for accuracy; by default that of the column.",
        ),
    ] = None,
    at_equal_accuracy: Annotated[
        bool,
        typer.Option(
            "--at-equal-accuracy",
            help="Compare what both leak at the same accuracy, along the frontiers of the trials that differ from A, "
            "or from B, in epochs alone.",
        ),
    ] = False,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all differences to a CSV file.")] = None,
) -> None:
    """Test whether configurations differ in accuracy or in leakage, with an interval and a verdict for each."""
    from privsearch.api.studies import diff_trials
    from privsearch.report.terminal.differences import differences_view
    from privsearch.report.terminal.equal_accuracy import equal_accuracy_view

    report = diff_trials(
        study,
        first,
        *(others or ()),
        dataset=dataset,
        protocol=protocol,
        column=column,
        equivalent_within=equivalent_within,
        accuracy_within=accuracy_within,
        at_equal_accuracy=at_equal_accuracy,
    )
    view = equal_accuracy_view if report.at_equal_accuracy else differences_view
    new_console().print(view(report.first, report.others, report.table, report.varying))
    if csv:
        say_written([report.write_csv(csv)])


@app.command(epilog=EXIT_STATUS)
def explain(study: StudyFolder) -> None:
    """Say what mattered for each front: importance of the axes, values on the front, growth; write tables and plots."""
    from privsearch.api.studies import explain_study
    from privsearch.report.terminal.importances import explanation_view

    def show(report: "ExplanationReport") -> None:
        console = new_console()
        for explanation in report:
            for view in explanation_view(explanation):
                console.print(view, "")

    say_written(explain_study(study, show=show).files)


@app.command(epilog=EXIT_STATUS)
def report(
    study: StudyFolder,
    output: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where to write it; by default report.html in the study.")
    ] = None,
    roc: Annotated[
        int | None,
        typer.Option(
            min=0,
            metavar="N",
            help="As many trials get ROC curves, those on the fronts first; where no curves are kept, the attacks are "
            "computed again from the kept signals. 40 by default.",
        ),
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Write it as a PDF, report.pdf in the study, which takes Chromium or Chrome.")
    ] = False,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a study as one page that needs no network: fronts, tables, curves, failures, how to reproduce it."""
    from privsearch.api.documents import write_pdf
    from privsearch.api.views import write_report

    file = (write_pdf if pdf else write_report)(study, output, roc_trials=roc)
    say_written([file])
    if show:
        typer.launch(file.absolute().as_uri())


@app.command(epilog=EXIT_STATUS)
def tables(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Print and write a study in the layout of the paper's Tables II and III: Markdown, LaTeX, CSV."""
    from privsearch.api.studies import write_paper_tables
    from privsearch.report.documents.paper_tables import console_view

    def show(report: "PaperTablesReport") -> None:
        console = new_console()
        for table in report.tables:
            console.print(console_view(table), "")

    say_written(write_paper_tables(study, attack, show=show).files)


@app.command(epilog=EXIT_STATUS)
def plots(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Write the paper's Figures 2 and 3, the fronts and the surrogate-gradient trade-off: PNG and SVG."""
    from privsearch.api.studies import write_plots

    report = write_plots(study, attack)
    say_skipped(report.skipped)
    say_written(report.files)


@app.command(epilog=EXIT_STATUS)
def compare(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Set a study beside the paper: every published cell, and a verdict on each of the paper's claims."""
    from privsearch.api.studies import compare_with_paper
    from privsearch.report.documents.paper_comparison import comparison_view
    from privsearch.report.documents.paper_verdicts import verdict_views

    def show(comparison: "PaperComparison") -> None:
        console = new_console()
        console.print(comparison_view(comparison.cells, attack), "")
        console.print(*verdict_views(comparison.verdicts, attack), sep="\n")

    say_written(compare_with_paper(study, attack, write=True, show=show).files)


def say_skipped(reasons: Iterable[str]) -> None:
    """Print the reasons why figures were not drawn, to stderr."""
    for reason in reasons:
        typer.echo(f"skipped: {reason}", err=True)
