import re
from pathlib import Path

import pytest

import privsearch
from privsearch._util.numerals import fixed, signed

VIEWS = [
    path
    for package in ("analysis", "report", "sweep", "api", "cli")
    for path in sorted((Path(privsearch.__file__).parent / package).rglob("*.py"))
]


@pytest.mark.parametrize(
    ("value", "without", "with_sign"),
    [
        (0.0, "0.000", "+0.000"),
        (-0.0, "0.000", "+0.000"),
        (-0.0004, "0.000", "+0.000"),
        (0.0004, "0.000", "+0.000"),
        (-0.0006, "-0.001", "-0.001"),
        (0.5625, "0.562", "+0.562"),
        (-12.3456, "-12.346", "-12.346"),
        (float("nan"), "nan", "+nan"),
    ],
)
def test_what_is_rounded_to_zero_has_no_minus(value: float, without: str, with_sign: str) -> None:
    assert (fixed(value), signed(value)) == (without, with_sign)


def test_digits_are_those_asked_for() -> None:
    assert (fixed(-0.00004, 4), signed(-0.00006, 4), signed(-0.04, 1)) == ("0.0000", "-0.0001", "+0.0")


@pytest.mark.parametrize("path", VIEWS, ids=lambda path: path.stem)
def test_no_view_writes_signs_by_itself(path: Path) -> None:
    """Numbers with a sign come from one function, so that none is written in two ways."""
    assert not re.findall(r"\{[^{}]*:\+\.", path.read_text(encoding="utf-8"))
