"""Values as tables and lines for the terminal.

audit.py             The audit of a study: tables of what each configuration leaks
check.py             The findings of a check of a study
datasets.py          The datasets at hand
differences.py       The differences between one configuration and others
export.py            The files of an export, and the code that loads a network
front.py             The Pareto front of a task
importances.py       The importances of axes, and the growth of the hypervolume
plan.py              A plan, to be read before a sweep starts
progress.py          The progress of a running sweep: a live display, or lines of a log
selection.py         The configuration that was picked, and the reasons
trial.py             One trial in full: its epochs, then the numbers of every target
"""
