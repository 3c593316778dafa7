"""Fitted scikit-learn estimators on disk: skops writes plain data and type names, no pickle."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

# skops does not trust these types, because scikit-learn follows their nodes without checking bounds;
# `_leads_out` checks them.
TREES = [
    "sklearn.tree._tree.Tree",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
]
NO_CHILD = -1


def save_estimator(estimator: Any, path: Path) -> None:
    """Write a fitted estimator."""
    # The import is slow: skops goes through all of scikit-learn.
    import skops.io

    skops.io.dump(estimator, path, compression=zipfile.ZIP_DEFLATED, compresslevel=1)


def load_estimator(path: Path, wanted: type) -> Any:
    """Read what `save_estimator` wrote; nothing in the file is executed.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is damaged, or holds untrusted types, another model, or trees with nodes out of bounds.
    """
    import skops.io

    try:
        estimator = skops.io.load(path, trusted=TREES)
        sound = type(estimator) is wanted and not _leads_out(estimator)
    except OSError:
        raise
    # A foreign file can raise any error in the reader.
    except Exception as error:
        raise ValueError(f"{path.name} cannot be read as a model: {error}") from error
    if not sound:
        raise ValueError(f"{path.name} holds another model, or a damaged one.")
    return estimator


def _leads_out(estimator: Any) -> bool:
    """Whether a node of a tree has a child or a feature that does not exist."""
    for left, right, feature in _trees(estimator):
        own = np.arange(len(left))
        inner = left != NO_CHILD
        for child in (left, right):
            # Children come after their parents, so that a walk ends.
            if not ((child > own) & (child < len(own)))[inner].all():
                return True
        if not ((feature >= 0) & (feature < estimator.n_features_in_))[inner].all():
            return True
    return False


def _trees(estimator: Any) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Yield each tree's left and right children (`NO_CHILD` in leaves) and features, by node."""
    for member in getattr(estimator, "estimators_", ()):
        tree = member.tree_
        yield tree.children_left, tree.children_right, tree.feature
    for (predictor,) in getattr(estimator, "_predictors", ()):
        nodes = predictor.nodes
        left = np.where(nodes["is_leaf"], NO_CHILD, nodes["left"].astype(np.int64))
        yield left, nodes["right"].astype(np.int64), nodes["feature_idx"]
