"""Arrays of outputs that were brought, each checked so that an error names it and the place in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from jaxtyping import Bool, Float, Int64, Shaped

from privsearch._util.text import cut
from privsearch.data.raw import did_you_mean, listed
from privsearch.data.subgroups import MOST_SUBGROUPS, named_subgroups
from privsearch.errors import DataError

FEWEST: Final = 2
"""The fewest members, and the fewest non-members, of a network."""

SUM: Final = 1e-3
"""How far the sum of an example's probabilities may be from 1, as sums of rounded numbers are."""


@dataclass(frozen=True)
class GivenArrays:
    """Arrays as somebody gave them; every method checks one, and returns it as it is needed."""

    place: str

    def error(self, name: str, sentence: str) -> DataError:
        """Return an error that names an array."""
        where = f"{self.place}{name!r}" if self.place else name
        return DataError(f"{where}: {sentence}")

    def outputs(self, name: str, given: Any) -> Float[np.ndarray, "networks examples classes"]:
        """Check outputs, and return them with an axis of networks."""
        array = self._array(name, given)
        if array.dtype.kind not in "fiu":
            raise self.error(name, f"outputs must be numbers, but it is {described(array)}")
        if array.ndim == 1 or (array.ndim in (2, 3) and array.shape[-1] == 1):
            raise self.error(
                name,
                f"there must be a column for each class, two or more, but the shape is {array.shape}; of one "
                "probability p of class 1 give numpy.stack([1 - p, p], axis=-1)",
            )
        if array.ndim not in (2, 3):
            raise self.error(
                name, f"the shape must be (networks, examples, classes) or (examples, classes), but is {array.shape}"
            )
        array = array if array.ndim == 3 else array[None]
        if 0 in array.shape:
            raise self.error(name, f"there must be networks and examples, but the shape is {array.shape}")
        array = array if array.dtype in (np.float32, np.float64) else array.astype(np.float64)
        if not np.isfinite(array).all():
            network, example, column = np.argwhere(~np.isfinite(array))[0].tolist()
            raise self.error(
                name,
                f"all numbers must be finite, but that of network {network}, example {example}, class {column} (all "
                f"counted from 0) is {array[network, example, column]}; give probabilities if these are logarithms of "
                "0, or leave out the network",
            )
        return array

    def members(
        self, name: str, given: Any, outputs: Float[np.ndarray, "networks examples classes"]
    ) -> Bool[np.ndarray, "networks examples"]:
        """Check who is a member of which network."""
        array = self._array(name, given)
        shape = outputs.shape[:2]
        if array.ndim == 1 and len(outputs) == 1:
            array = array[None]
        if array.shape != shape:
            turned = "; it seems to be turned: give is_member.T" if array.shape == shape[::-1] else ""
            raise self.error(
                name,
                f"there must be a truth value for each network and example, of shape {shape}, but the shape is "
                f"{array.shape}{turned}",
            )
        if array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
            raise self.error(name, f"there must be truth values, or 0 and 1, alone, but it is {described(array)}")
        return array.astype(np.bool_)

    def both_kinds(self, is_member: Bool[np.ndarray, "networks examples"]) -> None:
        """Check that every network has members and non-members."""
        for network, of_one in enumerate(is_member):
            members, others = int(of_one.sum()), int((~of_one).sum())
            if min(members, others) < FEWEST:
                raise self.error(
                    "is_member",
                    f"every network must have at least {FEWEST} members and {FEWEST} non-members among the examples "
                    f"outside of the population, but network {network} (counted from 0) has {members} and {others}; "
                    "give outputs for examples that it was trained on and for others",
                )

    def labels(self, given: Any, classes: Any, examples: int, columns: int) -> Int64[np.ndarray, " examples"]:
        """Check the labels, and return the index of each one's column."""
        array = self._array("labels", given)
        if array.shape != (examples,):
            raise self.error(
                "labels", f"there must be one label for each of the {examples} examples, but the shape is {array.shape}"
            )
        if classes is not None:
            return self._indices(array, self._array("classes", classes), columns)
        if array.dtype.kind not in "biuf" or not (np.isfinite(array) & (array == np.floor(array))).all():
            raise self.error(
                "labels",
                f"they must be indices of the {columns} columns of the outputs, from 0, but it is {described(array)}; "
                "say which label each column stands for with classes, such as scikit-learn's model.classes_",
            )
        if array.min() < 0 or array.max() >= columns:
            raise self.error(
                "labels",
                f"they must be indices of the {columns} columns of the outputs, from 0 to {columns - 1}, but go from "
                f"{array.min():g} to {array.max():g}; number them anew, or say what the columns stand for with classes",
            )
        return array.astype(np.int64)

    def _indices(
        self, labels: Shaped[np.ndarray, " n"], classes: Shaped[np.ndarray, "..."], columns: int
    ) -> Int64[np.ndarray, " n"]:
        names = [str(name) for name in classes.ravel().tolist()]
        if classes.ndim != 1 or len(names) != columns or len(set(names)) < len(names):
            raise self.error(
                "classes",
                f"there must be {columns} different names, one for each column of the outputs, but got {listed(names)}",
            )
        index = {name: number for number, name in enumerate(names)}
        texts = [str(label) for label in labels.tolist()]
        if unknown := [text for text in texts if text not in index]:
            raise self.error(
                "labels",
                f"every label must be among classes ({listed(names)}), but one is {cut(unknown[0])}"
                f"{did_you_mean(unknown[0], names)}",
            )
        return np.array([index[text] for text in texts], dtype=np.int64)

    def population(
        self, given: Any, examples: int, is_member: Bool[np.ndarray, "networks examples"]
    ) -> Bool[np.ndarray, " examples"]:
        """Check which examples no network was trained on; all False if none is said to be."""
        if given is None:
            return np.zeros(examples, dtype=np.bool_)
        array = self._array("population", given)
        if array.shape != (examples,) or array.dtype.kind not in "biuf" or not np.isin(array, (0, 1)).all():
            raise self.error(
                "population",
                f"there must be a truth value for each of the {examples} examples, but it is {described(array)}",
            )
        chosen = array.astype(np.bool_)
        trained_on = is_member.any(axis=0) & chosen
        if trained_on.any():
            raise self.error(
                "population",
                f"no network may have been trained on an example of the population, but {int(trained_on.sum())} are "
                f"members of some, such as example {int(np.flatnonzero(trained_on)[0])}; take them out",
            )
        return chosen

    def groups(self, given: Any, examples: int) -> tuple[Int64[np.ndarray, " examples"] | None, tuple[str, ...]]:
        """Check the subgroups, and return the index of each example's, and their names."""
        if given is None:
            return None, ()
        array = self._array("groups", given, texts=True)
        if array.shape != (examples,):
            raise self.error(
                "groups", f"there must be one name for each of the {examples} examples, but the shape is {array.shape}"
            )
        found = named_subgroups(array.tolist())
        if not found.are_few:
            raise self.error(
                "groups",
                f"there must be 1 to {MOST_SUBGROUPS} subgroups, but there are {len(found.names)}; put numbers such as "
                "ages into ranges",
            )
        return found.numbers, found.names

    def no_probabilities(self, name: str, outputs: Float[np.ndarray, "networks examples classes"]) -> DataError:
        """Return the error of outputs that are said to be probabilities and cannot be."""
        wrong = (outputs < 0).any(-1) | (outputs > 1).any(-1) | (np.abs(outputs.sum(-1) - 1) > SUM)
        network, example = np.argwhere(wrong)[0].tolist() if wrong.any() else (0, 0)
        return self.error(
            name,
            "probabilities must lie between 0 and 1 and add up to 1 for each example, but those of network "
            f"{network}, example {example} are {listed(outputs[network, example].tolist())}; give them as logits if "
            "they are",
        )

    def _array(self, name: str, given: Any, *, texts: bool = False) -> Shaped[np.ndarray, "..."]:
        tensor = given.detach().cpu() if hasattr(given, "detach") else given  # one of torch's
        try:
            array: np.ndarray = np.asarray(tensor)
        except Exception as error:  # whatever an object of another library raises
            raise self.error(name, f"it must be an array, but: {type(error).__name__}: {error}") from None
        if array.dtype.kind == "O" and not texts:
            plain = np.array(array.tolist())  # such as a column of pandas
            if plain.dtype.kind == "O":
                raise self.error(name, f"it must be an array of one type, but it is {described(array)}")
            array = plain
        return array


def are_probabilities(outputs: Float[np.ndarray, "networks examples classes"]) -> bool:
    """Tell whether outputs can be probabilities: between 0 and 1, and adding up to 1 for every example."""
    return bool(
        outputs.min() >= 0 and outputs.max() <= 1 and (np.abs(outputs.sum(axis=-1, dtype=np.float64) - 1) <= SUM).all()
    )


def described(array: Shaped[np.ndarray, "..."]) -> str:
    """Return the type and the shape of an array as messages show them."""
    kinds: Mapping[str, str] = {
        "U": "text",
        "O": "Python objects",
        "f": "decimals",
        "i": "integers",
        "b": "truth values",
    }
    return f"of {kinds.get(array.dtype.kind, str(array.dtype))}, shape {array.shape}"
