"""The command line: options become a config, results are printed.

It only calls the layers below.
"""
