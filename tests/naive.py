"""Slow, obvious versions of the fast code, for comparison on random input."""

from __future__ import annotations

import numpy as np


def curve_shift(label, shift, stretch=None):
    """Walk back from every event row, one row at a time."""
    y = [0] * len(label)
    for i, value in enumerate(label):
        if value == 1:
            for j in range(max(0, i - shift), i):
                if stretch is None or stretch[j] == stretch[i]:
                    y[j] = 1
    rows = [i for i, value in enumerate(label) if value == 0]
    return rows, [y[i] for i in rows]


def window_ends(stretch, lookback, usable=None):
    """Try every block of `lookback` rows."""
    ends = []
    for end in range(lookback - 1, len(stretch)):
        block = range(end - lookback + 1, end + 1)
        if len({stretch[i] for i in block}) == 1 and (usable is None or all(usable[i] for i in block)):
            ends.append(end)
    return ends


def alarmed_rows(scores, threshold, policy):
    """Count hits among the last n windows of the stretch for every row."""
    flags = []
    for i in range(len(scores)):
        mine = [j for j in range(i + 1) if scores.stretch[j] == scores.stretch[i]]
        hits = sum(scores.y_score[j] >= threshold for j in mine[-policy.n :])
        flags.append(hits >= policy.k and len(mine) > policy.mute)
    return flags


def alarm_figures(scores, threshold, policy):
    """Events caught, alarms, false alarms and leads, by walking through the rows."""
    groups, current = [], []
    for i, flag in enumerate(alarmed_rows(scores, threshold, policy)):
        if not flag:
            continue
        last = current[-1] if current else None
        if last is not None and (
            scores.stretch[last] != scores.stretch[i]
            or scores.clock[i] - scores.clock[last] >= policy.cooldown
        ):
            groups.append(current)
            current = []
        current.append(i)
    if current:
        groups.append(current)
    false = sum(all(scores.to_event[i] > policy.lead for i in group) for group in groups)
    leads = {}
    for group in groups:
        for i in group:
            if policy.min_lead <= scores.to_event[i] <= policy.lead:
                event = int(scores.event[i])
                leads[event] = max(leads.get(event, -np.inf), scores.to_event[i])
    return {"caught": len(leads), "alarms": len(groups), "false_alarms": false, "leads": leads}
