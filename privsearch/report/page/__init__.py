"""A study as one page that needs no network: one JSON document, and the script that draws everything from it.

background.py        The page of a running sweep, served by a process that ends with the sweep
budget.py            The bytes that the page may have, and the items that fit
columns.py           Numbers and tables in the form of the page's document
curves.py            The training curves of the networks of each trial
document.py          The document of a study, with all that the page shows
failures.py          Failed trials, dead networks, refused attacks, trials that have not run
following.py         A growing study, as one document after the other
fronts.py            The tasks: points, fronts, likelihoods, and comparisons
growth.py            The growth of each front's hypervolume
html.py              The HTML of the page: template, style sheet, scripts, document
importances.py       The importances of axes
leakage.py           The findings of every attack on every trial
overview.py          The settings of a sweep, and the state of its trials
paper_figures.py     The paper's figures and tables
provenance.py        The sweep file, commands, commits and versions that give the same numbers again
roc.py               ROC curves from the signals that a study keeps
server.py            The server of the page, for this machine alone
"""
