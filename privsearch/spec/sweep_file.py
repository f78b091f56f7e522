"""The sweep file: YAML in, a `SweepSpec` out, or one error with the file, line and field of every problem."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from privsearch._util.text import cut, nearest
from privsearch.errors import PrivsearchError, SpecError
from privsearch.spec.attacks import Attack
from privsearch.spec.builtin import builtin_sweeps
from privsearch.spec.datasets import Dataset, RegisteredDataset, paths_of
from privsearch.spec.meant import remarks
from privsearch.spec.plain_yaml import Document, NotPlainError, lines_of, parse
from privsearch.spec.problems import KEY, Problem, problem_of
from privsearch.spec.storage import is_uri
from privsearch.spec.sweep import RECORDED, SweepSpec

MAX_BYTES: Final = 1_000_000
"""The most bytes of a sweep file: nobody writes more by hand, and a stranger's file could fill the memory."""

_MOST_PROBLEMS: Final = 20
"""The most problems that one error lists."""


_START: Final = "start from one that `privsearch init` writes"

Source = Path | Mapping[str, Any]
"""A sweep file, or the fields of a sweep."""


def read_sweep(source: Source, settings: Sequence[str] = (), *, recorded: bool = False) -> SweepSpec:
    """Read a sweep, with `settings` such as 'recipe.epochs=2' written over it.

    Paths in a sweep file are relative to the file. Paths in a mapping, and a storage among `settings`, are relative to
    the current directory. All of them come back absolute.

    Args:
        source: the file, or the fields.
        settings: the fields to write over, each a path, `=` and a value in YAML.
        recorded: True for the sweep of a study, which ran: it is read even if it says what nobody can have meant.

    Raises:
        SpecError: the file cannot be read, is too large, or breaks a rule; the message lists the problems found.
    """
    document, settled = _parse(source, settings)
    folder = source.parent if isinstance(source, Path) else Path()
    storage = document.value.get("storage")
    if isinstance(storage, str) and storage and not is_uri(storage) and ("storage",) not in settled:
        document.value["storage"] = str(folder / storage)
    try:
        sweep = SweepSpec.model_validate(document.value, context=RECORDED if recorded else None)
    except ValidationError as error:
        raise SpecError("\n".join(_error_lines(error, document, source, settled))) from None
    return _with_absolute_paths(sweep, folder)


def _error_lines(
    error: ValidationError, document: Document, source: Source, settled: set[tuple[str, ...]]
) -> list[str]:
    """Return one line for each problem, in the order of the file; the first ones if there are many."""
    errors = error.errors(include_url=False)
    # A list with a bad item is itself reported as bad: only the deepest errors count.
    shallow = {details["loc"][:n] for details in errors for n in range(len(details["loc"]))}
    deepest = [details for details in errors if details["loc"] not in shallow]
    located = (_located(problem_of(details), document, source, settled) for details in deepest[:_MOST_PROBLEMS])
    texts = [text for _, text in sorted(dict.fromkeys(located), key=lambda of_line: of_line[0])]
    more = len(deepest) - _MOST_PROBLEMS
    return [*texts, f"{_name(source)}: {more:,} more problems, not told here; mend these first"] if more > 0 else texts


def read_attacks(texts: Sequence[str]) -> tuple[Attack, ...]:
    """Return the attacks that `texts` name, each as in a sweep file's `attacks`, several separated by commas.

    Raises:
        SpecError: a text is no YAML, or names no attack.
    """
    attacks: list[Attack] = []
    for text in texts:
        option = f"--attack {cut(text)}"
        try:
            items = parse(f"[{text}]").value
            attacks += TypeAdapter(tuple[Attack, ...]).validate_python(tuple(items))
        except NotPlainError as error:
            raise SpecError(
                f"{option}: must be names such as lira,rmia, or a mapping in YAML, but got {cut(text)}: {error}"
            ) from None
        except ValidationError as error:
            problems = [problem_of({**details, "loc": ("attacks", *details["loc"])}) for details in error.errors()]
            raise SpecError("\n".join(f"{option}: {problem.sentence}" for problem in problems)) from None
        if not items:
            raise SpecError(f"{option}: must name at least one attack, such as lira,rmia")
    # An attack that several options name is run once.
    return tuple(dict.fromkeys(attacks))


