"""Read a sweep file: YAML in, a `SweepSpec` out, or one error with every problem's file, line and field."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from privsearch.errors import PrivsearchError, SpecError
from privsearch.spec.attacks import Attack
from privsearch.spec.problems import Problem, problem_of
from privsearch.spec.sweep import SweepSpec


def read_sweep(path: Path, settings: Sequence[str] = ()) -> SweepSpec:
    """Read the sweep file at `path`, with `settings` such as 'recipe.epochs=2' written over it.

    Paths of datasets are taken as relative to the sweep file and come back absolute.

    Raises:
        SpecError: the file cannot be read or breaks a rule; the message lists all problems found.
    """
    document = _parse(_read(path), path)
    settled = {_apply(document, setting) for setting in settings}
    try:
        sweep = SweepSpec.model_validate(_plain(document))
    except ValidationError as error:
        problems = [problem_of(details) for details in error.errors(include_url=False)]
        ways = [problem.where for problem in problems]
        # A list with a bad item is itself reported as bad: say only what lies deepest.
        deepest = [p for p in problems if not any(len(w) > len(p.where) and w[: len(p.where)] == p.where for w in ways)]
        located = sorted({_located(problem, document, path, settled) for problem in deepest})
        raise SpecError("\n".join(text for _, text in located)) from None
    return _with_absolute_paths(sweep, path.parent)


def read_attacks(texts: Sequence[str]) -> tuple[Attack, ...]:
    """The attacks that `texts` name: each as in a sweep file's `attacks`, several separated by commas.

    Raises:
        SpecError: a text is no YAML, or names no attack.
    """
    found: list[Attack] = []
    for text in texts:
        try:
            items = _plain(YAML(typ="rt", pure=True).load(f"[{text}]"))
            found += TypeAdapter(tuple[Attack, ...]).validate_python(tuple(items))
        except YAMLError:
            raise SpecError(f"--attack {text}: must be names such as lira,rmia, or a mapping in YAML") from None
        except ValidationError as error:
            problems = [problem_of({**details, "loc": ("attacks", *details["loc"])}) for details in error.errors()]
            raise SpecError("\n".join(f"--attack {text}: {problem.sentence}" for problem in problems)) from None
        if not items:
            raise SpecError(f"--attack {text!r}: must name at least one attack, such as lira,rmia")
    # Twice the same is once the same, here where several options are put together.
    return tuple(dict.fromkeys(found))


@contextmanager
def blaming(path: Path, settings: Sequence[str] = ()) -> Iterator[None]:
    """Give errors that blame a field of the sweep the file and line where the field stands.

    Raises:
        PrivsearchError: what was raised inside, of its own kind, with its place before its message.
    """
    try:
        yield
    except PrivsearchError as error:
        if not error.where:
            raise
        document = _parse(_read(path), path)
        settled = {_apply(document, setting) for setting in settings}
        _, message = _located(Problem(error.where, str(error)), document, path, settled)
        raise type(error)(message) from None


def dump_sweep(sweep: SweepSpec) -> str:
    """The sweep as YAML; `read_sweep` gives it back."""
    stream = io.StringIO()
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # typed as None in its stub
    yaml.dump(sweep.model_dump(mode="json"), stream)
    return stream.getvalue()


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        siblings = sorted(p.name for p in path.parent.glob("*.y*ml")) if path.parent.is_dir() else []
        hint = f"sweep files in {path.parent}: {', '.join(siblings)}" if siblings else "check the path"
        raise SpecError(f"{path}: the sweep file must exist, but there is none here; {hint}") from None
    except IsADirectoryError:
        raise SpecError(f"{path}: must be a sweep file, but is a directory; name the YAML file in it") from None
    except UnicodeDecodeError as error:
        raise SpecError(
            f"{path}: a sweep file must be text in UTF-8, but byte {error.start} is not; save it as UTF-8"
        ) from None
    except OSError as error:
        raise SpecError(f"{path}: the sweep file must be readable, but: {error.strerror}") from None


def _parse(text: str, path: Path) -> CommentedMap:
    yaml = YAML(typ="rt", pure=True)
    try:
        document = yaml.load(text)
    except DuplicateKeyError as error:
        raise SpecError(_duplicate_key(error, text, path)) from None
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        source = text.splitlines()[line - 1] if text else ""
        what = f"{error.problem or error.context}".replace("'\\t'", "a tab")
        remedy = "; indent with spaces, not tabs" if "\t" in source else ""
        raise SpecError(f"{path}:{line}: must be valid YAML, but {what} in: {source.strip()!r}{remedy}") from None
    except YAMLError as error:
        raise SpecError(f"{path}: must be valid YAML, but {' '.join(str(error).split())}") from None
    if document is None:
        raise SpecError(f"{path}:1: must describe a sweep, but is empty; start from sweeps/quickstart.yaml")
    if not isinstance(document, CommentedMap):
        given = type(_plain(document)).__name__
        raise SpecError(f"{path}:1: must be a mapping of fields such as `name: my-sweep`, but is a {given}")
    return document


def _duplicate_key(error: DuplicateKeyError, text: str, path: Path) -> str:
    line = error.problem_mark.line + 1
    key = text.splitlines()[line - 1].strip().partition(":")[0].lstrip("{- ")
    return f"{path}:{line}: {key}: every key must stand once in a mapping, but this one stands twice; remove one"


def _apply(document: CommentedMap, setting: str) -> tuple[str, ...]:
    """Write one `path=value` into the document; the value is read as YAML."""
    dotted, separator, text = setting.partition("=")
    keys = tuple(dotted.strip().split("."))
    if not separator or not all(keys):
        raise SpecError(f"--set {setting}: must be path=value, such as --set recipe.epochs=2")
    try:
        value = YAML(typ="rt", pure=True).load(text)
    except YAMLError:
        raise SpecError(f"--set {setting}: the value must be valid YAML, but is {text!r}") from None
    keys = _undotted(document, keys)
    node: Any = document
    for key in keys[:-1]:
        node = node.setdefault(key, CommentedMap()) if isinstance(node, CommentedMap) else None
    if not isinstance(node, CommentedMap):
        raise SpecError(f"--set {setting}: {dotted!r} must lead through mappings; to change a list, set it whole")
    node[keys[-1]] = value
    return keys


def _undotted(document: CommentedMap, parts: tuple[str, ...]) -> tuple[str, ...]:
    """The keys that a dotted path means.

    Names may have dots in them, as in `objectives.svm.auc`, so at each step the longest key that is there is taken.
    """
    keys: list[str] = []
    node: Any = document
    while parts:
        there = [n for n in range(len(parts), 0, -1) if isinstance(node, CommentedMap) and ".".join(parts[:n]) in node]
        # A column that is no objective yet is not there, and has its dot all the same.
        length = there[0] if there else len(parts) if keys == ["objectives"] else 1
        keys.append(".".join(parts[:length]))
        node = node[keys[-1]] if there else None
        parts = parts[length:]
    return tuple(keys)


def _plain(node: Any) -> Any:
    """The document as dicts, lists and plain scalars, free of the parser's own classes."""
    if isinstance(node, CommentedMap):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, CommentedSeq):
        return [_plain(value) for value in node]
    for scalar in (bool, int, float, str):
        if isinstance(node, scalar):
            return scalar(node)
    return node


