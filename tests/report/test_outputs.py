from pathlib import Path

import pandas as pd
import pytest
from builders import make_completed, make_failed
from optuna import get_all_study_names
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from privsearch.analysis.frames import exposed_frame, results_frame, slices_frame, targets_frame
from privsearch.api.study import Study
from privsearch.report.outputs import write_outputs
from privsearch.report.unchanged import MEMORY
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.study.record import RecordWriter


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Study:
    """Two trials under paper, of which one failed, and two under halves."""
    halves = HalvesProtocol(networks=4)
    results = [
        make_completed("1" * 16),
        make_failed("2" * 16, model="snn"),
        make_completed("3" * 16, protocol=halves),
        make_completed("4" * 16, protocol=halves, model="snn"),
    ]
    sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | {"protocol": [tiny_sweep.protocol[0], halves]})
    made = Study(tmp_path / "study")
    made.begin(sweep, {result.trial_id: "iris" for result in results}, {})
    with RecordWriter(made.record_path) as record:
        for result in results:
            record.append(result)
    return made


def test_every_output_is_made_from_the_record(study: Study) -> None:
    """The four tables hold all trials; the index and the plots have one part for each protocol."""
    write_outputs(study)
    tables = {"results": results_frame, "targets": targets_frame, "slices": slices_frame, "exposed": exposed_frame}
    for name, table in tables.items():
        assert (study.path / f"{name}.csv").read_text() == table(study.results()).to_csv(index=False)
    assert len(pd.read_csv(study.path / "results.csv")) == 4
    storage = JournalStorage(JournalFileBackend(str(study.outputs.index)))
    assert get_all_study_names(storage) == ["iris_paper", "iris_halves"]
    plots = [f"iris_{kind}.{ending}" for kind in ("halves", "paper") for ending in ("html", "png")]
    assert sorted(path.name for path in study.outputs.fronts.iterdir()) == [MEMORY, *plots]


def test_tables_that_would_be_the_same_are_not_made_again(study: Study) -> None:
    """Tables and index are left alone until something is recorded, or somebody touches one of them."""
    files = [*(study.path / f"{name}.csv" for name in ("results", "targets", "slices", "exposed")), study.outputs.index]

    def places() -> list[int]:
        write_outputs(study)
        return [file.stat().st_mtime_ns for file in files]

    first = places()
    assert places() == first
    files[1].write_text("something else")
    assert not set(places()) & set(first)
    assert files[1].read_text() == targets_frame(study.results()).to_csv(index=False)
    second = places()
    with RecordWriter(study.record_path) as record:
        record.append(make_completed("2" * 16, model="snn"))
    assert not set(places()) & set(second)
    assert (pd.read_csv(files[0])["status"] == "completed").all()
