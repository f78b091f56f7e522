"""The paper's tables and claims, and a study held against them.

cells.py        the rows of a study that fill the cells of the paper's tables
claims.py       the paper's claims, as differences between replicates
published.py    the published numbers of Tables II and III
verdicts.py     the verdict of a study on each claim
"""
