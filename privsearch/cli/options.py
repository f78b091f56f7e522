"""The arguments and options that several commands have."""

from collections.abc import Callable
from contextlib import suppress
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal

import typer

from privsearch._util.text import cut
from privsearch.api.choices import Reuse, RunnerName
from privsearch.errors import SpecError


def _use_plugins(given: list[str] | None) -> list[str] | None:
    """Run the plugins before the command looks at its sweep, and return their names."""
    for plugin in given or ():
        from privsearch.api.plugins import use_plugin  # slow to import, and seldom needed

        use_plugin(plugin)
    return given


def decimal(option: str) -> Callable[[str], float]:
    """Return the reader of an option that is a number, which tells of the decimal point."""

    def read(text: str) -> float:
        with suppress(ValueError):
            return float(text)
        hint, point = "", text.strip().removesuffix("%").strip().replace(",", ".")
        with suppress(ValueError):
            hint = f"; write {float(point) / (100 if text.strip().endswith('%') else 1):g}"
        raise SpecError(f"{option}: must be a number with a decimal point, such as 0.95, but got {cut(text)}{hint}")

    return read


Keep = Literal["yes", "no"]
"""The answers to whether a sweep keeps its signals, or its networks."""


class Tracker(StrEnum):
    """The trackers of experiments that results can be written into; typer takes no list of literals."""

    MLFLOW = "mlflow"
    WANDB = "wandb"
    TENSORBOARD = "tensorboard"


SweepFile = Annotated[
    Path,
    typer.Argument(
        metavar="SWEEP",
        help="A sweep file (YAML), such as sweeps/quickstart.yaml, or the name of one that comes with privsearch, such "
        "as quickstart.",
    ),
]
StudyFolder = Annotated[Path, typer.Argument(metavar="STUDY", help="A study's directory, such as studies/quickstart.")]
TRIAL_HELP = (
    "A trial's id, the beginning of one, or the name of its configuration in quotes, as on the fronts: 'ANN w2'."
)
DatasetOption = Annotated[
    str | None, typer.Option("--dataset", metavar="NAME", help="Its dataset, if several have a trial of that name.")
]
ProtocolOption = Annotated[
    str | None, typer.Option("--protocol", metavar="KIND", help="Its protocol, if several have a trial of that name.")
]
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
LogOption = Annotated[
    list[Tracker] | None,
    typer.Option("--log", help="Write the results there at the end, as `privsearch log` does; repeatable."),
]
