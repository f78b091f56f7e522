"""The commands that show what a study holds."""

from pathlib import Path
from typing import Annotated

import typer

from privsearch._util.text import printable
from privsearch.cli.app import EXIT_STATUS, ExitCode, app, new_console, print_fronts, say_written
from privsearch.cli.options import AttackOption, StudyFolder
from privsearch.errors import StudyError


@app.command(epilog=EXIT_STATUS)
def front(study: StudyFolder) -> None:
    """Print the Pareto front of each dataset of a study, and write its tables, index and plots again."""
    from privsearch.report.outputs import write_outputs
    from privsearch.study.folder import load_study

    print_fronts(new_console(), write_outputs(load_study(study)))


@app.command(epilog="Exit status: 0 sound, 1 something to repair, 2 no study, or one that cannot be read or written.")
def check(
    study: StudyFolder,
    repair: Annotated[
        bool, typer.Option("--repair", help="Move what is damaged aside, and make again what can be made.")
    ] = False,
) -> None:
    """Look at every part of a study: is it whole, does it belong together, and what is to be done where it is not?"""
    from privsearch.api.check import examine_study, repair_study
    from privsearch.report.terminal.check import State, check_table
    from privsearch.study.folder import load_study

    where = load_study(study)
    if repair:
        for done in repair_study(where):
            typer.echo(f"repaired: {printable(done)}")
    findings = examine_study(where)
    new_console().print(check_table(findings))
    if any(finding.state is State.REPAIR for finding in findings):
        raise typer.Exit(ExitCode.SOME_FAILED)


@app.command(epilog=EXIT_STATUS)
def diff(
    study: StudyFolder,
    first: Annotated[str, typer.Argument(metavar="A", help="A trial's id, or the beginning of one.")],
    others: Annotated[
        list[str] | None, typer.Argument(metavar="[B...]", help="The trials to set against A; by default all like it.")
    ] = None,
    column: Annotated[
        str | None,
        typer.Option(
            help="The column of targets.csv that is compared beside accuracy; by default worst.auc under halves, the "
            "excess over the placebo under paper."
        ),
    ] = None,
    csv: Annotated[Path | None, typer.Option(metavar="FILE", help="Write all differences to a CSV file.")] = None,
) -> None:
    """Say of configurations whether one is more accurate, or leaks less, than another: intervals and a verdict."""
    from privsearch.analysis.differences import choose_trials, differences_frame
    from privsearch.report.terminal.differences import differences_view
    from privsearch.study.folder import load_study

    a, rest = choose_trials(load_study(study).results(), first, others or [])
    found = differences_frame(a, rest, column)
    new_console().print(differences_view(a, rest, found))
    if csv:
        try:
            csv.parent.mkdir(parents=True, exist_ok=True)
            found.to_csv(csv, index=False)
        except OSError as error:
            raise StudyError(f"{csv}: must be a file that can be written, but: {error.strerror}") from None
        say_written([csv])


@app.command(epilog=EXIT_STATUS)
def audit(study: StudyFolder) -> None:
    """Print and write what every attack found, with intervals, placebos and noise floors: tables and plots."""
    from privsearch.analysis.audit import audit_table
    from privsearch.report.documents.audit import write_audit
    from privsearch.report.figures.audit import write_audit_plots
    from privsearch.report.terminal.audit import audit_view
    from privsearch.report.wording.audit import left_out
    from privsearch.study.folder import load_study

    where, console = load_study(study), new_console()
    results = where.results()
    table = audit_table(results)
    for view in audit_view(table):
        console.print(view, "")
    for line in left_out(results):
        typer.echo(line)
    with where.rewriting_outputs():
        written = write_audit_plots(where.audit, table)
        files = [*write_audit(where.audit, results, table), *written.files]
    for reason in written.skipped:
        typer.echo(f"skipped: {reason}", err=True)
    say_written(files)


@app.command(epilog=EXIT_STATUS)
def explain(study: StudyFolder) -> None:
    """Say what mattered for each front: importance of the axes, values on the front, growth; write tables and plots."""
    from privsearch.analysis.explanation import explain_study
    from privsearch.report.documents.importances import write_explanation
    from privsearch.report.terminal.importances import explanation_view
    from privsearch.study.folder import load_study

    where, console = load_study(study), new_console()
    found = explain_study(where)
    for one in found:
        for view in explanation_view(one):
            console.print(view, "")
    with where.rewriting_outputs():
        files = [path for one in found for path in write_explanation(where.analysis, one)]
    say_written(files)


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
            help="As many trials get ROC curves, those on the fronts first; their attacks are computed again from the "
            "kept signals. 40 by default.",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write a study as one page that needs no network: fronts, tables, curves, failures, how to reproduce it."""
    from privsearch.report.page.budget import ROC_TRIALS
    from privsearch.report.page.html import write_report
    from privsearch.study.folder import load_study

    where = load_study(study)
    with where.rewriting_outputs():
        file = write_report(where, output or where.report_path, ROC_TRIALS if roc is None else roc)
    say_written([file])
    if show:
        typer.launch(file.absolute().as_uri())


@app.command(epilog=EXIT_STATUS)
def tables(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Print and write a study in the layout of the paper's Tables II and III: Markdown, LaTeX, CSV."""
    from privsearch.report.documents.paper_tables import console_view, paper_tables, write_tables
    from privsearch.study.folder import load_study

    where, console = load_study(study), new_console()
    frame = where.frame()
    for table in paper_tables(frame, attack):
        console.print(console_view(table), "")
    with where.rewriting_outputs():
        files = write_tables(where.tables, frame, attack)
    say_written(files)


@app.command(epilog=EXIT_STATUS)
def plots(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Write the paper's Figures 2 and 3, the fronts and the surrogate-gradient trade-off: PNG and SVG."""
    from privsearch.report.figures.study import write_plots
    from privsearch.study.folder import load_study

    where = load_study(study)
    with where.rewriting_outputs():
        written = write_plots(where.plots, where.results(), where.sweep(), attack)
    for reason in written.skipped:
        typer.echo(f"skipped: {reason}", err=True)
    say_written(written.files)


@app.command(epilog=EXIT_STATUS)
def compare(study: StudyFolder, attack: AttackOption = "svm") -> None:
    """Set a study beside the paper: every published cell, and a verdict on each of the paper's claims."""
    from privsearch.analysis.paper.verdicts import verdicts
    from privsearch.report.documents.paper_comparison import compare_cells, comparison_view, write_comparison
    from privsearch.report.documents.paper_verdicts import verdict_views
    from privsearch.study.folder import load_study

    where, console = load_study(study), new_console()
    results = where.results()
    cells, said = compare_cells(where.frame(), attack), verdicts(results, attack)
    console.print(comparison_view(cells, attack), "")
    console.print(*verdict_views(said, attack), sep="\n")
    with where.rewriting_outputs():
        files = write_comparison(where.comparison, results, attack)
    say_written(files)
