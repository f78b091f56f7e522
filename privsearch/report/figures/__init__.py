"""Values as figures.

audit.py             all figures of an audit
audit_attacks.py     the AUC of every attack on each configuration
audit_leakage.py     the leakage of each configuration under each protocol
audit_marks.py       markers, rows and bars that the figures of an audit share
audit_promises.py    what DP-SGD promises against accuracy, AUC and what is measured
audit_tradeoff.py    the strongest attack against accuracy, or against overfitting
energy.py            energy against leakage, by every table of costs, at equal accuracy
front.py             A Pareto front among all configurations, for a paper
front_interactive.py A Pareto front among all configurations, for a browser
front_marks.py       the markers and labels of a front's configurations
front_page.py        the page of an interactive front
importances.py       the importance of each axis, and the growth of the hypervolume
palette.py           colours and markers of the models
study.py             all figures of a study
style.py             widths, panels, keys and files that the figures for a paper share
surrogate.py         test accuracy against attack AUC of each surrogate gradient
threshold.py         figures 2 and 3: accuracy and AUC against the threshold
"""
