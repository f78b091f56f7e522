"""The runner that has Ray Tune distribute the trials."""
