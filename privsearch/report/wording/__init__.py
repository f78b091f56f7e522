"""Values in words.

audit.py             the numbers of an audit: cells of tables, and the notes below them
blind.py             what tells the splits apart without any training, and what follows from it
energy.py            what an example costs: energies by every table, their sources, equal bits
formats.py           numbers and rows of text in Markdown, LaTeX and the terminal
fronts.py            A Pareto front, alike in the terminal, in figures and on the page
groups.py            what leaks in each subgroup of the data, and which leaks more than the rest
importances.py       the objective that axes are important for
promises.py          what DP-SGD promises, and what that does not cover
learning.py          configurations that are dead or have not learnt
odd_outputs.py       examples whose outputs lie far out of all others, and what to do
race.py              A race for networks: how it stands, and who is out
verdict.py           the verdict on a task in one sentence
search.py            A search: its space, its sampler, its budget, and its progress
"""
