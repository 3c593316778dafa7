"""Checks: what is wrong with a table, what it means, and the fixes that the analyst may choose.

Nothing is read from a file here and nothing is changed without being asked for.
"""
