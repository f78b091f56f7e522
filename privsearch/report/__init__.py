"""Results in readable form: words, tables, figures, documents and a page.

documents/           Values as files: Markdown, CSV and LaTeX
figures/             Values as figures
optuna_index.py      An index of the results for Optuna's own tools
outputs.py           The files of a study that are made from its record
page/                A study as one page that needs no network
terminal/            Values as tables and lines for the terminal
wording/             Values in words
"""