def _located(problem: Problem, document: CommentedMap, path: Path, settled: set[tuple[str, ...]]) -> tuple[int, str]:
    """The line number of the problem, and all of it as one line: file, line number, field, sentence."""
    node: Any = document
    line = 0
    field = ""
    steps: tuple[Any, ...] = ()
    for step in problem.where:
        if isinstance(node, CommentedMap) and step in node:
            line, field = _line(node, step, line), f"{field}.{step}" if field else str(step)
        elif isinstance(node, CommentedSeq) and isinstance(step, int) and step < len(node):
            line, field = _line(node, step, line), f"{field}[{step}]"
        elif step == problem.where[-1] and isinstance(step, str) and isinstance(node, CommentedMap):
            field = f"{field}.{step}" if field else step
            break
        else:
            continue
        steps, node = (*steps, step), node[step]
    given_by = next((keys for keys in settled if (*steps, problem.where[-1])[: len(keys)] == keys), None)
    place = f"--set {'.'.join(given_by)}" if given_by else f"{path}:{line + 1}"
    return line, f"{place}: {field}: {problem.sentence}" if field else f"{place}: {problem.sentence}"


def _line(node: CommentedMap | CommentedSeq, step: Any, fallback: int) -> int:
    try:
        return int(node.lc.key(step)[0] if isinstance(node, CommentedMap) else node.lc.item(step)[0])
    except (AttributeError, KeyError, TypeError):
        return fallback


def _with_absolute_paths(sweep: SweepSpec, folder: Path) -> SweepSpec:
    datasets = tuple(
        dataset
        if isinstance(dataset, str)
        else dataset.model_copy(update={"path": str((folder / dataset.path).resolve())})
        for dataset in sweep.datasets
    )
    return sweep.model_copy(update={"datasets": datasets})
