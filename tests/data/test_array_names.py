import pytest

from privsearch.data.array_names import named_arrays
from privsearch.errors import DataError


@pytest.mark.parametrize("name", ["train", "ids", "x_val", "train_x_train", "xtra", "test_set", "label_names", "Train"])
def test_a_name_that_means_nothing_certain_is_not_taken(name: str) -> None:
    """The array stays unknown, and is named."""
    with pytest.raises(DataError, match=f"here: the arrays must be .* not allowed: '{name}'"):
        named_arrays([name, "y"], "here")


def test_the_plain_names_go_before_others() -> None:
    """What is called x is x."""
    assert named_arrays(["X", "x", "labels"], "here") == {"x": "x", "y": "labels"}
