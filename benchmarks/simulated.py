"""The command of a simulation: it writes a table and a plot, and prints the documentation's table."""

import argparse
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from rich.console import Console


def command(
    doc: str | None,
    path: Path,
    simulate: Callable[[int], pd.DataFrame],
    plot: Callable[[pd.DataFrame, Path], object],
    document: Callable[[pd.DataFrame], str],
    *,
    studies: int,
) -> None:
    """Simulate as many studies as the command line says.

    Args:
        doc: what is simulated, in its first line.
        path: the path of the files, without their endings.
        simulate: returns the table for so many studies.
        plot: draws it to a path.
        document: returns it as the documentation has it.
        studies: how many of each case there are by default.
    """
    parser = argparse.ArgumentParser(description=(doc or "").partition("\n")[0])
    parser.add_argument("--studies", type=int, default=studies, help=f"for each case ({studies})")
    table = simulate(parser.parse_args().studies)
    table.to_csv(path.with_suffix(".csv"), index=False, float_format="%.5g")
    plot(table, path)
    Console(width=220, markup=False, highlight=False).print(document(table))
