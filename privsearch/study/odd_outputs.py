"""An example whose outputs lie far out of those of all others."""

from pydantic import BaseModel

from privsearch.spec.bounds import Count, Examples, Score
from privsearch.study.attack_result import FROZEN
from privsearch.study.fields import Word


class OddOutputs(BaseModel):
    """An example for which networks give outputs that lie far out of those for all other examples.

    Attributes:
        row: the example's row in the dataset, as in the signals, from 0.
        in_test_split: whether it is in the test split; None if networks have splits of their own.
        readouts: the readouts whose values lie far out.
        networks: the number of networks that give it such outputs.
        distance: the farthest one's distance from the median, in standard deviations of the middle 0.95 of the values
            (`privsearch._util.odd_values`).
    """

    model_config = FROZEN

    row: Count
    in_test_split: bool | None = None
    readouts: tuple[Word, ...]
    networks: Examples
    distance: Score
