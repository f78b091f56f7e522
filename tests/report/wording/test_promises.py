import pandas as pd
from builders import make_completed

from privsearch.report.wording.promises import promise_cells, promise_words, trial_words
from privsearch.study.guarantee import Guarantee

ROWS = pd.DataFrame({"dp_epsilon": [None, 2.9951], "dp_delta": [None, 1e-5], "worst.epsilon_low": [0.25, None]})


def test_the_words_say_what_is_not_covered() -> None:
    """Where the number is: the choice, what is fitted before, the seed; and the delta that it holds with."""
    words = " ".join(promise_words(ROWS))
    for said in ("delta 1e-05", "choice among configurations", "scaling of tables", "seed", "added or removed"):
        assert said in words
    assert promise_words(ROWS.drop(columns=["dp_epsilon"])) == []
    assert promise_words(ROWS[:1]) == []


def test_cells_have_both_epsilons() -> None:
    """What is promised and what is measured, or a dash."""
    assert promise_cells({"dp_epsilon": 2.9951, "worst.epsilon_low": 0.2512}) == ["3", "0.251"]
    assert promise_cells({"dp_epsilon": None}) == ["\N{EN DASH}"] * 2
    assert promise_cells({"dp_epsilon": 0.5, "epsilon_low": 0.0}, "epsilon_low") == ["0.5", "0"]


def test_a_trial_says_what_it_promises() -> None:
    """Its epsilon, its noise, and what is not covered; one that was not private says nothing."""
    result = make_completed()
    guarantee = Guarantee(
        epsilon=2.99, delta=1e-5, noise_multiplier=3.5, max_grad_norm=1, sampling_rate=0.5, steps=9, accountant="one"
    )
    private = tuple(
        replicate.model_copy(update={"target": replicate.target.model_copy(update={"dp": guarantee})})
        for replicate in result.replicates
    )
    first, *others = trial_words(result.model_copy(update={"replicates": private}))
    assert first == "DP-SGD promises each network an epsilon of 2.99, by noise of at least 3.5 times the clipping norm."
    assert "seed" in others[0]
    assert trial_words(result) == []
