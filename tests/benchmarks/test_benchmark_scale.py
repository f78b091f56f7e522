from pathlib import Path

import pytest

from benchmarks.idle import sweep_of, written_study
from benchmarks.scale import exponent


def test_exponent_is_that_of_the_larger_sizes() -> None:
    """What every size costs alike does not hide how the large ones grow."""
    sizes = [10, 100, 1_000, 10_000]
    assert exponent(sizes, [5.0 * n**1.5 for n in sizes]) == pytest.approx(1.5)
    assert exponent(sizes, [1.0 + n / 10 for n in sizes]) == pytest.approx(1.0, abs=0.05)


def test_a_written_study_is_read_as_one_that_was_run(tmp_path: Path) -> None:
    """Every trial of its sweep is completed, with numbers of its own."""
    results = written_study(20, tmp_path / "study").results()
    assert len(results) == 20
    assert {result.status for result in results} == {"completed"}
    assert len({result.model_dump_json(include={"replicates"}) for result in results}) == 20
    assert sweep_of(20).products() == {"all": 20}
