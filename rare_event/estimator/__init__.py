"""The early warning as scikit-learn knows estimators, transformers and splitters: arrays in, arrays out.

Fits and scores by the same code as an experiment; never touches the disk.
"""
