"""The commands about datasets."""

from typing import Annotated

import typer

from privsearch.cli.app import EXIT_STATUS, app, new_console
from privsearch.cli.options import DataDirOption, SweepFile

data_app = typer.Typer(invoke_without_command=True, epilog=EXIT_STATUS)
app.add_typer(data_app, name="data")


@data_app.callback()
def data(context: typer.Context, data_dir: DataDirOption = None) -> None:
    """List the datasets that have a name, or fetch some of them."""
    from privsearch.data.directory import data_directory, use_data_directory

    use_data_directory(data_dir)
    if context.invoked_subcommand:
        return
    from privsearch.data import list_datasets
    from privsearch.report.terminal.datasets import dataset_table

    new_console().print(dataset_table(list_datasets()))
    typer.echo(
        f"Data directory: {data_directory()}; what is not there: privsearch data fetch NAME...\n"
        "Your own, as items of a sweep file's datasets:\n"
        "  {name: mine, path: mine.csv, label: column}\n"
        "  {name: mine, path: mine.npz}\n"
        "  {name: mine, path: inputs.npy, labels: labels.npy}\n"
        "  {name: mine, path: images/, size: 32}\n"
        "What a file holds, and its entry in full: privsearch data describe FILE --label COLUMN"
    )


@data_app.command(epilog=EXIT_STATUS)
def fetch(
    names: Annotated[
        list[str],
        typer.Argument(
            metavar="NAME...",
            help="One or more of mnist, fashion_mnist, cifar10, cifar100, svhn, kmnist, emnist_letters, "
            "emnist_balanced, emnist_digits.",
        ),
    ],
    data_dir: DataDirOption = None,
) -> None:
    """Download datasets through torchvision, check their files, and say where they are."""
    from privsearch.data.directory import use_data_directory
    from privsearch.data.fetch import fetch_images

    use_data_directory(data_dir)
    for name, folder in zip(names, fetch_images(names), strict=True):
        typer.echo(f"{name}: {folder}")


@data_app.command(epilog=EXIT_STATUS)
def describe(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A table, arrays, or a folder of images.")],
    label: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column that holds the class.")] = None,
    labels: Annotated[str | None, typer.Option(metavar="FILE", help="The labels of arrays in an NPY file.")] = None,
    group: Annotated[str | None, typer.Option(metavar="COLUMN", help="The column that names the persons.")] = None,
    kind: Annotated[
        str | None, typer.Option(help="csv, parquet, arrow, npz, npy or folder, if the path's ending does not tell.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="What separates fields, if it is not recognised.")] = None,
    decimal: Annotated[str | None, typer.Option(help="The decimal mark, if it is not recognised.")] = None,
    thousands: Annotated[str | None, typer.Option(help="The mark between thousands, if there is one.")] = None,
    encoding: Annotated[str | None, typer.Option(help="The text encoding, if it is not recognised.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what a file or folder holds, what may not be meant, and how a sweep file names it. Nothing is trained."""
    import json
    from dataclasses import asdict

    from privsearch.data.describe import describe_file
    from privsearch.errors import DataError
    from privsearch.report.terminal.description import description_lines

    given = {
        "labels": labels,
        "group": group,
        "kind": kind,
        "delimiter": delimiter,
        "decimal": decimal,
        "thousands": thousands,
        "encoding": encoding,
    }
    described = describe_file(file, label, **{name: value for name, value in given.items() if value is not None})
    if as_json:
        typer.echo(json.dumps(asdict(described), indent=2))
    else:
        console = new_console()
        for line in description_lines(described):
            console.print(line)
    if described.problem:
        raise DataError(described.problem)


@data_app.command(epilog=EXIT_STATUS)
def rows(
    sweep: SweepFile,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name that a folder of images has in the sweep.")],
) -> None:
    """Write which image is which row of a dataset, as rows of CSV: the split, the row in it, the class, the file."""
    import csv
    import sys

    from privsearch.data.image_folders import image_rows
    from privsearch.errors import DataError
    from privsearch.spec import FolderDataset
    from privsearch.spec.sweep_file import read_sweep

    folders = {entry.name: entry for entry in read_sweep(sweep).datasets if isinstance(entry, FolderDataset)}
    if name not in folders:
        raise DataError(
            f"{sweep}: the dataset must be a folder of images, of which this sweep has {', '.join(folders) or 'none'}, "
            f"but got {name!r}; name one of them"
        )
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(("split", "row", "class", "file"))
    writer.writerows(image_rows(folders[name]))
