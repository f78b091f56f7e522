"""Values as figures.

audit.py             All figures of an audit
audit_attacks.py     The AUC of every attack on each configuration
audit_leakage.py     The leakage of each configuration under each protocol
audit_marks.py       Markers, rows and bars that the figures of an audit share
audit_tradeoff.py    The strongest attack against accuracy, or against overfitting
front.py             A Pareto front among all configurations, for a paper
front_interactive.py A Pareto front among all configurations, for a browser
front_marks.py       The markers and labels of a front's configurations
importances.py       The importance of each axis, and the growth of the hypervolume
palette.py           Colours and markers of the models
study.py             All figures of a study
style.py             Widths, panels, keys and files that the figures for a paper share
surrogate.py         Test accuracy against attack AUC of each surrogate gradient
threshold.py         Figures 2 and 3: accuracy and AUC against the threshold
"""
