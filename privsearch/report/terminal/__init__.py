"""Values as tables and lines for the terminal.

audit.py             the audit of a study: tables of what each configuration leaks
best.py              the best configuration of each task so far, while a sweep runs
check.py             the findings of a check of a study
data.py              the data of a sweep: shapes, classes, identical rows, warnings
datasets.py          the datasets at hand
description.py       a file of data: its columns, its classes, and the entry that reads it
differences.py       the differences between one configuration and others
energy.py            the energies of a front's configurations, by every table of costs
equal_accuracy.py    the differences in leakage at equal accuracy
export.py            the files of an export, and the code that loads a network
front.py             the Pareto front of a task
importances.py       the importances of axes, and the growth of the hypervolume
plan.py              A plan, to be read before a sweep starts
progress.py          the progress of a running sweep: a live display, or lines of a log
running.py           the trials that are running: a table for the live display, words for a log
selection.py         the configuration that was picked, and the reasons
trial.py             one trial in full: its epochs, then the numbers of every target
"""
