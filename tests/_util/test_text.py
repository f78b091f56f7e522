import shlex
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from privsearch._util.text import broken, cut, nearest, printable, remedy, wrapped


@given(text=st.text(st.characters()))
def test_a_terminal_obeys_nothing(text: str) -> None:
    """Whatever a text holds, what is shown of it are characters, line breaks and tabs; shown again it is the same."""
    shown = printable(text)
    assert all(character.isprintable() or character in "\n\t" for character in shown)
    assert printable(shown) == shown
    assert shown.encode().decode() == shown


def test_escape_sequences_are_shown() -> None:
    """Colours, cursor moves and characters that turn the line around are told, not done."""
    assert printable("a\x1b[31mb\u202ec\n") == "a\\x1b[31mb\\u202ec\n"


@pytest.mark.parametrize("width", [60, 80, 120])
def test_a_wrapped_line_fits_and_hangs(width: int) -> None:
    """Nothing is lost, no line is too long, and what follows the first one is indented by two more."""
    words = "  " + "w2 leaks 0.058 (0.020 to 0.096) less than the most accurate one, " * 4
    first, *rest = wrapped(words, width).split("\n")
    assert max(map(len, (first, *rest))) <= width
    assert first.startswith("  w2")
    assert {len(line) - len(line.lstrip()) for line in rest} == {4}
    assert " ".join(" ".join((first, *rest)).split()) == words.strip()


@pytest.mark.parametrize("width", [40, 60, 80])
@pytest.mark.parametrize("path", ["studies/quickstart", "a folder/of mine", "/a/long/path" * 8])
def test_a_command_can_be_pasted(path: str, width: int) -> None:
    """However it is broken, a shell reads the words of the command; none but a word is too long for a line."""
    command = f"  privsearch diff {shlex.quote(path)} 'ANN w2' 'SNN w4 atan' --column worst.auc"
    lines = wrapped(command, width).split("\n")
    words = shlex.split(command)
    shell = ["sh", "-c", f"printf '%s\\n' {broken(command, width)}"]
    read = subprocess.run(shell, check=True, capture_output=True, text=True)
    assert read.stdout.splitlines() == words
    assert all(line.startswith("  ") for line in lines)
    longest = max(len(shlex.quote(word)) for word in words)
    assert max(map(len, lines)) <= max(width, longest + 6)


def test_a_sentence_about_a_command_is_wrapped() -> None:
    """It is no command."""
    assert "\n" in wrapped("next: privsearch diff studies/quickstart 0123456789abcdef --column worst.auc", 60)
    assert wrapped("", 60) == ""


def test_a_long_value_is_cut() -> None:
    """A message shows 80 characters of a value at most."""
    assert cut("short") == "'short'"
    assert len(cut("x" * 10_000)) == 80


def test_the_nearest_name_is_that_of_the_most_alike() -> None:
    """Whatever its case; none where none is alike enough."""
    names = ["Species", "weight"]
    assert nearest("specie", names) == "Species"
    assert nearest("x", names) is None
    assert nearest("x", names, likeness=0) in names
    assert remedy("wieght", names) == "nearest valid: weight"
    assert remedy("x", names) == "rename or remove it"
