"""Models, training, compiled programs and scores of windows.

The only room that imports Keras, inside functions; knows nothing of files or thresholds.
"""
