"""A study as one page that needs no network: one JSON document, and the script that draws everything from it.

background.py        the page of a running sweep, served by a process that ends with the sweep
budget.py            the bytes that the page may have, and the items that fit
columns.py           numbers and tables in the form of the page's document
connections.py       the open connections of the live page's server, which are limited
curves.py            the training curves of the networks of each trial
document.py          the document of a study, with all that the page shows
drawing.py           the documents of a live page, drawn by a process that ends
drawing_main.py      this process
failures.py          failed trials, dead networks, refused attacks, trials that have not run
following.py         a growing study, as one document after the other
fronts.py            the tasks: points, fronts, likelihoods, and comparisons
growth.py            the growth of each front's hypervolume
html.py              the HTML of the page: template, style sheet, scripts, document
importances.py       the importances of axes
leakage.py           the findings of every attack on every trial
overview.py          the settings of a sweep, and the state of its trials
paper_figures.py     the paper's figures and tables
pdf.py               the page as a PDF, printed by a browser
provenance.py        the sweep file, commands, commits and versions that give the same numbers again
roc.py               the ROC curves that a study keeps
roc_from_signals.py  ROC curves made from kept signals, by attacking a trial once more
server.py            the server of the page, for this machine alone
verdict.py           the verdict on each task, and the notation
"""
