import io
import json
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import (
    HEALTHY,
    LINES,
    NUMBERS,
    SEEDS,
    TABLE,
    mutated_bytes,
    mutated_table,
    mutated_text,
    mutated_values,
    record_with,
    with_odd_numbers,
)

from privsearch._util.text import printable
from privsearch.analysis.frames import exposed_frame, slices_frame, targets_frame
from privsearch.analysis.tasks import tasks
from privsearch.api.sweeps import plan_sweep
from privsearch.data.arrays import load_npz
from privsearch.data.raw import RawDataset
from privsearch.data.tables import load_table
from privsearch.errors import PrivsearchError
from privsearch.spec import NpzDataset, SweepSpec, TableDataset, TrialSpec
from privsearch.spec.bounds import ROUNDING
from privsearch.spec.columns import AUDIT_MEANS, Column
from privsearch.spec.sweep_file import read_sweep
from privsearch.study.record import read_record

SECONDS = 10.0
Done = TypeVar("Done")
SWEEP = SweepSpec.model_validate({"name": "s", "datasets": ["iris"], "grids": {"g": {"model": ["ann", "snn"]}}})
POSSIBLE = {"test_accuracy", "train_accuracy", "auc_low", "auc_high", "seconds", *AUDIT_MEANS}


def _arrays() -> bytes:
    file = io.BytesIO()
    np.savez(file, x=np.arange(36.0).reshape(12, 3), y=np.arange(12) % 3)
    return file.getvalue()


ARRAYS = _arrays()


def assert_read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    start, told = time.monotonic(), str(path)
    try:
        read_sweep(path)
    except PrivsearchError as error:
        told = str(error)
    assert str(path) in told
    assert told == printable(told)
    assert time.monotonic() - start < SECONDS


def assert_healthy_lines_survive(path: Path, garbage: bytes) -> None:
    assert record_with(path, garbage).results.keys() >= HEALTHY


def assert_damage_or_possible(path: Path, line: bytes) -> None:
    """A changed line is damage, or all that tables show of it can be."""
    path.write_bytes(line)
    results = list(read_record(path).results.values())
    if not results:
        return
    for task in tasks(results, SWEEP):
        for header, values in task.rows.items():
            column = Column.parse(str(header))
            if column.number in POSSIBLE and values.notna().any():
                low, high = column.bounds
                assert low - ROUNDING <= values.min() <= values.max() <= high + ROUNDING, (header, line)
    for table in (targets_frame, slices_frame, exposed_frame):
        table(results).to_csv(index=False)


def done_or_refused(call: Callable[[], Done]) -> Done | None:
    """What a call gives; None if it refuses, in words that a terminal can show."""
    told = ""
    try:
        return call()
    except PrivsearchError as error:
        told = str(error)
    assert told == printable(told)
    return None


def assert_planned_or_refused(fields: dict[str, Any], study: Path) -> None:
    """A sweep is refused, or all of its trials are such that they could be recorded, at a cost that is a number."""
    plan = done_or_refused(lambda: plan_sweep(fields, study=study))
    if plan is None:
        return
    assert json.loads(json.dumps(plan.summary(), allow_nan=False))["trials"] == len(plan.trials)
    for trial in plan.trials:
        assert TrialSpec.model_validate_json(trial.spec.model_dump_json()) == trial.spec


