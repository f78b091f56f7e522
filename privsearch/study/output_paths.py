"""The places in a study of what is made from its record."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class OutputPaths:
    """The files and folders that are made from the record of a study, whether they are there yet or not.

    Attributes:
        study: the study's folder.
    """

    study: Path

    @property
    def index(self) -> Path:
        """The index for Optuna's tools."""
        return self.study / "optuna.journal"

    @property
    def package(self) -> Path:
        """The description of the tables, a Data Package."""
        return self.study / "datapackage.json"

    @property
    def report(self) -> Path:
        """The study as one page."""
        return self.study / "report.html"

    @property
    def fronts(self) -> Path:
        """The folder of the Pareto-front plots."""
        return self.study / "fronts"

    def drawings_of(self, task: str) -> tuple[Path, Path]:
        """Return the plot and the page of the front of a task, by the task's name."""
        return drawings_of(self.fronts, task)

    @property
    def tables(self) -> Path:
        """The folder of the paper's tables."""
        return self.study / "tables"

    @property
    def plots(self) -> Path:
        """The folder of the paper's figures."""
        return self.study / "plots"

    @property
    def audit(self) -> Path:
        """The folder of the audit's tables and plots."""
        return self.study / "audit"

    @property
    def analysis(self) -> Path:
        """The folder of importances and hypervolumes."""
        return self.study / "analysis"

    @property
    def comparison(self) -> Path:
        """The folder of the comparison with the published numbers."""
        return self.study / "comparison"

    @property
    def exports(self) -> Path:
        """The folder of exported configurations."""
        return self.study / "exports"

    @property
    def cards(self) -> Path:
        """The folder of model cards."""
        return self.study / "cards"

    def table(self, name: str) -> Path:
        """Return the path of a table of results, such as `results`."""
        return self.study / f"{name}.csv"


def drawings_of(folder: Path, task: str) -> tuple[Path, Path]:
    """Return the plot and the page of a task's front in a folder of fronts."""
    return folder / f"{task}.png", folder / f"{task}.html"
