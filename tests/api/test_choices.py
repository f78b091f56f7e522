from typing import get_args

from privsearch.api.choices import ExportFormat
from privsearch.spec import export_formats


def test_an_export_may_ask_for_the_formats_that_there_are() -> None:
    """The list stands here once more, so that `--help` need not wait for specifications."""
    assert get_args(ExportFormat) == get_args(export_formats.ExportFormat)
