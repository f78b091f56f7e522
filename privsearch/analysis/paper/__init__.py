"""The paper's tables and claims, and a study held against them.

cells.py          the rows of a study that fill the cells of the paper's tables
claims.py         the paper's main claims, as differences between replicates
figure_claims.py  its statements of Figures 2 and 3, as further claims
published.py      the published numbers of Tables II and III
readings.py       the ways to read how the paper quantises membranes
verdicts.py       the verdict of a study on each claim
"""
