"""What differential privacy (`dp`) cannot be promised of, refused before anything is trained."""

from collections.abc import Mapping

from privsearch.analysis.accounting import check_delta, check_installed
from privsearch.data import DatasetInfo
from privsearch.errors import SpecError
from privsearch.spec import SweepSpec, TrialSpec
from privsearch.spec.axes import BUILT_IN_MODELS
from privsearch.spec.datasets import dataset_name


def check_private(spec: TrialSpec, info: DatasetInfo, where: tuple[int | str, ...]) -> None:
    """Check that what a trial's `dp` promises holds for its networks.

    Args:
        spec: the trial, canonical.
        info: its dataset.
        where: the path of the field of the sweep that asks for it.

    Raises:
        SpecError: it does not, or the accountant's library is not installed; the field is named.
    """
    if spec.dp is None:
        return
    if refusal := _refusal(spec, info):
        raise SpecError(f"{refusal}, or give dp: null", where)
    try:
        check_installed()
        check_delta(spec.dp, max(spec.protocol.training_examples(spec.train_size or info.num_train)))
    except SpecError as error:
        raise SpecError(str(error), where) from None


def fitted_before(sweep: SweepSpec, infos: Mapping[str, DatasetInfo]) -> list[str]:
    """Return the names of the datasets of a sweep with `dp` whose scaling is fitted to the training split.

    Args:
        sweep: the sweep.
        infos: its datasets, by name.
    """
    asked = [values for grid in sweep.grids.values() for values in grid.get("dp", ())]
    asked += [sweep.recipe_for(name).get("dp") for name in infos]
    if not any(value is not None for value in asked):
        return []
    unscaled = [dataset_name(d) for d in sweep.datasets if getattr(d, "scaling", None) is None]
    return [name for name in unscaled if infos[name].network == "fcnet"]


def _refusal(spec: TrialSpec, info: DatasetInfo) -> str | None:
    """Return why no clipping bounds what an example does, or what is promised is not what is audited, and a way out."""
    if spec.model not in BUILT_IN_MODELS:
        return (
            f"it clips the gradients of layers that it knows, but those of the registered model {spec.model} may mix "
            "the examples of a batch, as BatchNorm does; cross it with ann and snn in a grid of their own"
        )
    if spec.precision != "fp32":
        return (
            f"it needs gradients of 32 bits, as those of precision: {spec.precision} are rounded after their norm is "
            "known; leave precision out"
        )
    if info.num_persons:
        return (
            f"it promises something for each example, but in {info.name} a person has several (group), for whom the "
            "promise does not hold; leave group out"
        )
    return None
