"""Where the three stages meet, in memory: run, folds, blending, backtest, leakage.

Never touches the disk.
"""
