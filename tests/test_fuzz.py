import time
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import HEALTHY, LINES, SEEDS, mutated_bytes, mutated_text, mutated_values, record_with

from privsearch._util.text import printable
from privsearch.errors import PrivsearchError
from privsearch.spec.sweep_file import read_sweep

SECONDS = 10.0


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


@pytest.mark.slow
def test_many_changes(path: Path) -> None:
    """The same of 10,000 sweep files and 5,000 records."""
    dice = Random(0)  # noqa: S311
    for turn in range(2_500):
        assert_read_or_refused(path, mutated_text(dice, SEEDS[turn % len(SEEDS)]).encode())
        assert_read_or_refused(path, mutated_values(dice, SEEDS[turn % len(SEEDS)]).encode())
        assert_healthy_lines_survive(path, mutated_bytes(dice, LINES[turn % len(LINES)]))
