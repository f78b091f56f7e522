"""Results in readable form: words, tables, figures, documents and a page.

documents/           values as files: Markdown, CSV and LaTeX
figures/             values as figures
loggers/             results in other people's trackers of experiments
optuna_index.py      an index of the results for Optuna's own tools
outputs.py           the files of a study that are made from its record
page/                A study as one page that needs no network
terminal/            values as tables and lines for the terminal
unchanged.py         drawings that need not be made again
vendored.py          scripts of others, in vendor/
wording/             values in words
"""
