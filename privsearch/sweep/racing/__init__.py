"""Races for networks: more of them for the configurations about which something is open.

plan.py     the plan of a race: its configurations, what it takes at least and at most
running.py  the races of a sweep while they run: at the end of a round, the trials of the next
"""
