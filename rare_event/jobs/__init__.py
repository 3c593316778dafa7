"""Work in other processes: queue, worker, pool of workers, map runner, export, follower.

Never judges: what a run is worth is computed in `experiment` and `compare`.
"""
