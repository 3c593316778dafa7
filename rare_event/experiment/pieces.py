"""Pieces of rows whose windows are scored each by itself, here or on another machine, to the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from rare_event.detect.scoring import score_and_contributions
from rare_event.experiment.trained import Part
from rare_event.judge.blend import either, mean_log, shared_windows
from rare_event.judge.scores import Scores
from rare_event.prepare.features import history_rows
from rare_event.prepare.labels import Shifted, kept_rows
from rare_event.prepare.prepared import Rows, windowed

Known = Callable[[int], np.ndarray | None]
# Positions of the windows' last rows in the piece, their scores, and the sensors' shares.
Windows = tuple[np.ndarray, np.ndarray, pd.DataFrame]


@dataclass(frozen=True, eq=False)
class Piece:
    """New rows of a machine, and before them those that their inputs and windows look back on.

    Parameters
    ----------
    rows
        The rows.
    own
        Number of the earlier ones.
    begun
        Whether it is not known what came before the first of them: its stretch may have begun earlier.
    """

    rows: Rows
    own: int
    begun: bool


# Scores pieces in their order.
ScorePieces = Callable[[Part, Iterable[Piece]], Iterator[Windows]]


def score_here(part: Part, pieces: Iterable[Piece]) -> Iterator[Windows]:
    """Score pieces in this process, one when it is needed."""
    return (score_piece(part, piece) for piece in pieces)


def score_piece(part: Part, piece: Piece) -> Windows:
    """Score the windows that end in the new rows of a piece."""
    return _score_part(part, piece.rows, piece.own, _unknown(piece))


def _unknown(piece: Piece) -> Known:
    """Return what says which rows have inputs that look back on rows that are not known."""
    stretch = piece.rows.stretch

    def unknown(reach: int) -> np.ndarray | None:
        return (stretch == stretch[0]) & (np.arange(len(stretch)) < reach) if piece.begun else None

    return unknown


def _score_part(part: Part, rows: Rows, own: int, unknown: Known) -> Windows:
    """Score the windows that end in new rows: their positions, scores, and the sensors' shares."""
    if part.members:
        return _blend(part, [_score_part(member, rows, own, unknown) for member in part.members.values()])
    if part.detector is None:
        raise ValueError("a part without a detector has no members")
    row, ends, X = _inputs(part, rows, own, unknown)
    y_score, contributions = score_and_contributions(part.detector, X, ends, part.config.score)
    return row[ends], y_score / part.unit, contributions


def inputs_of(part: Part, piece: Piece) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of a piece that a model scores, and what it reads in them.

    Returns
    -------
    tuple
        Positions in the piece, shape (n,), and inputs, shape (n, n_features).
    """
    row, ends, X = _inputs(part, piece.rows, piece.own, _unknown(piece))
    return row[ends], X[ends]


def _inputs(part: Part, rows: Rows, own: int, unknown: Known) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the kept rows, the ends of the windows among them, and the inputs."""
    config, representation = part.config, part.representation
    if representation is None:
        raise ValueError("a blend reads what its members read")
    kept = kept_rows(rows.label, config.shift)
    shifted = Shifted(kept, np.zeros(len(kept), np.int8))
    prepared = windowed(rows, config, shifted, unknown(history_rows(config.representation)))
    ends = prepared.ends[prepared.row[prepared.ends] >= own]
    return prepared.row, ends, representation.transform(prepared.derived)


def _blend(part: Part, members: Sequence[Windows]) -> Windows:
    """Join the scores of the windows that all members scored."""
    scores = [_plain(ends, y_score) for ends, y_score, _ in members]
    ends, _, contributions = members[0]
    shared = shared_windows(scores)[0].row
    contributions = contributions[np.isin(ends, shared)]
    if not len(shared):
        return shared, np.empty(0), contributions
    if not part.joins_by_rank:
        return shared, mean_log(scores).y_score, contributions
    known = [member.reference for member in part.members.values()]
    references = [_plain(np.arange(len(reference)), reference) for reference in known]
    return shared, either(scores, references).y_score, contributions


def _plain(row: np.ndarray, y_score: np.ndarray) -> Scores:
    none = np.zeros(len(row), np.int64)
    return Scores(row, none, none, none, none, y_score, none - 1, none, none[:0], 1.0)
