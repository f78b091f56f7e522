"""Outputs that were brought, as they are understood; what is refused stands in bad_input.py."""

from pathlib import Path

import numpy as np
import pytest
import torch

from privsearch.data.given_outputs import checked_outputs, read_outputs
from privsearch.errors import DataError

MEMBERS = np.array([True, True, False, False])
LABELS = np.array([0, 1, 0, 1])
P = np.array([[0.9, 0.1], [0.0, 1.0], [0.6, 0.4], [0.3, 0.7]])


def test_probabilities_are_kept_as_their_logarithms() -> None:
    """One that is 0 stands for half of the smallest one above 0, and it is told that they were taken for such."""
    given = checked_outputs(P, MEMBERS, LABELS)
    np.testing.assert_allclose(np.exp(given.logits[0]), np.where(P == 0, 0.05, P))
    assert given.told == ("The outputs were taken for probabilities, as those of every example add up to 1.",)
    assert checked_outputs(P, MEMBERS, LABELS, kind="probabilities").told == ()


def test_logits_stay_as_they_are() -> None:
    """Whoever calls probabilities logits is warned; of one network the axis of networks may be missing."""
    given = checked_outputs(P, MEMBERS, LABELS, kind="logits")
    assert np.array_equal(given.logits, P[None])
    assert given.told[0].startswith("WARNING")
    assert checked_outputs(3 * P, MEMBERS, LABELS).logits.shape == (1, 4, 2)


def test_labels_may_be_names_of_columns() -> None:
    """In the order of the classes, whatever that is; numbers are names as well."""
    for names in (np.array(["no", "yes"]), np.array([7, -1])):
        assert checked_outputs(P, MEMBERS, names[LABELS], classes=names).labels.tolist() == LABELS.tolist()


def test_tensors_and_lists_are_arrays() -> None:
    """Also a tensor that has a gradient."""
    given = checked_outputs(torch.tensor(3 * P, requires_grad=True), MEMBERS.tolist(), torch.tensor(LABELS))
    np.testing.assert_allclose(given.logits[0], 3 * P)


def test_an_example_may_have_no_subgroup() -> None:
    """An empty name, None and NaN say so; names are sorted."""
    given = checked_outputs(P, MEMBERS, LABELS, groups=["b", "", None, float("nan")])
    assert (given.group_names, given.groups.tolist() if given.groups is not None else None) == (("b",), [0, -1, -1, -1])


def test_ages_are_no_subgroups() -> None:
    """More than a hundred names are refused, with what to do."""
    logits = np.zeros((300, 2)) + np.arange(300)[:, None]
    with pytest.raises(DataError, match="put numbers such as ages into ranges"):
        checked_outputs(logits, np.arange(300) % 2, np.zeros(300, int), groups=np.arange(300))


def test_a_file_says_by_its_names_what_it_holds(tmp_path: Path) -> None:
    """`logits` and `probabilities` need no guess, `coins` is read, and arrays have the meaning of the arguments."""
    np.savez(tmp_path / "p.npz", probabilities=P, is_member=MEMBERS, labels=LABELS, coins=True)
    given = read_outputs(tmp_path / "p.npz")
    assert (given.coins, given.told, given.audited) == (True, (), 1)
    np.savez(tmp_path / "l.npz", logits=P, is_member=MEMBERS, labels=LABELS)
    assert np.array_equal(read_outputs(tmp_path / "l.npz").logits[0], P)
