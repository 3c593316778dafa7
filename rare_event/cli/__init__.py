"""The command line: what is typed becomes a config, and what comes of it is printed.

It trains, judges and stores nothing by itself: it calls the rooms below.
"""
