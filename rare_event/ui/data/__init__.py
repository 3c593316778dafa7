"""Pieces of the Data page: choosing a file, its roles, what the checks found, and a look at it.

What is heavy is computed once for each version of a dataset, in `rare_event.ui.cache`.
"""
