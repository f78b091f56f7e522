"""What users have registered beside what privsearch brings: datasets, models and attacks, by name, in this process.

Registered through `privsearch.api.plugins`; sent to processes that train by
`privsearch.sweep.runners.ray_tune.pickling`.
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
    """Something registered.

    Attributes:
        kind: what it is.
        name: how sweeps call it.
        function: what was registered, called as `privsearch.api.plugins` says for its kind.
        version: of a model or an attack; another one is another model, or another attack.
        axes: of a model: the axes that it honours beside those of every recipe.
    """

    kind: Kind
    name: str
    function: Callable[..., Any]
    version: int = 1
    axes: frozenset[str] = frozenset()

    @property
    def tag(self) -> str:
        """The name with the version, such as `mlp-v1`: what a trial's `model` says of a registered one."""
        return f"{self.name}-v{self.version}"

    @property
    def code(self) -> tuple[str, str]:
        """Where the function was defined: the same for a notebook's cell that is run again."""
        module, name = (str(getattr(self.function, field, "")) for field in ("__module__", "__qualname__"))
        # Nothing but what it does tells one lambda from another.
        body = f" {self.function.__code__.co_code.hex()}" if name.endswith("<lambda>") else ""
        return module, (name or repr(self.function)) + body

    @property
    def source(self) -> str | None:
        """A digest of the function's own source, whatever it calls; None where nobody knows it."""
        try:
            text = textwrap.dedent(inspect.getsource(self.function))
        except (OSError, TypeError):
            return None
        return hashlib.sha256(text.encode()).hexdigest()[:16]


_entries: Final[dict[tuple[Kind, str], Entry]] = {}
_serials: Final[dict[tuple[Kind, str], int]] = {}
_serial: Final = itertools.count(1)


def add(entry: Entry) -> None:
    """Have the name of `entry` stand for it.

    The same function, defined again as when a notebook's cell is run again, takes the place of the earlier one.

    Raises:
        SpecError: the name stands for another function.
    """
    known = _entries.get((entry.kind, entry.name))
    if known and known.code != entry.code:
        raise SpecError(
            f"every {entry.kind} must have a name of its own, but {entry.name!r} is registered already, as "
            f"{'.'.join(known.code).partition(' ')[0]}; choose another name"
        )
    adopt([entry])


def adopt(entries: Iterable[Entry]) -> None:
    """Have all of `entries` in this process, whatever stood there."""
    for entry in entries:
        key = entry.kind, entry.name
        if _entries.get(key) != entry:
            _entries[key], _serials[key] = entry, next(_serial)


def forget(kind: Kind, name: str) -> None:
    """Have `name` stand for nothing again."""
    _entries.pop((kind, name), None)


def entries() -> tuple[Entry, ...]:
    """Everything registered, in its order."""
    return tuple(_entries.values())


def names(kind: Kind) -> tuple[str, ...]:
    """The registered names of a kind."""
    return tuple(name for own, name in _entries if own == kind)


def sources() -> dict[str, str]:
    """By kind and tag, such as `model mlp-v1`, the digest of each registered model's and attack's source."""
    known = {f"{entry.kind} {entry.tag}": entry.source for entry in entries() if entry.kind != "dataset"}
    return {what: source for what, source in known.items() if source}


def found(kind: Kind, name: object) -> Entry | None:
    """What `name` stands for here; None for nothing."""
    return _entries.get((kind, name)) if isinstance(name, str) else None


def serial(kind: Kind, name: str) -> int:
    """A number that changes whenever `name` comes to stand for something else; 0 for nothing."""
    return _serials.get((kind, name), 0)


def needed(kind: Kind, name: str, version: int = 1) -> Entry:
    """What `name` stands for, in that version.

    Raises:
        SpecError: nothing here, or another version.
    """
    entry = found(kind, name)
    if entry is None:
        known = names(kind)
        listed = f"registered: {', '.join(known)}; {remedy(name, known)}" if known else "nothing of its kind is"
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
    """The name and the version in the tag of a registered model; None for what is no such tag."""
    parts = _TAG.fullmatch(model)
    return (parts["name"], int(parts["version"])) if parts else None


def model_needed(model: str) -> Entry:
    """The registered model of that tag.

    Raises:
        SpecError: it is not registered here, or in another version.
    """
    name, version = tagged(model) or (model, 1)
    return needed("model", name, version)
