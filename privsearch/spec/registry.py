"""The registry of users' own datasets, models and attacks, by name, in this process.

`privsearch.api.plugins` registers them. `privsearch.sweep.runners.ray_tune.pickling` sends them to the processes that
train.
"""

import hashlib
import inspect
import itertools
import re
import textwrap
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

from privsearch._util.text import remedy
from privsearch.errors import SpecError

Kind = Literal["dataset", "model", "attack"]

_TAG: Final = re.compile(r"(?P<name>[A-Za-z][A-Za-z0-9_]{0,79})-v(?P<version>[1-9][0-9]{0,5})")


@dataclass(frozen=True)
class Entry:
    """A registered dataset, model or attack.

    Attributes:
        kind: one of the three.
        name: its name in sweeps.
        function: the user's function, called as `privsearch.api.plugins` says for its kind.
        version: the version of a model or an attack; another version is another model, or another attack.
        axes: the axes that a model uses beside those of every recipe; empty for a dataset or an attack.
        inputs: True for an attack that reads the examples themselves, beside the outputs.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    version: int = 1
    axes: frozenset[str] = frozenset()
    inputs: bool = False

    @property
    def tag(self) -> str:
        """The name with the version, such as `mlp-v1`: the `model` of a trial with a registered model."""
        return f"{self.name}-v{self.version}"

    @property
    def code(self) -> tuple[str, str]:
        """The module and name of the function's definition: the same for a notebook's cell that is run again."""
        module, name = (str(getattr(self.function, field, "")) for field in ("__module__", "__qualname__"))
        # Only its byte code tells one lambda from another.
        body = f" {self.function.__code__.co_code.hex()}" if name.endswith("<lambda>") else ""
        return module, (name or repr(self.function)) + body

    @property
    def source(self) -> str | None:
        """A digest of the function's own source, without that of what it calls; None if the source is not known."""
        try:
            text = textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError):
            return None
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_entries: Final[dict[tuple[Kind, str], Entry]] = {}
_serials: Final[dict[tuple[Kind, str], int]] = {}
_serial: Final = itertools.count(1)


def add(entry: Entry) -> None:
    """Register an entry under its name.

    The same function, defined again as when a notebook's cell is run again, takes the place of the earlier one.

    Raises:
        SpecError: the name stands for another function.
    """
    earlier = _entries.get((entry.kind, entry.name))
    if earlier and earlier.code != entry.code:
        raise SpecError(
            f"every {entry.kind} must have a name of its own, but {entry.name!r} is registered already, as "
            f"{'.'.join(earlier.code).partition(' ')[0]}; choose another name"
        )
    adopt([entry])


def adopt(entries: Iterable[Entry]) -> None:
    """Register all of `entries` in this process, in place of any others of their names."""
    for entry in entries:
        key = entry.kind, entry.name
        if _entries.get(key) != entry:
            _entries[key], _serials[key] = entry, next(_serial)


def forget(kind: Kind, name: str) -> None:
    """Remove the entry of a name, if there is one."""
    _entries.pop((kind, name), None)


def entries() -> tuple[Entry, ...]:
    """Return all entries, in the order of their registration."""
    return tuple(_entries.values())


def names(kind: Kind) -> tuple[str, ...]:
    """Return the registered names of a kind."""
    return tuple(name for entry_kind, name in _entries if entry_kind == kind)


def sources() -> dict[str, str]:
    """Return the digests of the sources of registered models and attacks, by kind and tag, such as `model mlp-v1`."""
    digests = {f"{entry.kind} {entry.tag}": entry.source for entry in entries() if entry.kind != "dataset"}
    return {tag: source for tag, source in digests.items() if source}


def find(kind: Kind, name: object) -> Entry | None:
    """Return the entry of a name; None if there is none."""
    return _entries.get((kind, name)) if isinstance(name, str) else None


def serial(kind: Kind, name: str) -> int:
    """Return a number that changes whenever a name gets another entry; 0 if it never had one."""
    return _serials.get((kind, name), 0)


def needed(kind: Kind, name: str, version: int = 1) -> Entry:
    """Return the entry of a name in a version.

    Raises:
        SpecError: the name is not registered here, or in another version.
    """
    entry = find(kind, name)
    if entry is None:
        valid = names(kind)
        listed = f"registered: {', '.join(valid)}; {remedy(name, valid)}" if valid else "nothing of its kind is"
        raise SpecError(
            f"the {kind} {name!r} must be registered in this process before it is run, but is not ({listed}); call "
            f"privsearch.register_{kind} first, or name the file that does with --plugin"
        )
    if entry.version != version:
        raise SpecError(
            f"the {kind} {name!r} must be registered in version {version}, but here it is in version {entry.version}; "
            f"ask for {name!r} to run that, or register version {version}"
        )
    return entry


def tagged(model: str) -> tuple[str, int] | None:
    """Return the name and the version in the tag of a registered model; None if `model` is no such tag."""
    parts = _TAG.fullmatch(model)
    return (parts["name"], int(parts["version"])) if parts else None


def model_needed(model: str) -> Entry:
    """Return the entry of the registered model with a tag.

    Raises:
        SpecError: the model is not registered here, or in another version.
    """
    name, version = tagged(model) or (model, 1)
    return needed("model", name, version)
