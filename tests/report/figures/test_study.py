import itertools
from pathlib import Path
from typing import Any

import pytest
from builders import make_completed, make_failed
from matplotlib.image import imread

from privsearch.errors import StudyError
from privsearch.report.figures import study as plots
from privsearch.report.figures.study import write_plots
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.study.result import Completed

THRESHOLD_FIGURES = ["test_accuracy_vs_threshold", "svm_auc_vs_threshold"]
SURROGATE_FIGURE = "svm_auc_vs_surrogate_gradient"


def sweep(*protocols: str) -> SweepSpec:
    """A sweep with these protocols; what else it asks for is in no figure."""
    asked = {"name": "a", "datasets": ["iris"], "protocol": protocols or "paper", "grids": {"a": {"model": ["ann"]}}}
    return SweepSpec.model_validate(asked)


def study(*datasets: Any, **fixed: Any) -> list[Completed]:
    """Trials for every figure."""
    axes: list[dict[str, Any]] = [
        *({"model": m, "act_bit_width": w} for m in ("ann", "snn") for w in (None, 4)),
        *({"model": m, "act_bit_width": 4, "threshold": 0.5} for m in ("ann", "snn")),
        {"model": "snn", "surrogate_gradient": "atan"},
    ]
    pairs = itertools.product(datasets, enumerate(axes))
    return [
        make_completed(
            f"{number:016x}", dataset=dataset, accuracy=0.8 + 0.01 * number, auc=0.5 + 0.01 * number, **own, **fixed
        )
        for dataset, (number, own) in pairs
    ]


def test_every_figure_is_written_for_print(tmp_path: Path) -> None:
    """A full study gives each figure as PNG of 300 dpi, not blank, and as SVG whose text is text."""
    files, skipped = write_plots(tmp_path / "plots", study("iris"), sweep())
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
    results = study("iris")
    once, again = (write_plots(tmp_path / name, results, sweep()).files for name in ("once", "again"))
    assert [path.read_bytes() for path in once] == [path.read_bytes() for path in again]


def test_skipped_figures_are_told_with_the_reason(tmp_path: Path) -> None:
    """A study without thresholds or surrogate gradients gives its fronts alone, and says what the others lack."""
    results = [make_completed(), make_completed("c" * 16, model="snn"), make_failed(dataset="digits")]
    files, skipped = write_plots(tmp_path, results, sweep())
    assert [path.name for path in files] == ["front_iris.png", "front_iris.svg"]
    assert [message.split(":")[0] for message in skipped] == [*THRESHOLD_FIGURES, SURROGATE_FIGURE, "front_digits"]
    assert "sweep 'threshold' beside 'act_bit_width'" in skipped[0]
    assert "sweep 'surrogate_gradient'" in skipped[2]
    assert "no trial that has learnt has" in skipped[3]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["front_iris.png", "front_iris.svg"]


def test_more_datasets_than_fit_make_pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Datasets beyond one page go to numbered pages; a dot in a dataset's name stays in its file's name."""
    monkeypatch.setattr(plots, "_DATASETS_ON_A_PAGE", 1)
    dotted = {"kind": "csv", "name": "v1.5", "path": "a.csv", "label": "class"}
    files, _ = write_plots(tmp_path, study("iris", dotted), sweep())
    pages = [f"{name}_{page}" for name in (*THRESHOLD_FIGURES, SURROGATE_FIGURE) for page in (1, 2)]
    assert [path.name for path in files[::2]] == [f"{name}.png" for name in (*pages, "front_iris", "front_v1.5")]


def test_unknown_attack_is_refused(tmp_path: Path) -> None:
    """An attack that the study does not have is an error that names those it has."""
    with pytest.raises(StudyError, match="but got 'lira' and its attacks are svm"):
        write_plots(tmp_path, study("iris"), sweep(), "lira")


@pytest.fixture
def unsaved(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures are drawn, and only their names are kept."""
    monkeypatch.setattr(plots, "save_figure", lambda figure, path: [path])


@pytest.mark.usefixtures("unsaved")
def test_figures_of_the_paper_show_its_protocol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside trials under another protocol, the paper's figures show those under its own; each has a front."""
    shown = []
    for name in ("plot_threshold", "plot_surrogates"):
        monkeypatch.setattr(plots, name, lambda rows, **_: shown.append(set(rows["protocol"])))
    results = [*study("iris", protocol=HalvesProtocol(networks=4)), *study("iris")]
    files, _ = write_plots(tmp_path, results, sweep("halves", "paper"))
    assert shown == [{"paper"}] * 3
    assert [path.name for path in files[3:]] == ["front_iris_halves", "front_iris_paper"]


@pytest.mark.usefixtures("unsaved")
def test_figures_of_the_paper_are_drawn_of_another_protocol(tmp_path: Path) -> None:
    """Of a study without the paper's protocol, they show the one that it has."""
    files, skipped = write_plots(tmp_path, study("iris", protocol=HalvesProtocol(networks=4)), sweep("halves"))
    assert [path.name for path in files] == [*THRESHOLD_FIGURES, SURROGATE_FIGURE, "front_iris"]
    assert skipped == []
