"""The values that a sweep offers and that train the same networks, given the size of its data."""

from collections.abc import Iterator, Mapping
from functools import partial

from privsearch.data import DatasetInfo
from privsearch.spec import SweepSpec, dataset_name
from privsearch.spec.search import Space
from privsearch.sweep.equal import axes_of_size
from privsearch.sweep.search.space import EqualValues, SearchSpace


def equal_choices(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> Iterator[tuple[str, EqualValues]]:
    """Yield values of the grids and of the search's space that are one training, each after the dataset's name.

    Args:
        sweep: the sweep.
        infos: its datasets, by name.
    """
    spaces: list[Space] = [*map(dict, sweep.grids.values()), *([sweep.search.space] if sweep.search else [])]
    for dataset in sweep.datasets:
        info = infos[dataset_name(dataset)]
        form = partial(axes_of_size, dataset=dataset, info=info)
        found = (
            equal
            for space in spaces
            for equal in SearchSpace(
                space, info.network, sweep.axes_for(info.name), info.num_steps, form
            ).equal_values()
        )
        yield from ((info.name, equal) for equal in dict.fromkeys(found))
