"""The names of arrays in the wild: which array is what, where its name leaves no doubt."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from jaxtyping import Shaped

from privsearch.data.raw import did_you_mean, listed
from privsearch.errors import DataError

ONE_SPLIT: Final = ("x", "y")
TWO_SPLITS: Final = ("x_train", "y_train", "x_test", "y_test")

LENGTHS: Final = {"x": "lengths", "x_train": "lengths_train", "x_test": "lengths_test"}
"""The array that says how many time steps the examples of another array have, if their numbers differ."""

_WHAT: Final = {
    **dict.fromkeys(("x", "data", "image", "images", "input", "inputs", "feature", "features"), "x"),
    **dict.fromkeys(("y", "label", "labels", "target", "targets"), "y"),
}
_SPLIT: Final = {"train": "_train", "training": "_train", "test": "_test", "testing": "_test"}
_NAME: Final = re.compile(
    rf"(?:(?P<before>{'|'.join(_SPLIT)})_?)?(?P<what>{'|'.join(_WHAT)})(?:_?(?P<behind>{'|'.join(_SPLIT)}))?"
)


def named_arrays(names: Sequence[str], where: str) -> dict[str, str]:
    """Return the name of each array that is needed, by `x`, `y`, or by `x_train`, `y_train`, `x_test`, `y_test`.

    The arrays of `LENGTHS` are among them where they are there, of one split as of the other.

    Beside these names, those that mean the same are known: `X_train`, `train_images`, `data` with `target`, and others
    of that kind. Whatever else is among the names is left out of what is returned.

    Args:
        names: the names of the arrays that are there.
        where: the file, for the error message.

    Raises:
        DataError: an array is missing, or two could be the same one.
    """
    meant: dict[str, list[str]] = {}
    for name in names:
        meant.setdefault(_meaning(name), []).append(name)
    expected = max((ONE_SPLIT, TWO_SPLITS), key=lambda roles: sum(role in meant for role in roles))
    found: dict[str, str] = {}
    for role in expected:
        candidates = [role] if role in names else meant.get(role, [])
        if len(candidates) > 1:
            raise DataError(
                f"{where}: it must be clear which array is {role}, but {listed(candidates)} may each be it. Call one "
                f"of them {role}, and leave the others out with drop."
            )
        if candidates:
            found[role] = candidates[0]
    if len(found) < len(expected):
        raise not_these(names, [name for name in names if name not in found.values()], expected, where)
    lengths = {LENGTHS[role]: LENGTHS[role] for role in found if role in LENGTHS}
    given = lengths.keys() & set(names)
    # Lengths of one split without those of the other would be a slip.
    if given and given != lengths.keys():
        raise not_these(names, [], [*expected, *lengths], where)
    return found | (lengths if given else {})


def not_these(names: Sequence[str], unknown: Sequence[str], expected: Sequence[str], where: str) -> DataError:
    """Return the error of arrays of which some are missing or not allowed.

    Args:
        names: the names of the arrays that are there.
        unknown: those of them that are not allowed.
        expected: the roles that are needed.
        where: the file.
    """
    roles = {_meaning(name) for name in names if name not in unknown}
    missing = [role for role in expected if role not in roles]
    leave_out = "" if missing else f" drop: [{', '.join(unknown[:3])}{', ...' if len(unknown) > 3 else ''}] does that."
    return DataError(
        f"{where}: the arrays must be {listed(ONE_SPLIT)} or {listed(TWO_SPLITS)}, and no others, but got "
        f"{listed(names) or 'none'} (missing: {listed(missing) or 'none'}; not allowed: {listed(unknown) or 'none'}). "
        f"Add, rename or remove arrays.{leave_out}{''.join(did_you_mean(name, missing) for name in unknown[:1])}"
    )


def is_no_data(array: Shaped[np.ndarray, "..."], arrays: Mapping[str, Shaped[np.ndarray, "..."]]) -> bool:
    """Tell whether an array is clearly beside the data: a single value, or a list of as many texts as no split has.

    Args:
        array: the array in question.
        arrays: the arrays that are the data.
    """
    lengths = {len(other) for other in arrays.values() if other.ndim}
    return array.ndim == 0 or (array.ndim == 1 and array.dtype.kind == "U" and len(array) not in lengths)


def _meaning(name: str) -> str:
    """Return what a name means; the name itself if that is not certain."""
    match = _NAME.fullmatch(name.lower().replace("-", "_"))
    if match is None or (match["before"] and match["behind"]):
        return name
    split = match["before"] or match["behind"]
    return _WHAT[match["what"]] + (_SPLIT[split] if split else "")