def check_attacks(given: Sequence[Any]) -> tuple[Attack, ...]:
    """Return the attacks that names, mappings and attacks stand for, as in a sweep's `attacks`.

    Raises:
        SpecError: an item is no attack, or there are no items.
    """
    try:
        attacks = TypeAdapter(tuple[Attack, ...]).validate_python(tuple(given))
    except ValidationError as error:
        problems = [problem_of({**details, "loc": ("attacks", *details["loc"])}) for details in error.errors()]
        raise SpecError("\n".join(f"attacks: {problem.sentence}" for problem in problems)) from None
    if not attacks:
        raise SpecError("attacks: must name at least one attack, such as lira")
    return tuple(dict.fromkeys(attacks))


def remarks_on(sweep: SweepSpec, source: Source, settings: Sequence[str] = ()) -> list[str]:
    """Return a line on each field of a sweep that is seldom meant as it is, in the order of the file."""
    if not (found := remarks(sweep.objectives or {})):
        return []
    document, settled = _parse(source, settings)
    lines = [_located(Problem(where, sentence), document, source, settled) for where, sentence in found]
    return [text for _, text in sorted(lines, key=lambda of_line: of_line[0])]


@contextmanager
def locating_errors(source: Source, settings: Sequence[str] = ()) -> Iterator[None]:
    """Put the place of the field before the message of an error that blames a field of the sweep.

    The place is the sweep file and the line, or the option that set the field.

    Raises:
        PrivsearchError: the error that was raised inside, of the same class, with the place.
    """
    try:
        yield
    except PrivsearchError as error:
        if not error.where:
            raise
        document, settled = _parse(source, settings)
        _, message = _located(Problem(error.where, str(error)), document, source, settled)
        raise type(error)(message) from None


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            size = path.stat().st_size  # 0 for a device or a pipe
            has = f"{size:,}" if size > MAX_BYTES else "more"
            raise SpecError(
                f"{path}: a sweep file must have at most {MAX_BYTES:,} bytes, but has {has}; write several sweeps"
            )
        return content.decode("utf-8-sig")
    except FileNotFoundError:
        siblings = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        hint = f"sweep files in {path.parent}: {', '.join(siblings)}" if siblings else "check the path"
        if path.name == str(path) and not path.suffix:
            known = builtin_sweeps()
            near = nearest(path.name, known)
            hint += f"; built in by name: {', '.join(known)}{f' (nearest: {near})' if near else ''}"
        raise SpecError(f"{path}: the sweep file must exist, but there is none here; {hint}") from None
    except IsADirectoryError:
        raise SpecError(f"{path}: must be a sweep file, but is a directory; name the YAML file in it") from None
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path}: a sweep file must be text in UTF-8, but byte {error.start} is not; save it as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise SpecError(f"{path}: the sweep file must be readable, but: {reason}; check its path and rights") from None


def _parse(source: Source, settings: Sequence[str]) -> tuple[Document, set[tuple[str, ...]]]:
    """Return the sweep with the settings written over it, and the paths of the fields that they set."""
    document = _parse_file(source) if isinstance(source, Path) else Document(deepcopy(dict(source)))
    return document, {_apply(document.value, setting) for setting in settings}


def _parse_file(path: Path) -> Document:
    text = _read(path)
    try:
        document = parse(text)
    except NotPlainError as error:
        source = cut(lines_of(text)[error.line - 1].rstrip())
        raise SpecError(f"{path}:{error.line}: must be YAML of plain values, but got {source}: {error}") from None
    if document.value is None:
        raise SpecError(f"{path}:1: must describe a sweep, but is empty; {_START}")
    if not isinstance(document.value, dict):
        raise SpecError(
            f"{path}:1: must be a mapping of fields such as `name: my-sweep`, but is {_kind(document.value)}; {_START}"
        )
    return document


