"""`python -m benchmarks`: measure the rows, print the table, keep the results, draw them over time."""

import argparse
from pathlib import Path

from rich.console import Console

from benchmarks.measure import measure
from benchmarks.plot import plot_results
from benchmarks.registry import chosen_rows
from benchmarks.result import append_result, load_results
from benchmarks.table import print_results
from privsearch.study.environment import describe_environment


def main() -> None:
    """Run the command of the arguments."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("command", nargs="?", choices=("run", "plot"), default="run", help="default: run")
    parser.add_argument("--quick", action="store_true", help="fewer rounds, and smaller ones where a peer is very slow")
    parser.add_argument("--only", metavar="NAME[,NAME]", help="measure these rows alone")
    parser.add_argument("--list", action="store_true", help="print the rows' names and what they measure")
    parser.add_argument(
        "--output", type=Path, default=Path(__file__).parent, metavar="FOLDER", help="where results.jsonl and plots go"
    )
    arguments = parser.parse_args()
    console, output = _console(), arguments.output
    if arguments.list:
        for row in chosen_rows(arguments.only):
            console.print(f"{row.name}: {row.what}", highlight=False)
        return
    output.mkdir(parents=True, exist_ok=True)
    if arguments.command == "run":
        _run(arguments.only, output / "results.jsonl", console, quick=arguments.quick)
    plot_results(load_results(output / "results.jsonl"), output / "results")


def _run(names: str | None, record: Path, console: Console, *, quick: bool) -> None:
    environment, results = describe_environment(), []
    for row in chosen_rows(names):
        with console.status(row.what):
            results.append(measure(row, environment, quick=quick))
        append_result(record, results[-1])
        if results[-1].failure:
            console.print(f"{row.name}\n{results[-1].failure}", highlight=False, markup=False)
    print_results(results, console)


def _console() -> Console:
    """Return the console; if the output goes to a file, it is wide enough for one line a row."""
    console = Console()
    return console if console.is_terminal else Console(width=500)


if __name__ == "__main__":
    main()
