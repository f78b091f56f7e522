"""Values as files: Markdown, CSV and LaTeX.

audit.py             The audit of a study: a CSV for programs, Markdown for people
importances.py       The importances of axes: tables and figures
paper_comparison.py  Every published number beside the study's own
paper_tables.py      A study in the layout of the paper's Tables II and III
paper_verdicts.py    The verdicts on the paper's claims
"""
