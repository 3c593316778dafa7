"""Thresholds, alarms and what they are worth, with intervals and chance.

Takes scores as arrays; never trains, reads or writes.
"""
