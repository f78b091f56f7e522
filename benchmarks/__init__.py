"""Speed against what a user would write or pick, side by side in one run: `python -m benchmarks`."""
