"""From a file to labelled, windowed and split data.

Knows nothing of models or thresholds; never touches the workspace.
"""
