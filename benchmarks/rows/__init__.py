"""The rows of the table, one file for each theme; `benchmarks.registry` puts them in order."""
