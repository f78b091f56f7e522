import pandas as pd

from privsearch.report.wording.promises import promise_cells, promise_words

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
