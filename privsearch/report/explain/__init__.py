"""What mattered in a study: tables, plots, files."""
