"""What the tests of the page share."""

from collections.abc import Callable
from typing import Final

from playwright.sync_api import Page

HOSTILE: Final = (
    """<img src=x onerror="document.title='owned'"></script><script>document.title='owned'</script>&amp;\u2028'"""
)
"""What a stranger may write wherever a text is free."""

OpenPage = Callable[..., Page]
