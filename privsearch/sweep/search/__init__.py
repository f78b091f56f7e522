"""The budgeted search: the next configuration to try, chosen by Optuna from earlier outcomes.

equal_choices.py     the values that a sweep offers and that train the same networks
growth.py            the growth of a search's hypervolume, and the test for whether it has stalled
plan.py              the plan of a search: its space, known results, what is left of its budget
proposer.py          the choice of the next proposal from the outcomes of earlier ones
running.py           the searches of a sweep while they run
samplers.py          optuna's samplers, each created anew for one proposal
space.py             the space of a search for one kind of network
task_search.py       the searches of a sweep, one a task
warm_start.py        results of other studies, copied into one that asks for the same trials
"""
