"""The Python calls: every operation once, each returning a value that says all that happened (docs/api.md).

arguments.py    the sweep, the study and the runner that calls take
choices.py      the words that arguments and options are chosen from, and their defaults
datasets.py     the call that downloads datasets
examples.py     the call that writes the sweeps that come with privsearch
sweeps.py       the calls that run trials, or say what there is to run
studies.py      the calls that show a study, choose from it, or make its files again
views.py        the calls that draw a study: a front, the page
documents.py    the calls that write what is sent to others: model cards, the report as a PDF
live.py         the calls that serve the live page of a study
reports.py      the values that these return, and how they show themselves in a notebook
networks.py     the calls that audit networks trained elsewhere, by asking them
outputs.py      the calls that audit networks trained elsewhere, by their outputs
study.py        the study that users hold: a folder with tables, tasks and fronts
check.py        is a study whole? and its repair
trackers.py     the call that writes results into MLflow, Weights & Biases or TensorBoard
plugins.py      a dataset, a model or an attack of a user's own
"""
