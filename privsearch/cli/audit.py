"""The command that audits: a study, the outputs of networks trained elsewhere, or these networks themselves."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from privsearch.cli.app import EXIT_STATUS, app, new_console, say, say_written
from privsearch.cli.show import say_skipped
from privsearch.errors import SpecError

if TYPE_CHECKING:
    from privsearch.api.outputs import OutputsAudit
    from privsearch.api.reports import AuditReport


@app.command(epilog=EXIT_STATUS)
def audit(
    path: Annotated[
        Path | None,
        typer.Argument(
            metavar="STUDY_OR_FILE",
            help="A study's directory, or an NPZ file with the outputs of networks that were trained elsewhere.",
        ),
    ] = None,
    networks: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Instead of outputs: a Python file whose function trained_networks(x, y) returns pairs of a torch "
            "module and the rows that it was trained on.",
        ),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="With --networks: an NPZ file of x and y, and of groups if there are any."),
    ] = None,
    study: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Of outputs: the study to record them in; by default studies/<name>."),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Of outputs: the name of the examples; by default the file's.")
    ] = None,
    model: Annotated[str, typer.Option(metavar="NAME", help="Of outputs: the name of the networks.")] = "network",
    attacks: Annotated[
        list[str] | None,
        typer.Option(
            "--attack",
            metavar="ATTACKS",
            help="Of outputs: names such as lira,rmia, or a mapping such as '{kind: lira, mode: offline}'; repeatable. "
            "By default all that need outputs alone.",
        ),
    ] = None,
) -> None:
    """Print and write what every attack found, with intervals and placebos: tables and plots."""
    from privsearch.api.studies import audit_study
    from privsearch.report.terminal.audit import audit_view

    def show(report: "AuditReport") -> None:
        console = new_console()
        say(report.verdicts)
        for view in audit_view(report.table, console.width):
            console.print(view, "")
        say((*report.groups, *report.blind, *report.odd_outputs, *report.left_out))

    of_outputs = {"--study": study, "--name": name, "--attack": attacks}
    is_file = networks is None and path is not None and (path.is_file() or path.suffix == ".npz")
    if networks is None and not is_file:
        if data is not None:
            raise SpecError("--data: must come with --networks, whose networks are asked about it; add that")
        if path is None:
            raise SpecError("audit needs a study's directory, an NPZ file of outputs, or --networks with --data")
        if said := [option for option, value in of_outputs.items() if value is not None]:
            raise SpecError(f"{said[0]}: must come with outputs (an NPZ file, or --networks), but {path} is a study")
        folder: Path = path
    else:
        audited = _outputs_audited(path, networks, data, attacks or [], name, model, study)
        say(audited.told)
        folder = audited.study.path
    report = audit_study(folder, write=True, show=show)
    say_skipped(report.skipped)
    say_written(report.files)
    if networks is not None or is_file:
        typer.echo(f"recorded: {folder}; privsearch report {folder} makes its page")


def _outputs_audited(  # the options
    path: Path | None,
    networks: Path | None,
    data: Path | None,
    attacks: list[str],
    name: str | None,
    model: str,
    study: Path | None,
) -> "OutputsAudit":
    from privsearch.api.networks import audit_network_file
    from privsearch.api.outputs import audit_outputs
    from privsearch.spec.sweep_file import read_attacks

    wanted = read_attacks(attacks) if attacks else None
    if networks is None:
        assert path is not None  # the caller's
        return audit_outputs(path, attacks=wanted, name=name or path.stem, model=model, study=study)
    if path is not None:
        raise SpecError(f"--networks: the networks are asked themselves, so that {path} must be left out")
    if data is None:
        raise SpecError("--networks: must come with --data, an NPZ file of x and y that the networks are asked about")
    return audit_network_file(networks, data, attacks=wanted, name=name or data.stem, model=model, study=study)