def assert_loaded_or_refused(load: Callable[[], RawDataset]) -> None:
    """Data are finite numbers with classes, or refused."""
    raw = done_or_refused(load)
    if raw is None:
        return
    assert np.isfinite(raw.x).all()
    assert len(raw.x) == len(raw.y)
    assert 0 <= raw.y.min() <= raw.y.max() < len(raw.class_names)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file to write again and again."""
    return tmp_path_factory.mktemp("fuzz") / "input"


@settings(max_examples=100)
@given(content=st.binary(max_size=200) | st.text(max_size=100).map(lambda text: text.encode(errors="surrogatepass")))
def test_no_bytes_get_a_traceback(path: Path, content: bytes) -> None:
    """Whatever a sweep file holds, it is read, or refused with its name."""
    assert_read_or_refused(path, content)


@settings(max_examples=150)
@given(dice=st.randoms(use_true_random=False), seed=st.sampled_from(SEEDS))
def test_no_change_to_a_sweep_file_gets_a_traceback(path: Path, dice: Random, seed: str) -> None:
    """A good sweep file with pieces cut, doubled, moved or written into it is read, or refused with its name."""
    assert_read_or_refused(path, mutated_text(dice, seed).encode())


@settings(max_examples=150)
@given(dice=st.randoms(use_true_random=False), seed=st.sampled_from(SEEDS))
def test_no_value_gets_a_traceback(path: Path, dice: Random, seed: str) -> None:
    """A good sweep file with values of other types, and in other places, is read, or refused with its name."""
    assert_read_or_refused(path, mutated_values(dice, seed).encode())


@settings(max_examples=100)
@given(garbage=st.binary(max_size=200))
def test_no_garbage_costs_a_healthy_line(path: Path, garbage: bytes) -> None:
    """Whatever stands between the lines of a record, it is read without an error, and they are."""
    assert_healthy_lines_survive(path, garbage)


@settings(max_examples=60)
@given(dice=st.randoms(use_true_random=False), line=st.sampled_from(LINES))
def test_no_damaged_line_costs_a_healthy_one(path: Path, dice: Random, line: bytes) -> None:
    """The same of lines that were healthy until something was changed."""
    assert_healthy_lines_survive(path, mutated_bytes(dice, line))


@settings(max_examples=50)
@given(dice=st.randoms(use_true_random=False), line=st.sampled_from(LINES))
def test_no_changed_number_is_shown_as_a_result(path: Path, dice: Random, line: bytes) -> None:
    """A line of a good record with other numbers in it is damage, or has numbers that a trial can have."""
    assert_damage_or_possible(path, json.dumps(with_odd_numbers(dice, json.loads(line))).encode())


@settings(max_examples=50)
@given(dice=st.randoms(use_true_random=False))
def test_no_number_of_a_sweep_ends_a_plan(path: Path, dice: Random) -> None:
    """Whatever the numbers of a sweep, it is refused, or planned to the end."""
    assert_planned_or_refused(with_odd_numbers(dice, NUMBERS), path.parent / "study")


@settings(max_examples=50)
@given(dice=st.randoms(use_true_random=False))
def test_no_table_gets_a_traceback(path: Path, dice: Random) -> None:
    """A table with odd cells is read as finite numbers, or refused."""
    path.write_text(mutated_table(dice), encoding="utf-8")
    assert_loaded_or_refused(lambda: load_table(TableDataset(name="mine", path=str(path), label="kind")))


@settings(max_examples=50)
@given(dice=st.randoms(use_true_random=False))
def test_no_archive_gets_a_traceback(path: Path, dice: Random) -> None:
    """Arrays with bytes cut, changed or doubled are read as finite numbers, or refused."""
    path.write_bytes(mutated_bytes(dice, ARRAYS))
    assert_loaded_or_refused(lambda: load_npz(NpzDataset(name="mine", path=str(path))))


def test_the_sweep_and_the_data_are_good_as_they_are(path: Path) -> None:
    """What is changed is sound before it is: otherwise all would be refused for one and the same fault."""
    assert len(plan_sweep(NUMBERS, study=path.parent / "study").trials) == 4
    path.write_text(TABLE)
    assert load_table(TableDataset(name="mine", path=str(path), label="kind")).x.shape == (12, 2)
    path.write_bytes(ARRAYS)
    assert load_npz(NpzDataset(name="mine", path=str(path))).x.shape == (12, 3)


@pytest.mark.slow
def test_many_numbers(path: Path) -> None:
    """The same of 1,000 records, sweeps, tables and archives."""
    dice = Random(1)  # noqa: S311
    for turn in range(250):
        line = json.loads(LINES[turn % len(LINES)])
        assert_damage_or_possible(path, json.dumps(with_odd_numbers(dice, line)).encode())
        assert_planned_or_refused(with_odd_numbers(dice, NUMBERS), path.parent / "study")
        path.write_text(mutated_table(dice), encoding="utf-8")
        assert_loaded_or_refused(lambda: load_table(TableDataset(name="mine", path=str(path), label="kind")))
        path.write_bytes(mutated_bytes(dice, ARRAYS))
        assert_loaded_or_refused(lambda: load_npz(NpzDataset(name="mine", path=str(path))))


@pytest.mark.slow
def test_many_changes(path: Path) -> None:
    """The same of 10,000 sweep files and 5,000 records."""
    dice = Random(0)  # noqa: S311
    for turn in range(2_500):
        assert_read_or_refused(path, mutated_text(dice, SEEDS[turn % len(SEEDS)]).encode())
        assert_read_or_refused(path, mutated_values(dice, SEEDS[turn % len(SEEDS)]).encode())
        assert_healthy_lines_survive(path, mutated_bytes(dice, LINES[turn % len(LINES)]))
