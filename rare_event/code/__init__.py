"""The Python lines that reproduce what a page shows, made from what is stored of it.

Only public names of the package stand in them; the file that they read is named at their top.
"""
