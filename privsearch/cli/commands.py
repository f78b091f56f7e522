"""The program with all its commands, each in the panel of --help that says what it is for."""

from privsearch.cli import audit, choose, data, run, serve, share, show, start  # noqa: F401  # each adds its commands
from privsearch.cli.app import PANELS, app

__all__ = ["app"]

_PANEL_OF = {name: panel for panel, names in PANELS.items() for name in names}

for command in app.registered_commands:
    command.rich_help_panel = _PANEL_OF[command.name or str(getattr(command.callback, "__name__", ""))]
for group in app.registered_groups:
    group.rich_help_panel = _PANEL_OF[str(group.name)]
