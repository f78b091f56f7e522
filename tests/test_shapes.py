"""The shape checks of the default suite are on in every package that it names."""

from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from jaxtyping import TypeCheckError
from shape_checks import checked_modules

from privsearch.analysis.bootstrap import hierarchical_auc_interval
from privsearch.analysis.metrics import attack_auc
from privsearch.attacks.base import log_odds
from privsearch.attacks.protocols.evaluation import evaluate
from privsearch.attacks.protocols.halves import half_members
from privsearch.attacks.rbf_svm import rbf_svm_scores
from privsearch.models.surrogate import fast_sigmoid
from privsearch.study.signals import Signals

SCORES, MEMBERS = np.zeros(4), np.array([True, True, False, False])
SQUARE = np.zeros((2, 2))


def test_every_module_that_is_checked_exists() -> None:
    """A name that no longer exists would switch its checks off without a word."""
    assert not [name for name in checked_modules() if find_spec(name) is None]


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        pytest.param(attack_auc, (SQUARE, MEMBERS), id="metrics"),
        pytest.param(hierarchical_auc_interval, ([SQUARE], [MEMBERS], np.random.default_rng(0)), id="bootstrap"),
        pytest.param(log_odds, (np.zeros(3, dtype=np.int64),), id="attacks"),
        pytest.param(rbf_svm_scores, (SCORES, MEMBERS, SQUARE), id="attacks: the SVM"),
        pytest.param(fast_sigmoid, (torch.zeros(2), torch.zeros(3)), id="models"),
        pytest.param(partial(evaluate, bounds_epsilon=True), (SQUARE, None, 0, np.arange(4), 0), id="protocols"),
        pytest.param(Signals, ({("final_mem", "plain"): SQUARE}, MEMBERS, SCORES, SCORES, 2), id="signals"),
        pytest.param(half_members, (7.5, np.random.default_rng(0)), id="protocols: drawing"),
    ],
)
def test_a_wrong_shape_raises(function: Callable[..., object], arguments: tuple[object, ...]) -> None:
    """An array of another shape or type than the signature's is refused in the tests."""
    with pytest.raises(TypeCheckError):
        function(*arguments)
