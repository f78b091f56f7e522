"""Outputs of networks that were trained elsewhere, checked so that errors name the array and the place in it.

Arrays come from a caller or from an NPZ archive (`read_outputs`), and are made into one `GivenOutputs`. Outputs are
kept as logits, whatever they were: the logarithms of probabilities are logits that give these probabilities.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from privsearch._util.npz import NpzError, open_npz, read_array
from privsearch._util.text import cut
from privsearch.data.files import existing_file
from privsearch.data.given_arrays import GivenArrays, are_probabilities, described
from privsearch.data.raw import did_you_mean, listed
from privsearch.errors import DataError

OutputKind = Literal["logits", "probabilities"]

_OUTPUTS: Final = ("outputs", "logits", "probabilities")
_NEEDED: Final = ("is_member", "labels")
_OPTIONAL: Final = ("classes", "groups", "population", "references", "reference_is_member", "coins")


@dataclass(frozen=True, eq=False)
class GivenOutputs:
    """The outputs of networks that were trained elsewhere, and all that is known of them.

    Attributes:
        logits: `(networks, examples, classes)`, finite; the audited networks first, then the references.
        is_member: `(networks, examples)`, True if the example was in that network's training set.
        labels: `(examples,)`, class indices.
        audited: the number of networks that are audited; the others are references.
        population: `(examples,)`, True for examples that no network was trained on, and that none is judged on.
        groups: `(examples,)`, the subgroup of each example as an index into `group_names`, -1 for none; or None.
        group_names: the names of the subgroups.
        coins: True if a fair coin for each example and network decided on its membership.
        told: sentences on how the arrays were understood.
    """

    logits: Float[np.ndarray, "networks examples classes"]
    is_member: Bool[np.ndarray, "networks examples"]
    labels: Int64[np.ndarray, " examples"]
    audited: int
    population: Bool[np.ndarray, " examples"]
    groups: Int64[np.ndarray, " examples"] | None = None
    group_names: tuple[str, ...] = ()
    coins: bool = False
    told: tuple[str, ...] = ()


def read_outputs(file: Path | str) -> GivenOutputs:
    """Read an NPZ archive of `outputs` (or `logits`, or `probabilities`), `is_member` and `labels`, and check it.

    It may hold `classes`, `groups`, `population`, `references` with `reference_is_member`, and `coins` as well: the
    arguments of `checked_outputs`. Nothing is unpickled.

    Raises:
        DataError: the file is missing or unreadable, or its arrays break a rule.
    """
    path = existing_file(str(file))
    arrays = _arrays_in(path, "logits=..., is_member=..., labels=...")
    kind = _kind_by_name(list(arrays), str(path))
    outputs = arrays.pop(kind)
    coins = arrays.pop("coins", None)
    if coins is not None and (coins.ndim or coins.dtype.kind != "b"):
        raise DataError(f"{path}, array 'coins': this must be True or False alone, but it is {described(coins)}")
    others: dict[str, Any] = dict(arrays)
    return checked_outputs(
        outputs,
        kind=None if kind == "outputs" else kind,  # type: ignore[arg-type]
        coins=bool(coins),
        place=f"{path}, array ",
        called=kind,
        **others,
    )


def read_examples(file: Path | str) -> dict[str, Shaped[np.ndarray, "..."]]:
    """Read an NPZ archive of the examples that networks are to be asked about: `x`, `y`, and `groups` if there are any.

    Raises:
        DataError: the file is missing or unreadable, lacks an array or has another one, or `x` is no array of numbers.
    """
    path = existing_file(str(file))
    arrays = _arrays_in(path, "x=..., y=...")
    if missing := [name for name in ("x", "y") if name not in arrays]:
        raise DataError(f"{path}: there must be an array {missing[0]!r}, but there are {listed(arrays)}. Add it.")
    if unknown := [name for name in arrays if name not in ("x", "y", "groups")]:
        raise DataError(
            f"{path}: arrays must be x, y and groups, but there is {cut(unknown[0])}. Rename it or take it out."
        )
    x, y = arrays["x"], arrays["y"]
    if x.dtype.kind not in "fiub" or x.ndim < 2 or not np.isfinite(x).all():
        raise DataError(f"{path}, array 'x': there must be finite numbers, (examples, ...), but it is {described(x)}")
    if y.dtype.kind not in "iub" or y.shape != x.shape[:1]:
        raise DataError(
            f"{path}, array 'y': there must be the number of the class of each of the {len(x)} examples, but it is "
            f"{described(y)}"
        )
    return arrays


def _arrays_in(path: Path, example: str) -> dict[str, Shaped[np.ndarray, "..."]]:
    try:
        with open_npz(path) as archive:
            names = {member.removesuffix(".npy"): member for member in archive.namelist()}
            return {name: _read(archive, member, f"{path}, array {name!r}") for name, member in names.items()}
    except NpzError as error:
        raise DataError(
            f"{path}: this must be a readable NPZ archive, but: {error}. Write it with numpy.savez_compressed(path, "
            f"{example})."
        ) from error


def checked_outputs(  # noqa: PLR0913  # all that may be known of outputs
    outputs: Any,
    is_member: Any,
    labels: Any,
    *,
    kind: OutputKind | None = None,
    classes: Sequence[Any] | np.ndarray | None = None,
    groups: Any = None,
    population: Any = None,
    references: Any = None,
    reference_is_member: Any = None,
    coins: bool = False,
    place: str = "",
    called: str = "outputs",
) -> GivenOutputs:
    """Check the outputs of networks and what is known of their examples.

    Probabilities become their logarithms. One that is 0 has none, and stands for half of the smallest probability above
    0 among all outputs: of a forest of 100 trees, which answers in steps of 0.01, for 0.005.

    Args:
        outputs: `(networks, examples, classes)`, or `(examples, classes)` of one network.
        is_member: `(networks, examples)`, or `(examples,)` of one network: truth values, or 0 and 1.
        labels: `(examples,)`, indices of the columns of `outputs`, or some of `classes`.
        kind: what the outputs are; None: probabilities if those of every example add up to 1.
        classes: `(classes,)`, the label that each column of `outputs` stands for, as scikit-learn's `classes_`.
        groups: `(examples,)`, the name of the subgroup that an example belongs to; an empty one for none.
        population: `(examples,)`, True for examples that no network was trained on, and that none is judged on.
        references: the outputs of other networks, which are shadows and not audited, of the kind of `outputs`.
        reference_is_member: the same as `is_member` for these.
        coins: True if a fair coin for each example and network decided on its membership.
        place: what messages begin with, before the name of an array.
        called: the name of the array of outputs in messages.

    Raises:
        DataError: an array breaks a rule.
    """
    given = GivenArrays(place)
    audited = given.outputs(called, outputs)
    members = given.members("is_member", is_member, audited)
    if (references is None) != (reference_is_member is None):
        missing = "references" if references is None else "reference_is_member"
        raise given.error(missing, "reference networks need outputs and members, but this is missing; give both")
    if references is not None:
        others = given.outputs("references", references)
        if others.shape[1:] != audited.shape[1:]:
            raise given.error(
                "references",
                f"reference networks must have been asked about the same examples as the audited ones, so that their "
                f"outputs are of shape (networks, {audited.shape[1]}, {audited.shape[2]}), but it is {others.shape}",
            )
        other_members = given.members("reference_is_member", reference_is_member, others)
    else:
        others, other_members = audited[:0], members[:0]
    together = np.concatenate([audited, others])
    is_probability = are_probabilities(together)
    told = []
    if kind is None and is_probability:
        told.append("The outputs were taken for probabilities, as those of every example add up to 1.")
    if kind == "logits" and is_probability:
        told.append(
            "WARNING: the outputs were said to be logits, but those of every example add up to 1, as probabilities do."
        )
    if kind not in (None, "logits", "probabilities"):
        raise DataError(f"kind must be 'logits', 'probabilities' or None, but got {cut(kind)}")
    if kind == "probabilities" and not is_probability:
        raise given.no_probabilities(called, audited)
    is_probability = is_probability if kind is None else kind == "probabilities"
    outside = given.population(population, audited.shape[1], np.concatenate([members, other_members]))
    given.both_kinds(members[:, ~outside])
    group_of, group_names = given.groups(groups, audited.shape[1])
    return GivenOutputs(
        _log(together) if is_probability else together,
        np.concatenate([members, other_members]),
        given.labels(labels, classes, audited.shape[1], audited.shape[2]),
        len(audited),
        outside,
        group_of,
        group_names,
        coins,
        tuple(told),
    )


def _kind_by_name(names: list[str], place: str) -> str:
    """Return the name of the array of outputs; raise DataError unless the arrays are those that are needed."""
    kinds = [name for name in _OUTPUTS if name in names]
    if len(kinds) != 1:
        raise DataError(
            f"{place}: there must be one array of outputs, called logits, probabilities or outputs, but there are "
            f"{listed(names) or 'none'}. Rename one of them."
        )
    known = (kinds[0], *_NEEDED, *_OPTIONAL)
    if missing := [name for name in _NEEDED if name not in names]:
        raise DataError(f"{place}: there must be an array {missing[0]!r}, but there are {listed(names)}. Add it.")
    if unknown := [name for name in names if name not in known]:
        raise DataError(
            f"{place}: arrays must be among {', '.join(known)}, but there is {cut(unknown[0])}. Rename it or take it "
            f"out.{did_you_mean(unknown[0], known)}"
        )
    return kinds[0]


def _read(archive: Any, member: str, where: str) -> Shaped[np.ndarray, "..."]:
    try:
        return read_array(archive, member)
    except NpzError as error:
        raise DataError(
            f"{where}: this must be a readable array of numbers or strings (no Python objects: they would be "
            f"unpickled), but: {error}. Write strings with numpy.array(names, dtype=str)."
        ) from error


def _log(
    probabilities: Float[np.ndarray, "networks examples classes"],
) -> Float[np.ndarray, "networks examples classes"]:
    """Return the logarithms, in float64, those of 0 as `checked_outputs` says."""
    p = probabilities.astype(np.float64)
    logits: np.ndarray = np.log(np.maximum(p, p[p > 0].min() / 2))
    return logits
