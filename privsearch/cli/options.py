"""The arguments and options that several commands have."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from privsearch.api.choices import Reuse, RunnerName


def _use_plugins(given: list[str] | None) -> list[str] | None:
    """Run the plugins before the command looks at its sweep, and return their names."""
    for plugin in given or ():
        from privsearch.api.plugins import use_plugin  # slow to import, and seldom needed

        use_plugin(plugin)
    return given


Keep = Literal["yes", "no"]
"""The answers to whether a sweep keeps its signals, or its networks."""

SweepFile = Annotated[
    Path, typer.Argument(metavar="SWEEP", help="A sweep file (YAML), such as sweeps/quickstart.yaml.")
]
StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="A study's directory, such as studies/quickstart.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="PATH=VALUE", help="Write VALUE (YAML) over a field of the sweep file; repeatable."),
]
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        metavar="FILE_OR_MODULE",
        help="Run a Python file of your own, or import a module, that registers datasets, models, attacks; repeatable.",
        callback=_use_plugins,
    ),
]
StudyOption = Annotated[
    Path | None, typer.Option("--study", metavar="DIR", help="The study's directory; by default studies/<name>.")
]
DataDirOption = Annotated[
    Path | None,
    typer.Option(
        "--data-dir",
        metavar="DIR",
        envvar="PRIVSEARCH_DATA_DIR",
        help="Where downloaded datasets are; by default privsearch in the user's cache directory.",
    ),
]
RunnerOption = Annotated[RunnerName, typer.Option(help="tune: Ray's workers; inline: this process.")]
WorkersOption = Annotated[
    int | None,
    typer.Option(min=1, help="Trials at a time with the tune runner; by default as many as the resources suffice for."),
]
AddressOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS",
        help="Run on this Ray cluster: auto (the one this machine is part of), HOST:PORT or ray://HOST:PORT; by "
        "default on this machine alone.",
    ),
]
ReuseOption = Annotated[
    Reuse,
    typer.Option(
        help="Which recorded trials are not run again: all, or those of the present versions of privsearch and the "
        "packages it computes with."
    ),
]
FromOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--from",
        metavar="STUDY",
        help="Take from another study the networks that are the same, and what a search can use; repeatable.",
    ),
]
AttackOption = Annotated[
    str, typer.Option(help="The attack whose numbers are shown, by its name in the results table.")
]
ServeOption = Annotated[
    bool,
    typer.Option("--serve", help="Show the study as a page on this machine while this runs; its address is printed."),
]
PortOption = Annotated[
    int | None,
    typer.Option(min=0, max=65535, metavar="PORT", help="Where the page is, on 127.0.0.1; by default a free port."),
]
