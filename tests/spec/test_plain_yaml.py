import re

import pytest

from privsearch.spec.plain_yaml import NotPlainError, parse

OTHERWISE_READ = ("012", "-007", "00", "1__0", "1_", "00.5", "1_.5", "01e3")


@pytest.mark.parametrize("text", OTHERWISE_READ)
def test_a_number_that_other_readers_take_for_another_is_refused(text: str) -> None:
    """YAML 1.1 reads 012 as ten, and some readers take 1__0 for text."""
    with pytest.raises(NotPlainError, match="is another number, or none, for other readers"):
        parse(f"a: {text}")


@pytest.mark.parametrize(
    ("text", "value"),
    [("0", 0), ("-0", 0), ("10", 10), ("1_000", 1000), ("0.5", 0.5), ("0o12", 10), ("1e-3", 0.001), ("0e1", 0.0)],
)
def test_a_number_that_all_read_alike_is_read(text: str, value: float) -> None:
    """Zeros in front of a point, and single underscores, mislead nobody."""
    assert parse(f"a: {text}").value == {"a": value}


@pytest.mark.parametrize("text", ["'012'", "2026-01-02", "1.2.3", "a__b"])
def test_text_stays_text(text: str) -> None:
    """Also where it has digits."""
    assert parse(f"a: {text}").value == {"a": text.strip("'")}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('a: "x\nb: 1\nc: 2\n', 1),
        ('a: "x\nb: 1\nc: "y"\n', 1),
        ("a: 1\nb: 'x\nc: [2]\nd: 'y'\n", 2),
        ('a: "long\n  text"\nb: 1\nc: "x\nd: "y"\n', 4),
    ],
)
def test_a_quote_that_is_not_closed_is_told_where_it_opens(text: str, line: int) -> None:
    """Not where the parser notices it, at the next quote or at the end."""
    with pytest.raises(NotPlainError, match="a quote opens here") as refused:
        parse(text)
    assert refused.value.line == line


@pytest.mark.parametrize("text", ["a: {b: >= 0.9}", "a:\n  b: >= 0.9\n", "a: [>= 0.9]"])
def test_a_relation_without_quotes_is_told_to_have_some(text: str) -> None:
    """A bare > begins a block of text, or cannot stand there."""
    with pytest.raises(NotPlainError, match=re.escape('in quotes, such as ">= 0.9"')):
        parse(text)


@pytest.mark.parametrize("text", ["a: 1\n? b\n", "a: 1\n? [b, c]\n: 2\n", "a: 1\nb: {? c: 2}\n", "a:\n- ?\n"])
def test_a_name_behind_a_question_mark_is_refused_with_what_is_meant(text: str) -> None:
    """It was read as a name without a value, or as a mapping where a text was meant."""
    with pytest.raises(NotPlainError, match=r"a question mark marks .* put it in quotes") as error:
        parse(text)
    assert error.value.line == 2


def test_a_question_mark_may_end_a_text_or_be_one_in_quotes() -> None:
    """As a marker of missing values."""
    assert parse("a: why?\nb: ['?', \"? x\", no?]\n'?': 1\n").value == {"a": "why?", "b": ["?", "? x", "no?"], "?": 1}
