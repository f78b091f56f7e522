"""The runners: where trials run. The numbers that result do not depend on the runner.

base.py          the interface of a runner, of the source of its trials, and of the observer of its results
jobs.py          the jobs that a worker does with a trial
inline.py        the runner in this process, one trial after another
ray_tune/        the runner on Ray's workers, through Ray Tune
process.py       the worker process, which has a training process run trials
process_main.py  the training process
failures.py      the result of a trial whose workers died or took too long
"""
