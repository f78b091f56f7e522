"""Numbers from numbers: metrics, tables, fronts, differences, importances and selections. No file is opened here.

accounting.py     the accountant of differential privacy: epsilon from noise, and noise for an epsilon
audit.py          one long table of a study: a row for each trial and attack
axis_values.py    the values of the axes over a table, and which axes tell its rows apart
blind.py          the blind baselines of a study: whether the splits of each dataset are alike
bootstrap.py      intervals of means over networks, by resampling their examples
candidates.py     the configurations of a task that can be compared, ready for a decision
columns.py        one column of a table at a time: its numbers, its spreads, the title of its axis
comparable.py     the trials that can be compared
decision.py       the rule by which a configuration is chosen
dictionary.py     the meaning, the unit and the range of every column
differences.py    paired differences between trials, like for like, and verdicts on them
energy.py         what an example costs: operations, firing rate and energy, from the recorded operations
equal_accuracy.py differences in leakage at equal accuracy, along the frontiers of two families of trials
explanation.py    the importances, values and growth of a task, computed once for all that shows them
frames.py         the tables of results: one row a trial, a target, a slice or an exposed example
groups.py         leakage by subgroup, and which ones leak more than the rest
importances.py    the growth of a front, the axes that decide outcomes, the values that reach the front
intervals.py      intervals of means over targets, from each target's own estimate
labels.py         the words for configurations, columns and numbers
learning.py       which networks are dead, which have not learnt, and which far less than in full precision
lookup.py         a trial, found by its id or by the name of its configuration
margins.py        the margins within which differences count as none
metrics/          AUC, TPR, advantage, epsilon, noise floor: the only definitions
paired.py         tests of paired differences: against 0, and for equivalence, with simultaneous intervals
paper/            the published numbers and claims, and how a study bears them out
pareto.py         comparable outcomes, the front, constraints and the hypervolume
ped_anova.py      the importance of an axis, by PED-ANOVA on counts
promises.py       what DP-SGD promises of a trial's networks
races.py          the race of a task, played again from the record
racing.py         the rule of a race: which configurations need more networks, and why the others need none
selection.py      the configuration to take of each task, with the numbers that the choice rests on
shrinkage.py      estimates that are drawn towards what others say: empirical Bayes
targets.py        the numbers of each target of a trial, the strongest attack's among them
tasks.py          the trials that compete for one front
two_samples.py    a classifier's answer to whether two samples of examples differ
verdict_words.py  what a difference of two means says, in words and as a truth value
uncertainty.py    the probability of being on a front, and the interval of its hypervolume
"""

from privsearch._util.postponed import postpone

postpone("numpy.f2py")  # scipy imports all of numpy, of which this compiler of Fortran takes a tenth of a second
