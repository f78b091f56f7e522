"""The call that one begins with: the sweeps that come with privsearch, written into a folder to be changed there."""

import json
from collections.abc import Iterable
from pathlib import Path

from privsearch._util.disk import replace_file
from privsearch._util.text import cut, remedy
from privsearch.api.choices import EXAMPLES_FOLDER
from privsearch.errors import SpecError
from privsearch.spec.builtin import builtin_sweeps
from privsearch.spec.schema import FILE_NAME, MODELINE, sweep_schema


def init_sweeps(*names: str, folder: Path | str = EXAMPLES_FOLDER) -> list[Path]:
    """Write sweeps that come with privsearch into a folder, each with its comment, and the schema of sweep files.

    A file that is there and has this content stays as it is. The first line of a sweep tells editors where its schema
    is, by which they complete fields and mark mistakes.

    Args:
        names: such as "quickstart"; none for all of them.
        folder: where they go; it is made if it is missing.

    Returns:
        The sweeps, in the order of their names, and the schema.

    Raises:
        SpecError: a name is not one of theirs, or a file of that name holds something else (nothing is written then),
            or the folder cannot be written.
    """
    known = builtin_sweeps()
    for name in names:
        if name not in known:
            raise SpecError(
                f"init: must name sweeps that come with privsearch ({', '.join(known)}), but got {cut(name)}; "
                f"{remedy(name, known)}"
            )
    contents = {
        f"{name}.yaml": path.read_text(encoding="utf-8") for name, path in known.items() if name in names or not names
    }
    to = Path(folder)
    try:
        _refuse_others(path for file, content in contents.items() if _is_other(path := to / file, content))
        to.mkdir(parents=True, exist_ok=True)
        for file, content in contents.items():
            if not (to / file).exists():
                replace_file(to / file, MODELINE + content)
        # That of an earlier privsearch is replaced.
        replace_file(to / FILE_NAME, json.dumps(sweep_schema(), indent=1) + "\n")
    except OSError as error:
        raise SpecError(
            f"{to}: must be a folder that can be written, but: {error.strerror}; name another one with --to"
        ) from error
    return [to / file for file in (*contents, FILE_NAME)]


def _is_other(path: Path, content: str) -> bool:
    """Tell whether something is there that is not this sweep, with or without the line for editors."""
    return path.exists() and path.read_bytes() not in (content.encode(), (MODELINE + content).encode())


def _refuse_others(paths: Iterable[Path]) -> None:
    """Raise an error with a line for each file that would be overwritten."""
    if lines := [
        f"{path}: must not be there yet, as init overwrites nothing, but is there and is another file; rename it, or "
        "name another folder with --to"
        for path in paths
    ]:
        raise SpecError("\n".join(lines))
