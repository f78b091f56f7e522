"""Searching: which configuration to try next, given what came of the earlier ones. The choosing is Optuna's."""
