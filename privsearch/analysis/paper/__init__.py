"""The paper's tables and claims, and a study held against them.

audits.py              the numbers that a claim is judged by: a study's, and the paper's own
cells.py               the rows of a study that fill the cells of the paper's tables
claims.py              the paper's main claims, as differences between replicates
figure_claims.py       its statements of Figures 2 and 3, as further claims
published.py           the published numbers of Tables II and III
published_verdicts.py  the verdict of the paper's own printed means on each claim
readings.py            the ways to read how the paper quantises membranes
table_claims.py        its statements of Tables II and III, as further claims
verdicts.py            the verdict of a study on each claim
"""
