"""Colours and markers of the figures."""

from typing import Final
from zlib import crc32


class _ByModel(dict[str, str]):
    """A colour or marker for each model; a registered model gets one of the spare ones, chosen by its name."""

    def __init__(self, *others: str, **built_in: str) -> None:
        super().__init__(built_in)
        self._others = others

    def __missing__(self, model: str) -> str:
        return self._others[crc32(model.encode()) % len(self._others)]


MODEL_COLOURS: Final = _ByModel("#009E73", "#CC79A7", "#D55E00", "#56B4E9", ann="#0072B2", snn="#E69F00")
"""Blue and orange of Okabe and Ito 2008: distinct with any colour vision, and as dark and light grey.

Registered models get other colours of the same palette.
"""


MODEL_MARKERS: Final = _ByModel("s", "D", "v", "P", ann="o", snn="^")


MODEL_SYMBOLS: Final = _ByModel("square", "diamond", "triangle-down", "cross", ann="circle", snn="triangle-up")
"""The markers of MODEL_MARKERS, by plotly's names."""


GREY: Final = "#595959"
