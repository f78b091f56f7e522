import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from privsearch.spec import Constraint


def parse(text: object) -> Constraint:
    """A constraint as a sweep file has it."""
    return Constraint.model_validate(text)


@pytest.mark.parametrize(
    ("text", "holding", "broken"),
    [
        (">= 0.9", [0.9, 0.1 * 9, 1.0], [0.899]),
        ("> 0.9", [0.901], [0.9, 0.1 * 9, 0.8]),
        ("<= .5", [0.5, -1.0], [0.501]),
        ("<1e-1", [0.0], [0.1, 0.2]),
        (" >=  -2 ", [-2.0, 3.0], [-2.5]),
    ],
)
def test_a_constraint_holds_where_it_says(text: str, holding: list[float], broken: list[float]) -> None:
    """The violation is 0 or less there, and above 0 elsewhere; roundings decide nothing."""
    assert [parse(text).violation(value) <= 0 for value in holding + broken] == [True] * len(holding) + [False] * len(
        broken
    )


def test_violation_is_the_distance_to_the_bound() -> None:
    """In the column's unit, below 0 by what is to spare, and infinite where there is no number."""
    assert parse(">= 0.9").violation(0.7) == pytest.approx(0.2)
    assert parse("<= 0.9").violation(0.7) == pytest.approx(-0.2)
    assert parse(">= 0.9").violation(math.nan) == math.inf
    assert not parse("< 3").holds(math.nan)


@pytest.mark.parametrize(
    "given", ["0.9", "=> 0.9", ">= 90 %", ">= 1e999", ">= nan", ">= inf", "", ">= ٣", ">= 0.9 0.8", 0.9, None, [">= 1"]]
)
def test_what_is_no_constraint_is_refused_with_the_rule(given: object) -> None:
    """The message says how one is written, and what was given."""
    with pytest.raises(ValidationError, match=r"must be one of >=, <=, >, < and a number, .* but got ") as caught:
        parse(given)
    assert [error["type"] for error in caught.value.errors()] == ["bad_constraint"]


@given(st.sampled_from([">=", "<=", ">", "<"]), st.floats(allow_nan=False, allow_infinity=False))
def test_what_is_written_is_read_back(relation: str, bound: float) -> None:
    """As text and as YAML has it, to the last bit."""
    constraint = Constraint(relation=relation, bound=bound)
    assert parse(str(constraint)) == constraint
    mapping = TypeAdapter(dict[str, Constraint])
    assert mapping.validate_python(mapping.dump_python({"a": constraint}, mode="json")) == {"a": constraint}
    assert str(parse(">= 0.90")) == ">= 0.9"


def test_a_bound_beyond_the_range_can_be_told() -> None:
    """An accuracy of at least 90 is a mistake in the unit, one of more than 1 cannot be."""
    assert parse(">= 0.9").can_hold(0, 1)
    assert parse("< 1").can_hold(0, 1)
    assert not parse(">= 90").can_hold(0, 1)
    assert not parse("> 1").can_hold(0, 1)
    assert not parse("< 0").can_hold(0, math.inf)
