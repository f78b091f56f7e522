import numpy as np

from privsearch.attacks.base import Outputs
from privsearch.attacks.label_only import label_only_scores


def test_what_is_classified_correctly_is_called_a_member() -> None:
    """One where the first view's highest logit is the label's, else zero."""
    logits = np.array([[[2.0, 1.0], [2.0, 1.0], [-3.0, -2.0]], [[0.0, 9.0]] * 3])
    outputs = Outputs(logits, logits[None][:0], np.array([0, 1, 1]))
    assert label_only_scores(outputs).tolist() == [1.0, 0.0, 1.0]
