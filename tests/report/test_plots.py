import itertools
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from builders import make_completed, make_failed
from matplotlib.image import imread

from privsearch.errors import StudyError
from privsearch.frame import results_frame
from privsearch.report import plots
from privsearch.report.plots import write_plots
from privsearch.spec import Direction

OBJECTIVES: dict[str, Direction] = {"test_accuracy": "maximize", "svm.auc": "minimize"}
THRESHOLD_FIGURES = ["test_accuracy_vs_threshold", "svm_auc_vs_threshold"]
SURROGATE_FIGURE = "svm_auc_vs_surrogate_gradient"


def study(*datasets: Any) -> pd.DataFrame:
    """Trials for every figure."""
    axes: list[dict[str, Any]] = [
        *({"model": m, "act_bit_width": w} for m in ("ann", "snn") for w in (None, 4)),
        *({"model": m, "act_bit_width": 4, "threshold": 0.5} for m in ("ann", "snn")),
        {"model": "snn", "surrogate_gradient": "atan"},
    ]
    pairs = itertools.product(datasets, enumerate(axes))
    return results_frame(
        make_completed(dataset=dataset, accuracy=0.8 + 0.01 * number, auc=0.5 + 0.01 * number, **own)
        for dataset, (number, own) in pairs
    )


def test_every_figure_is_written_for_print(tmp_path: Path) -> None:
    """A full study gives each figure as PNG of 300 dpi, not blank, and as SVG whose text is text."""
    files, skipped = write_plots(tmp_path / "plots", study("iris"), OBJECTIVES)
    names = [*THRESHOLD_FIGURES, SURROGATE_FIGURE, "front_iris"]
    assert [path.name for path in files] == [f"{name}.{ending}" for name in names for ending in ("png", "svg")]
    assert skipped == []
    widths = {SURROGATE_FIGURE: 3.5}
    for png, svg in zip(files[::2], files[1::2], strict=True):
        image = imread(png)
        assert image.shape[1] == round(widths.get(png.stem, 7.2) * 300)
        assert image[..., :3].std() > 0.05
        text = svg.read_text(encoding="utf-8")
        assert "iris" in text
        assert "(fraction)" in text
        assert "<dc:date>" not in text


def test_same_study_gives_the_same_bytes(tmp_path: Path) -> None:
    """Drawing a study twice changes no file."""
    frame = study("iris")
    once, again = (write_plots(tmp_path / name, frame, OBJECTIVES).files for name in ("once", "again"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_skipped_figures_are_told_with_the_reason(tmp_path: Path) -> None:
    """A study without thresholds or surrogate gradients gives its fronts alone, and says what the others lack."""
    frame = results_frame([make_completed(), make_completed(model="snn"), make_failed(dataset="digits")])
    files, skipped = write_plots(tmp_path, frame, OBJECTIVES)
    assert [path.name for path in files] == ["front_iris.png", "front_iris.svg"]
    assert [message.split(":")[0] for message in skipped] == [*THRESHOLD_FIGURES, SURROGATE_FIGURE, "front_digits"]
    assert "sweep 'threshold' beside 'act_bit_width'" in skipped[0]
    assert "sweep 'surrogate_gradient'" in skipped[2]
    assert "no trial has completed" in skipped[3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["front_iris.png", "front_iris.svg"]


def test_more_datasets_than_fit_make_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Datasets beyond one page go to numbered pages; a dot in a dataset's name stays in its file's name."""
    monkeypatch.setattr(plots, "_DATASETS_ON_A_PAGE", 1)
    dotted = {"kind": "csv", "name": "v1.5", "path": "a.csv", "label": "class"}
    files, _ = write_plots(tmp_path, study("iris", dotted), OBJECTIVES)
    pages = [f"{name}_{page}" for name in (*THRESHOLD_FIGURES, SURROGATE_FIGURE) for page in (1, 2)]
    assert [path.name for path in files[::2]] == [f"{name}.png" for name in (*pages, "front_iris", "front_v1.5")]


def test_unknown_attack_is_refused(tmp_path: Path) -> None:
    """An attack that the study does not have is an error that names those it has."""
    with pytest.raises(StudyError, match="but got 'lira' and its attacks are svm"):
        write_plots(tmp_path, study("iris"), OBJECTIVES, "lira")
