"""The process of a part, which `python -m benchmarks.gpu` starts: `-m benchmarks.gpu.part NAME SETTINGS FILE`."""

import json
import os
import sys
from importlib import import_module
from pathlib import Path

from benchmarks.gpu.settings import Settings
from benchmarks.worker import ONE_THREAD


def main(name: str, settings: str, file: str) -> None:
    """Measure a part and write what it found to a file, as JSON.

    Args:
        name: the part's module, with a function `measure`.
        settings: the sizes, as JSON.
        file: the file's path.
    """
    os.environ.update(ONE_THREAD)  # before torch is imported, which the part does
    found = import_module(f"benchmarks.gpu.{name}").measure(Settings(**json.loads(settings)))
    Path(file).write_text(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
