"""Models, training, compiled programs and scores of windows.

Only these modules import Keras, inside functions. They know nothing of files or thresholds.
"""
