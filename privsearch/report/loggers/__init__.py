"""Results written into other people's trackers of experiments: a run for each trial, and the report beside them.

destinations.py      a tracker, opened by its name
mlflow_runs.py       runs in MLflow, in a database or on a server
runs.py              trials as runs: parameters, metrics and tags
tensorboard_runs.py  event files for TensorBoard
wandb_runs.py        runs in Weights & Biases, online or offline
"""
