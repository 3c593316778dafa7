"""Where the three stages meet, in memory: run, folds, blending, backtest, leakage, ablation.

Never touches the disk.
"""
