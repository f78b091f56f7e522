"""Values as files: Markdown, CSV and LaTeX.

audit.py             the audit of a study: a CSV for programs, Markdown for people
card.py              the model card of one configuration, with its audit
data_package.py      the columns of the tables of results, for programs and for people
importances.py       the importances of axes: tables and figures
paper_claims.py      the paper's claims in its words, and what its own tables say of them
paper_comparison.py  every published number beside the study's own
paper_readings.py    the verdicts of several readings of the paper side by side
paper_tables.py      A study in the layout of the paper's Tables II and III
paper_verdicts.py    the verdicts on the paper's claims
"""