def _apply(document: dict[str, Any], setting: str) -> tuple[str, ...]:
    """Write one `path=value` into the document, the value read as YAML; return the path."""
    dotted, separator, text = setting.partition("=")
    keys = tuple(dotted.strip().split("."))
    option = f"--set {cut(setting)}"
    if not separator or not all(keys):
        raise SpecError(f"{option}: must be path=value, such as --set recipe.epochs=2")
    try:
        value = parse(text).value
    except NotPlainError as error:
        raise SpecError(f"{option}: the value must be YAML of plain values, but got {cut(text)}: {error}") from None
    keys = _undotted(document, keys)
    node: Any = document
    for key in keys[:-1]:
        node = node.setdefault(key, {}) if isinstance(node, dict) else None
    if not isinstance(node, dict):
        raise SpecError(f"{option}: {cut(dotted)} must lead through mappings; to change a list, set it whole")
    node[keys[-1]] = value
    return keys


def _undotted(document: dict[str, Any], parts: tuple[str, ...]) -> tuple[str, ...]:
    """Return the keys that a dotted path means.

    Names may have dots in them, as in `objectives.svm.auc`, so each step takes the longest key that exists.
    """
    keys: list[str] = []
    node: Any = document
    while parts:
        there = [n for n in range(len(parts), 0, -1) if isinstance(node, dict) and ".".join(parts[:n]) in node]
        # A column that is not an objective yet is no key yet, but its name has a dot too.
        length = there[0] if there else len(parts) if keys == ["objectives"] else 1
        keys.append(".".join(parts[:length]))
        node = node[keys[-1]] if there else None
        parts = parts[length:]
    return tuple(keys)


def _kind(value: Any) -> str:
    return "a list" if isinstance(value, list) else f"only {cut(value)}"


def _located(problem: Problem, document: Document, source: Source, settled: set[tuple[str, ...]]) -> tuple[int, str]:
    """Return the line number of a problem, and the problem as one line: file, line number, field, sentence."""
    node: Any = document.value
    line = 1
    field = ""
    steps: tuple[Any, ...] = ()
    for step in problem.where:
        in_list = isinstance(node, list) and isinstance(step, int) and step < len(node)
        if in_list or (isinstance(node, dict) and step in node):
            steps, node = (*steps, step), node[step]
            line = document.lines.get(steps, line)
            field += f"[{step}]" if in_list else f".{_key_shown(step)}"
        elif step == problem.where[-1] and isinstance(step, str) and isinstance(node, dict) and step != KEY:
            field += f".{_key_shown(step)}"
    field = field.removeprefix(".")
    path = steps if steps[-1:] == problem.where[-1:] else (*steps, problem.where[-1])
    given_by = next((keys for keys in settled if _sets(path, keys, document)), None)
    place = f"--set {'.'.join(given_by)}" if given_by else _name(source, f":{line}")
    return line, f"{place}: {field}: {problem.sentence}" if field else f"{place}: {problem.sentence}"


def _sets(field: tuple[Any, ...], keys: tuple[str, ...], document: Document) -> bool:
    """Tell whether the setting of a path has written a field, or made it on the way to its own."""
    return field[: len(keys)] == keys or (keys[: len(field)] == field and field not in document.lines)


def _name(source: Source, line: str = "") -> str:
    return f"{source}{line}" if isinstance(source, Path) else "sweep"


def _key_shown(key: int | str) -> str:
    """Return a key as it was written, or cut and escaped if it is long or not printable."""
    text = str(key)
    return text if text.isprintable() and len(text) <= 80 else cut(text)


def _with_absolute_paths(sweep: SweepSpec, folder: Path) -> SweepSpec:
    return sweep.model_copy(update={"datasets": tuple(_with_absolute(dataset, folder) for dataset in sweep.datasets)})


def _with_absolute(dataset: Dataset, folder: Path) -> Dataset:
    if isinstance(dataset, str | RegisteredDataset):
        return dataset
    paths = {field: _absolute(folder / path) for field, path in paths_of(dataset).items()}
    return dataset.model_copy(update=paths)


def _absolute(path: Path) -> str:
    absolute = str(path.resolve())
    try:
        absolute.encode()
    except UnicodeEncodeError:
        raise SpecError(
            f"{absolute}: the path of a dataset must be text in UTF-8, for it is written into the study, but is not; "
            "rename its directory"
        ) from None
    return absolute
