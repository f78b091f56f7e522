"""The words that arguments of calls and options of commands are chosen from, and defaults of both.

It imports nothing of the house, so that `--help` need not wait for specifications.
"""

from typing import Final, Literal

RunnerName = Literal["tune", "inline"]
"""Where trials run: by Ray Tune's workers, or in this process."""

EXAMPLES_FOLDER: Final = "sweeps"
"""The folder that the sweeps that come with privsearch are written to, unless another one is named."""

ExportFormat = Literal["onnx", "qonnx", "nir"]
"""The graphs that an export may write beside its program (`privsearch.spec.export_formats`)."""

Reuse = Literal["all", "same-versions"]
"""Which recorded trials a sweep does not run again: all, or those of the present versions."""
