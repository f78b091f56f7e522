"""The command line as `python -m privsearch`."""

from privsearch.cli import main

main()
