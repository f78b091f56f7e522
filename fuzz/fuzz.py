"""Coverage-guided fuzzing of the sweep loader and the record reader, with Atheris.

    uv pip install atheris
    PYTHONPATH=tests python fuzz/fuzz.py sweep -max_total_time=600 CORPUS
    PYTHONPATH=tests python fuzz/fuzz.py record -max_total_time=600 CORPUS

If the first byte of an input is even, the rest is the content of a file; if it is odd, the input decides a mutation.
"""

import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["privsearch", "ruamel.yaml"]):
    from mutations import HEALTHY, LINES, SEEDS, mutated_bytes, mutated_text, mutated_values, record_with

    from privsearch.errors import PrivsearchError
    from privsearch.spec.sweep_file import read_sweep

PATH = Path(tempfile.mkdtemp()) / "input"


class BytesAsDice:
    """A source of numbers that are drawn from the fuzzer's bytes."""

    def __init__(self, content: bytes) -> None:
        self._provider = atheris.FuzzedDataProvider(content)

    def randint(self, low: int, high: int) -> int:
        """Draw a whole number from `low` to `high`."""
        return self._provider.ConsumeIntInRange(low, high)


def sweep(content: bytes) -> None:
    """Assert that a sweep file is read, or refused with an error of our own."""
    as_dice = content[:1] and content[0] % 2
    mutated = (mutated_text, mutated_values)[content[0] // 2 % 2] if as_dice else None
    text = mutated(BytesAsDice(content[1:]), SEEDS[content[0] // 4 % len(SEEDS)]).encode() if mutated else content[1:]
    PATH.write_bytes(text)
    with suppress(PrivsearchError):
        read_sweep(PATH)


def record(content: bytes) -> None:
    """Assert that a record with garbage in it is read, and that no healthy line is lost."""
    as_dice = content[:1] and content[0] % 2
    garbage = mutated_bytes(BytesAsDice(content[2:]), LINES[content[0] // 2 % len(LINES)]) if as_dice else content[1:]
    assert record_with(PATH, garbage).results.keys() >= HEALTHY


if __name__ == "__main__":
    target = {"sweep": sweep, "record": record}[sys.argv.pop(1)]
    atheris.Setup(sys.argv, target)
    atheris.Fuzz()
