"""Studies: results as values, and the one place that knows the files of a study.

environment.py        the versions and the machine that a result was computed with
folder.py             a study on disk, with all of its files
lock.py               one writer at a time, on one host or on several
network_archive.py    the weights of a trial's networks, in files safe to load
proposals.py          the log of what searches proposed
record.py             the record of finished trials
result.py             the result of a trial: completed or failed
signal_archive.py     the outputs of a trial's networks, kept for attacks to come
signals.py            the outputs that attacks see
storage.py            folders on disks and on remote file systems
trial_files.py        folders with one file for each trained trial
"""
