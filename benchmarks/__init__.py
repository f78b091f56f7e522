"""Speed against the code or library that a user would choose, side by side in one run: `python -m benchmarks`."""
