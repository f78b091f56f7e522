"""The importances of axes as files: tables for other programs, figures for a paper."""

from pathlib import Path

from privsearch._util.disk import writing
from privsearch.analysis.explanation import Explanation
from privsearch.report.figures.importances import plot_hypervolume, plot_importances
from privsearch.report.figures.style import save_figure


def write_explanation(folder: Path, explanation: Explanation) -> list[Path]:
    """Write `importances_<task>`, `values_<task>` and `hypervolume_<task>`: CSV, and PNG and SVG if drawn.

    Args:
        folder: the folder to write to, created if missing.
        explanation: the explanation of a task.

    Returns:
        The files. Importances that cannot be computed have none.

    Raises:
        StudyError: a file cannot be written.
    """
    name, written = explanation.task.name, []
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        tables = {
            "importances": explanation.importances,
            "values": explanation.values,
            "hypervolume": explanation.history,
        }
        for kind, table in tables.items():
            if kind != "importances" or not explanation.refused:
                path = folder / f"{kind}_{name}.csv"
                table.to_csv(path, index=False)
                written.append(path)
        if not explanation.refused:
            written += save_figure(plot_importances(explanation), folder / f"importances_{name}")
        written += save_figure(plot_hypervolume(explanation), folder / f"hypervolume_{name}")
    return written
