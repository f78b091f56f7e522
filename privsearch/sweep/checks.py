"""Checks before a sweep runs: registered parts, datasets, sizes of subsamples, the study's directory."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final

from privsearch._util.disk import file_in_the_way, reading
from privsearch.data import DatasetInfo, describe_dataset
from privsearch.errors import DataError, SpecError, StudyError
from privsearch.spec import Attack, SweepSpec, TrialRequest, registry
from privsearch.spec.axes import BUILT_IN_MODELS
from privsearch.study.folder import BEGUN, StudyFolder
from privsearch.study.links import check_links
from privsearch.sweep.private import check_private

SIZE_AXES: Final = ("train_size", "test_size")
"""The axes that say how many examples are kept of a split."""


def check_registered(sweep: SweepSpec) -> None:
    """Check that every model and attack that is not privsearch's own is registered in this process.

    Raises:
        SpecError: a model or an attack is not registered; the error names the field that asks for it.
    """
    model_fields: list[tuple[tuple[str, ...], Sequence[str]]] = [
        (("grids", name, "model"), grid["model"]) for name, grid in sweep.grids.items()
    ]
    model_fields += [(("search", "space", "model"), sweep.search.models)] if sweep.search else []
    for where, models in model_fields:
        for index, model in enumerate(models):
            if model not in BUILT_IN_MODELS:
                with blaming_field(*where, index):
                    registry.model_needed(model)
    check_attacks_registered(sweep.attacks)


def check_attacks_registered(attacks: Iterable[Attack]) -> None:
    """Check that every attack that is not privsearch's own is registered in this process.

    Raises:
        SpecError: an attack is not registered.
    """
    for index, attack in enumerate(attacks):
        if attack.kind == "registered":
            with blaming_field("attacks", index):
                registry.needed("attack", attack.attack, attack.version)


@contextmanager
def blaming_field(*where: int | str) -> Iterator[None]:
    """Name a field of the sweep in every `SpecError` or `DataError` raised within this context."""
    try:
        yield
    except (SpecError, DataError) as error:
        raise type(error)(str(error), where) from None


def describe_datasets(sweep: SweepSpec) -> Iterator[DatasetInfo]:
    """Yield the descriptions of a sweep's datasets, in the sweep's order.

    Raises:
        DataError: a dataset is missing or unfit, or two have the same content.
        SpecError: identical examples are kept together under a protocol that cannot.
    """
    seen: dict[str, str] = {}
    for index, dataset in enumerate(sweep.datasets):
        # A person has a coin, for all of its rows.
        has_persons = getattr(dataset, "group", None) is not None
        keeps_rows = getattr(dataset, "duplicates", None) == "group" and not has_persons
        if keeps_rows and any(protocol.kind == "one_run" for protocol in sweep.protocol):
            raise SpecError(
                "must not be group under the protocol one_run, whose bound needs a coin of its own for every example, "
                "but is; write duplicates: drop",
                where=("datasets", index, "duplicates"),
            )
        with blaming_field("datasets", index):
            info = describe_dataset(dataset)
        if info.fingerprint in seen:
            twin = seen[info.fingerprint]
            raise DataError(
                f"every dataset must have content of its own, but {info.name} has that of {twin}; drop one of them",
                where=("datasets", index),
            )
        seen[info.fingerprint] = info.name
        yield info


def check_trial(request: TrialRequest, sweep: SweepSpec, info: DatasetInfo) -> None:
    """Refuse a trial with a subsample that lacks a class, is larger than its split, or too small for the protocol.

    Refused as well are an encoding that does not suit the data, and differential privacy that cannot be promised.

    Raises:
        SpecError: it has one; the field that sets the size or the encoding, or the protocol, is named.
    """
    if (encoding := request.spec.encoding) and (unfit := encoding_problem(encoding, request.spec.num_steps, info)):
        raise SpecError(unfit, where=_origin("encoding", request, sweep, info.name))
    for axis in SIZE_AXES:
        if problem := size_problem(axis, [getattr(request.spec, axis)], info):
            rule, size = problem
            raise SpecError(
                f"{rule}, but got {size}; change it, or give {info.name} its own in recipe.overrides.{info.name}",
                where=_origin(axis, request, sweep, info.name),
            )
    protocol = request.spec.protocol
    check_private(request.spec, info, _origin("dp", request, sweep, info.name))
    num_train = request.spec.train_size or info.num_train
    if info.num_persons:
        num_train = round(num_train * info.num_persons / (info.num_train + info.num_test))
    if lacking := protocol.lacks_examples(num_train):
        lacking += "; an example is a person here, as group says" if info.num_persons else ""
        index = next(i for i, asked in enumerate(sweep.protocol) if asked.kind == protocol.kind)
        raise SpecError(lacking, where=("protocol", index))


def encoding_problem(encoding: str, num_steps: int | None, info: DatasetInfo) -> str | None:
    """Return why an encoding does not suit a dataset; None if it does.

    Args:
        encoding: a value of the axis.
        num_steps: the time steps of the network; None if they are not known yet.
        info: the dataset.
    """
    if encoding == "delta" and info.num_steps is None:
        return (
            f"delta fires where inputs change from step to step, but those of {info.name} are not over time; choose "
            "rate, latency or direct"
        )
    if encoding == "latency" and info.num_steps is not None:
        return (
            f"latency fires once for each input, but those of {info.name} change from step to step; choose rate, delta "
            "or direct"
        )
    if encoding == "latency" and num_steps == 1:
        return "latency tells inputs by the step at which they fire, but with num_steps: 1 all fire at once; raise it"
    return None


def size_problem(axis: str, sizes: Iterable[int | None], info: DatasetInfo) -> tuple[str, int] | None:
    """Return the rule that the sizes of a subsample break, with the first size that breaks it; None if all keep it.

    Args:
        axis: one of `SIZE_AXES`.
        sizes: the sizes, in examples; None for the whole split, which always fits.
        info: the dataset.
    """
    # The placebo calls one part of the test split members: it takes two examples of a class to be in both parts.
    per_class, most = (1, info.num_train) if axis == "train_size" else (2, info.num_test)
    least = per_class * info.num_classes
    unfit = [size for size in sizes if size is not None and not least <= size <= most]
    if not unfit:
        return None
    rule = f"must lie between {least} ({per_class} for each class) and {most} (the whole split of {info.name})"
    return rule, unfit[0]


def _origin(axis: str, request: TrialRequest, sweep: SweepSpec, name: str) -> tuple[str, ...]:
    """Return the field of the sweep that sets an axis of a trial."""
    in_grid = next((grid for grid in request.grids if axis in sweep.grids[grid]), None)
    if in_grid:
        return "grids", in_grid, axis
    overridden = axis in sweep.recipe.get("overrides", {}).get(name, {})
    return ("recipe", "overrides", name, axis) if overridden else ("recipe", axis)


def check_augmentation(sweep: SweepSpec, infos: Iterable[DatasetInfo]) -> None:
    """Refuse augmented queries if no dataset is augmented, as the views would equal the examples.

    Raises:
        SpecError: a protocol asks for augmented queries, but no dataset is augmented in training.
    """
    for index, protocol in enumerate(sweep.protocol):
        if "augmented" in protocol.queries and not any(info.augments for info in infos):
            raise SpecError(
                "it needs a dataset that is augmented in training, such as cifar10, but this sweep has none; drop it",
                where=("protocol", index, "augmented_queries"),
            )


def check_time(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> None:
    """Refuse time steps and encodings that do not suit the data, and trajectories of examples of different lengths.

    Raises:
        SpecError: all networks that `num_steps` is given for take the steps of their data; a search has an encoding
            that does not suit a dataset; `encoding_queries` are given where nothing is drawn; or a protocol keeps
            trajectories of examples that end at different steps. The field is named.
    """
    _check_encodings(sweep, infos)
    for where, values, names in _given(sweep, "num_steps", infos):
        own = {name: infos[name].num_steps for name in names}
        if None not in own.values() and any(value not in (None, *own.values()) for value in values):
            told = ", ".join(f"{name}: {steps}" for name, steps in own.items())
            raise SpecError(
                f"has no effect on inputs over time, which have steps of their own ({told}); drop it", where
            )
    padded = [name for name, info in infos.items() if info.has_padding]
    for index, protocol in enumerate(sweep.protocol):
        if protocol.has_trajectory and padded:
            raise SpecError(
                f"it compares membranes step by step, but the examples of {padded[0]} have different numbers of steps; "
                "drop it, or cut them to one length",
                where=("protocol", index, "mem_trajectory"),
            )


def _check_encodings(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> None:
    if not any("rate" in values for _, values, _ in _given(sweep, "encoding", infos)):
        for where, _, _ in _given(sweep, "encoding_queries", infos):
            raise SpecError("it needs encoding: rate, whose spikes are drawn, but there is none; drop it", where)
    if not sweep.search or "snn" not in sweep.search.models:
        return
    for name, info in infos.items():
        own = sweep.recipe_for(name).get("encoding")
        for encoding in _values(sweep.search.space.get("encoding", own)):
            if encoding and (unfit := encoding_problem(encoding, None, info)):
                is_searched = "encoding" in sweep.search.space
                raise SpecError(unfit, ("search", "space", "encoding") if is_searched else ("recipe", "encoding"))


def _given(
    sweep: SweepSpec, axis: str, names: Collection[str]
) -> Iterator[tuple[tuple[str, ...], Sequence[Any], Collection[str]]]:
    """Yield each field of a sweep that gives an axis, its values, and the datasets that it is for."""
    blocks: list[tuple[tuple[str, ...], Mapping[str, Any], Collection[str]]] = [
        *((("grids", name), grid, names) for name, grid in sweep.grids.items()),
        (("search", "space"), sweep.search.space if sweep.search else {}, names),
        (("recipe",), sweep.recipe, names),
        *((("recipe", "overrides", n), own, [n]) for n, own in sweep.recipe.get("overrides", {}).items() if n in names),
    ]
    for where, block, of in blocks:
        if axis in block:
            yield (*where, axis), _values(block[axis]), of


def _values(given: Any) -> Sequence[Any]:
    return given if isinstance(given, tuple) else [given]


def with_given_splits(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> list[str]:
    """Return the names of the datasets whose own test split a protocol of the sweep takes as given.

    Their trials need blind baselines.
    """
    return [name for name, info in infos.items() if any(map(info.needs_blind_baselines, sweep.protocol))]


def check_race(sweep: SweepSpec) -> None:
    """Refuse a race that keeps no signals, each round of which would train all networks of its configurations again.

    Raises:
        SpecError: it keeps none.
    """
    if not sweep.keep_signals and any(protocol.raced for protocol in sweep.protocol):
        raise SpecError(
            "must be true in a race, whose rounds train new networks beside those that are kept, but got false; drop "
            "it, and delete the folder signals once the race has ended",
            where=("keep_signals",),
        )


_ELSEWHERE: Final = "give this sweep another name, choose another directory with --study, or delete that one"


def check_directory(sweep: SweepSpec, study: StudyFolder) -> None:
    """Refuse a directory of another sweep or with other files, so that results never mix by accident.

    Raises:
        StudyError: the directory belongs to another sweep, holds other files, has a link that leads out of it, or
            cannot be read.
    """
    if not study.exists():
        with reading(study.path):
            if in_the_way := file_in_the_way(study.path):
                what = "is a file" if in_the_way == study.path else f"{in_the_way} is a file"
                raise StudyError(f"{study.path}: must be a directory, but {what}; choose another with --study")
            entries = list(study.path.iterdir()) if study.path.is_dir() else []
        if any(entry.name[0] != "." and entry.name not in BEGUN for entry in entries):
            raise StudyError(
                f"{study.path}: must be empty or a study, but holds other files; choose another with --study"
            )
        return
    check_links(study.path)
    owner = study.sweep().name
    if owner != sweep.name:
        raise StudyError(
            f"{study.path}: belongs to the sweep {owner!r}, but this sweep is {sweep.name!r}; {_ELSEWHERE}"
        )


def check_ownership(sweep: SweepSpec, study: StudyFolder, *, num_recorded: int, num_foreign: int) -> None:
    """Refuse the directory of a sweep that has this sweep's name but shares no trial with it.

    Args:
        sweep: the sweep.
        study: the study that is to record the sweep.
        num_recorded: the number of trials recorded there.
        num_foreign: the number of recorded trials that the sweep would not ask for, whatever the data.

    Raises:
        StudyError: all recorded trials are foreign.
    """
    if num_recorded and num_foreign == num_recorded:
        raise StudyError(
            f"{study.path}: holds {num_recorded} trials of a sweep that is also called {sweep.name!r} but shares none "
            f"with this one ({_what_differs(sweep, study) or 'another seed, recipe or dataset?'}); {_ELSEWHERE}"
        )


def _what_differs(sweep: SweepSpec, study: StudyFolder) -> str:
    """Name the fields that the study's protocols had before they were fields, and the sweep's have no longer."""
    present = {protocol.kind: protocol for protocol in sweep.protocol}
    lost = [
        f"{name}: {str(value).lower()}"
        for protocol in study.sweep().protocol
        for name, value in protocol.first_values.items()
        if getattr(protocol, name) == value != getattr(present.get(protocol.kind, protocol), name)
    ]
    return f"its protocol has {', '.join(lost)}: write that into this sweep to go on with it" if lost else ""
