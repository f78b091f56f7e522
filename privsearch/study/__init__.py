"""Studies: results as values, and the one place that knows the files of a study.

attack_result.py      the numbers of one attack
blind.py              the success of those who know no trained network at telling the splits apart
checkpoints.py        the states of networks in the middle of their training
cohort.py             the trained networks of a trial
content.py            all that the files of a study hold, read once
environment.py        the versions and the machine that a result was computed with
environment_log.py    the log of where a study ran
fields.py             the types of recorded fields, which hold even if a stranger wrote the record
findings.py           the findings of an examination of a study
folder.py             the folder of a study, and the names of its files
guarantee.py          the differential privacy that a network was trained under
hold.py               the hold of a process on a folder, and how its loss is noticed
kept.py               the files in which the signals of trained networks are
links.py              the symbolic links of a study, none of which may lead out of it
lock.py               one writer at a time, on one host or on several
neighbours.py         the studies that lie where one was sought that is not there
network_archive.py    the weights of a trial's networks, in files safe to load
operations.py         the operations of a network for an example, layer by layer
odd_outputs.py        an example whose outputs lie far out of all others
output_paths.py       the places of what is made from the record
proposals.py          the log of what searches proposed
record.py             the record of finished trials
result.py             the result of a trial: completed or failed
roc_curves.py         the ROC curves of a trial, kept beside its signals
signal_archive.py     the outputs of a trial's networks, kept for attacks to come
signals.py            the outputs that attacks see
storage.py            folders on disks and on remote file systems
trial_files.py        folders with one file for each trained trial, or for each network in training
"""
