"""From a file to labelled, windowed and split data.

It does not know models, thresholds or the workspace.
"""
