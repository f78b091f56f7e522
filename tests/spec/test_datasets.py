from privsearch.spec.datasets import task_name


def test_a_task_is_named_by_its_dataset_and_if_need_be_by_its_protocol() -> None:
    """The protocol is in the name only where a sweep has several."""
    assert task_name("iris", "halves", several=False) == "iris"
    assert task_name("iris", "halves", several=True) == "iris_halves"
    assert task_name("iris", "halves", several=True, separator=" ") == "iris halves"
