from privsearch.report.page.asked import asked
from privsearch.spec import SweepSpec


def test_a_page_says_what_a_search_was_asked() -> None:
    """What chose the configurations, among which, until when; a range of numbers is told by its ends."""
    sweep = SweepSpec.model_validate(
        {
            "name": "s",
            "datasets": ["iris"],
            "search": {
                "trials": 9,
                "space": {"model": ["snn"], "weight_bit_width": [None, 4], "beta": {"low": 0.8, "high": 0.9}},
                "constraints": {"test_accuracy": ">= 0.9"},
            },
        }
    )
    (said,) = (fact["said"] for fact in asked(sweep, {}, [])["facts"] if fact["name"] == "Search")
    assert said == [
        "by tpe, for each dataset under each protocol: 9 trials",
        "among model snn; weight_bit_width full, 4; beta 0.8 to 0.9",
        "of use: test accuracy >= 0.9",
    ]
