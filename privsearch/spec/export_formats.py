"""The formats of graphs that an export may write beside its program."""

from typing import Literal

GraphFormat = Literal["onnx", "qonnx"]
"""ONNX with standard operators alone, or with QONNX's operator for numbers of few bits."""

ExportFormat = Literal[GraphFormat, "nir"]
"""The formats that may be asked for; NIR is refused with its reason."""
