"""Configurations that train the same networks, given the size of their data: each is one trial."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from privsearch.data import DatasetInfo
from privsearch.spec import Dataset, TrialRequest, TrialSpec
from privsearch.spec.axes import SNN_DEFAULTS, Axes
from privsearch.study.result import TrialResult

ONE_STEP_AXES: Final = ("beta", "readout")
"""The axes without effect on a spiking network of a single time step."""

SIZED_AXES: Final = ("train_size", "test_size", "batch_size", *ONE_STEP_AXES)
"""The axes with values that are other ways to write the same training, given the data's size or one time step."""


def axes_of_size(axes: Mapping[str, Any], dataset: Dataset, info: DatasetInfo) -> dict[str, Any]:
    """Return the axes that all trials have in common which train the same networks as one with these on its data.

    A size of the whole split is null. A batch that takes the whole training split is the default's, if that takes it
    too, else of the split's size. With a single time step there is no decay, as membranes begin at 0, and the mean
    membrane is the last.

    Args:
        axes: the value of every axis, canonical.
        dataset: the dataset as the sweep has it.
        info: its sizes.
    """
    found = dict(axes)
    if axes["model"] == "snn" and axes["num_steps"] == 1:
        found |= {axis: SNN_DEFAULTS[axis] for axis in ONE_STEP_AXES}
    # Where identical examples stay together, or those of a person, a split may have another size than planned.
    if getattr(dataset, "duplicates", None) == "group" or getattr(dataset, "group", None) is not None:
        return found
    if axes["train_size"] == info.num_train:
        found["train_size"] = None
    if axes["test_size"] == info.num_test:
        found["test_size"] = None
    num_train = axes["train_size"] or info.num_train
    if axes["batch_size"] >= num_train:
        found["batch_size"] = max(num_train, Axes.model_fields["batch_size"].default)
    return found


def of_size(spec: TrialSpec, info: DatasetInfo) -> TrialSpec:
    """Return the form that all trials have in common which train the same networks as this one (`axes_of_size`).

    Args:
        spec: the trial, canonical.
        info: its dataset.
    """
    form = axes_of_size(spec.axes(), spec.dataset, info)
    changes = {axis: value for axis, value in form.items() if getattr(spec, axis) != value}
    return spec.with_axes(changes) if changes else spec


def distinct_trainings(
    requests: Iterable[TrialRequest], infos: Mapping[str, DatasetInfo], results: Mapping[str, TrialResult]
) -> list[TrialRequest]:
    """Join the requests for trials that train the same networks, each in the place of the first of them.

    Args:
        requests: the trials that a sweep asks for, canonical.
        infos: the sweep's datasets, by name.
        results: the recorded results by trial_id. A trial that is recorded in another form has that one.
    """
    grids: dict[tuple[Any, ...], dict[str, None]] = {}
    forms: dict[tuple[Any, ...], TrialSpec] = {}
    for request in requests:
        form = of_size(request.spec, infos[request.spec.dataset_name])
        forms.setdefault(_key(form), form)
        grids.setdefault(_key(form), {}).update(dict.fromkeys(request.grids))
    recorded = {_key(form): spec for form, spec in _recorded_otherwise(infos, results)}
    joined = []
    for key, form in forms.items():
        is_recorded = form.trial_id(infos[form.dataset_name].fingerprint) in results if key in recorded else True
        spec = form if is_recorded else form.with_axes(recorded[key].axes())
        joined.append(TrialRequest(spec, tuple(grids[key])))
    return joined


def _recorded_otherwise(
    infos: Mapping[str, DatasetInfo], results: Mapping[str, TrialResult]
) -> Iterator[tuple[TrialSpec, TrialSpec]]:
    """Yield the trials that are recorded in another form than `of_size` gives them, after that form."""
    for trial_id, result in results.items():
        info = infos.get(result.spec.dataset_name)
        form = of_size(result.spec, info) if info else result.spec
        if info and form is not result.spec and result.spec.trial_id(info.fingerprint) == trial_id:
            yield form, result.spec


def _key(spec: TrialSpec) -> tuple[Any, ...]:
    return spec.dataset_name, spec.protocol, spec.seed, *spec.axes().values()
