import numpy as np
import pytest

from privsearch.data.array_labels import plain_labels
from privsearch.errors import DataError


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (np.array([[0, 1], [1, 1]]), "must be one-hot, .* but row 1 is 1, 1"),
        (np.array([[0.0, 0.0], [0.0, 1.0]]), "but row 0 is 0, 0"),
        (np.array([[0, 2], [1, 0]]), "but row 0 is 0, 2"),
        (np.array([1.0, np.nan]), "integers .* but got nan at index 1"),
        (np.array([1e300]), "but got 1e[+]300 at index 0"),
        (np.array([[0.2, 0.8]]), "but got 0.2 at index 0, 0"),
        (np.array([["a", "b"]]), r"one column, but got shape \(1, 2\)"),
    ],
)
def test_labels_that_leave_a_doubt_are_refused(given: np.ndarray, message: str) -> None:
    """With the first place at which they do."""
    with pytest.raises(DataError, match=f"here: labels .*{message}"):
        plain_labels(given, "here")


@pytest.mark.parametrize("number", [0x110000, 0xD800], ids=["beyond Unicode", "half a character"])
def test_text_of_no_characters_is_refused(number: int) -> None:
    """As a damaged file may hold it; in either byte order."""
    for order in "<>":
        texts = np.array([ord("a"), number], dtype=f"{order}u4").view(f"{order}U1")
        with pytest.raises(DataError, match="labels must be text, but some hold what is no character"):
            plain_labels(texts, "here")
    assert plain_labels(np.array(["é", "𝄞", ""]), "here")[1] is None


@pytest.mark.filterwarnings("error")
def test_labels_of_16_bits_are_compared_in_silence() -> None:
    """The bound of whole numbers is beyond theirs."""
    assert plain_labels(np.array([0, 1], dtype=np.float16), "here")[0].tolist() == [0, 1]
