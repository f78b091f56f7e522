"""The HTML of values in a notebook or a page, with all names escaped, because strangers may have chosen them."""

from html import escape
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import pandas as pd

MOST_ROWS: Final = 50

_ESCAPES: Final = str.maketrans({c: f"\\u{ord(c):04x}" for c in "<>&\u2028\u2029"})


def html_table(frame: "pd.DataFrame", title: str) -> str:
    """Return a table below a title, cut to its first rows if there are more than `MOST_ROWS`."""
    shown = frame.head(MOST_ROWS).to_html(index=False, escape=True, border=0, na_rep="", float_format="{:.3f}".format)
    more = len(frame) - MOST_ROWS
    left_out = f"<p>and {more:,} more rows</p>" if more > 0 else ""
    return f"<p><b>{escape(title)}</b></p>{shown}{left_out}"


def html_text(text: str) -> str:
    """Return text as it is, in letters of one width."""
    return f"<pre>{escape(text)}</pre>"


def in_script(json: str) -> str:
    """Return JSON that says the same and is safe within a script element, whatever its texts."""
    return json.translate(_ESCAPES)
