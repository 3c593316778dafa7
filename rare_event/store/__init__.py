"""Datasets, runs, maps and bundles on disk.

Never trains and never judges; every file is written by rename and nothing is pickled.
"""
