"""Scripts of others that pages contain; `vendor/README.md` has their origins, versions and licences."""

from importlib.resources import files
from typing import Final

PLOTLY: Final = "plotly-basic.min.js"
"""The basic bundle of plotly.js, which draws scatter, bar and pie traces: a quarter of the full bundle's size."""

DATA_TABLES: Final = "dataTables.min.js"


def vendored(name: str) -> str:
    """Return the text of a vendored script."""
    return files(__package__).joinpath("vendor", name).read_text(encoding="utf-8")
