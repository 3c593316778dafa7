"""Slow, obvious versions of the fast code, for comparison on random input."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from rare_event.config import AlarmPolicy
from rare_event.judge.category import Category
from rare_event.judge.scores import Scores


def stretches(clock, label, gap_steps=3.0):
    """Walk from row to row and start a stretch after each event and each jump of the clock."""
    forward = [b - a for a, b in zip(clock, clock[1:], strict=False) if b > a]
    usual = float(np.median(forward)) if forward else 1.0
    number, numbers = 0, [0]
    for i in range(1, len(clock)):
        step = clock[i] - clock[i - 1]
        event_is_over = label[i - 1] == 1 and label[i] == 0
        if step < 0 or step > gap_steps * usual or event_is_over:
            number += 1
        numbers.append(number)
    return numbers


def event_rows(label, stretch):
    """First rows of the events: label 1 whose row before is normal, or in another stretch."""
    return [
        i
        for i, value in enumerate(label)
        if value == 1 and (i == 0 or label[i - 1] == 0 or stretch[i - 1] != stretch[i])
    ]


def rows_of_events(times, starts, ends, gap_steps=3.0):
    """Go through the events one by one; the times rise. Returns the marked rows, and why events mark none."""
    steps = [b - a for a, b in zip(times[:-1], times[1:], strict=True) if b > a]
    longest = gap_steps * np.median(steps) if steps else np.inf
    rows, lost = set(), []
    for start, end in zip(starts, ends, strict=True):
        inside = [k for k, time in enumerate(times) if start <= time <= end]
        later = [k for k, time in enumerate(times) if time >= start]
        if end < times[0] or start > times[-1]:
            lost.append("outside")
        elif not inside and times[later[0]] - times[later[0] - 1] > longest:
            lost.append("stopped")
        else:
            lost.append("")
            rows |= set(inside if start < end and inside else later[:1])
    return rows, lost


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


def difference(values, stretch):
    """Subtract the row before, row by row and sensor by sensor."""
    result = np.zeros(values.shape)
    for i in range(len(values)):
        for j in range(values.shape[1]):
            if np.isnan(values[i, j]):
                result[i, j] = np.nan
            elif i > 0 and stretch[i] == stretch[i - 1]:
                result[i, j] = float(values[i, j]) - float(values[i - 1, j])
    return result


def deviation(values, stretch, trailing):
    """Subtract the mean of the known values among the last `trailing` rows of the stretch."""
    result = np.full(values.shape, np.nan)
    for i in range(len(values)):
        past = [k for k in range(max(0, i - trailing + 1), i + 1) if stretch[k] == stretch[i]]
        for j in range(values.shape[1]):
            known = [float(values[k, j]) for k in past if np.isfinite(values[k, j])]
            if np.isfinite(values[i, j]):
                result[i, j] = float(values[i, j]) - sum(known) / len(known)
    return result


def join_errors(errors, top_k):
    """Sort the sensor errors of each window and take the mean of the largest."""
    return [float(np.mean(sorted(map(float, row), reverse=True)[:top_k])) for row in errors]


def highest_within(level, clock, age, cooldown):
    """Look back from every row to the start of its stretch."""
    return [
        max((level[j] for j in range(i - age[i], i) if clock[i] - clock[j] < cooldown), default=-1)
        for i in range(len(level))
    ]


def confusion(y_true, y_score, threshold):
    """Count rows one by one."""
    counts = {"tn": 0, "fp": 0, "fn": 0, "tp": 0}
    for truth, value in zip(y_true, y_score, strict=True):
        called = value >= threshold
        counts[("t" if called == bool(truth) else "f") + ("p" if called else "n")] += 1
    return counts


def choose(thresholds, false_alarms_per_day, budget):
    """Walk down from the highest threshold while the budget is kept; None if not even that keeps it."""
    chosen = None
    for threshold, rate in sorted(zip(thresholds, false_alarms_per_day, strict=True), reverse=True):
        if rate > budget:
            break
        chosen = threshold
    return chosen


def figures_at(scores, threshold, policy):
    """Everything that is counted at a threshold, with precision and recall."""
    rows = confusion(scores.y_true, scores.y_score, threshold)
    called, positive = rows["tp"] + rows["fp"], rows["tp"] + rows["fn"]
    return {
        **rows,
        **alarm_figures(scores, threshold, policy),
        "precision": rows["tp"] / called if called else np.nan,
        "recall": rows["tp"] / positive if positive else np.nan,
    }


def search(counted, rule, n_events, days):
    """Try every threshold, from the highest down, by the words of the rule; None if none will do.

    `counted` is a list of thresholds, each with its figures.
    """
    falling = sorted(counted, key=lambda pair: -pair[0])
    if rule.kind == "fa-per-day":
        # An alarm that stands more than half of the time is none.
        falling = [pair for pair in falling if pair[1]["standing"] <= rows_of(pair[1]) / 2]
        rates = [figures["false_alarms"] / days for _, figures in falling]
        return choose([threshold for threshold, _ in falling], rates, rule.value)
    if rule.kind == "quantile":
        n_rows = rows_of(falling[0][1])
        few = [t for t, f in falling if f["tp"] + f["fp"] <= (1 - rule.value) * n_rows + 1e-9]
        return few[-1] if few else None

    best, chosen = -np.inf, None
    if rule.kind == "cost":
        # Not below the lowest threshold with the most false alarms; and no alarm at all is worth 0.
        best = 0.0
        most = max(figures["false_alarms"] for _, figures in falling)
        lowest = min(threshold for threshold, figures in falling if figures["false_alarms"] == most)
        falling = [pair for pair in falling if pair[0] >= lowest]
    for threshold, figures in falling:
        value = figures["precision"]
        if rule.kind == "recall" and figures["recall"] < rule.value:
            continue
        if rule.kind == "events" and figures["caught"] < rule.value * n_events - 1e-9:
            continue
        if rule.kind == "f-beta":
            weight, tp = rule.value**2, figures["tp"]
            value = (1 + weight) * tp / ((1 + weight) * tp + weight * figures["fn"] + figures["fp"])
        if rule.kind == "cost":
            saved = figures["caught"] * rule.costs.saved * rule.costs.event
            value = saved - figures["false_alarms"] * rule.costs.false_alarm
        if value > best:
            best, chosen = value, threshold
    return chosen


def rows_of(figures):
    """Add up the rows of a confusion matrix."""
    return sum(figures[name] for name in ("tp", "fp", "tn", "fn"))


def trailing(scores, rule, history=None):
    """Look back from each window of a fold at the windows before it: yield the last scores of each."""
    rows = max(1, round(rule.days * 1440 / scores.step))
    hour = min(rows, max(1, round(60 / scores.step)))
    parts = [scores] if history is None else [history, scores]
    for i in range(len(scores)):
        windows = sorted(
            (int(part.row[j]), float(part.y_score[j]))
            for part in parts
            for j in range(len(part))
            if part.fold[j] == scores.fold[i]
        )
        past = [value for row, value in windows if row < scores.row[i]]
        if len(past) < hour:
            past = [value for _, value in windows][:hour]
        yield past[-rows:]


def follow(scores, rule, history=None):
    """Divide each score by the quantile of the scores before it."""
    past = trailing(scores, rule, history)
    limits = [float(np.quantile(values, rule.value, method="weibull")) for values in past]
    return [float(score / limit) for score, limit in zip(scores.y_score, limits, strict=True)]


def thresholds_of(scores, policy):
    """All thresholds where a count may change: a score reaches them, or just the lower level of them."""
    values = set(scores.y_score.tolist())
    lasting = {value * ((1 + 1e-9) / policy.end_share) for value in values if value > 0}
    more = {value for value in lasting if policy.end_share < 1 and value <= max(values)}
    return sorted(values | more)


def event_levels(scores, policy):
    """Try every threshold for every event."""
    levels = {int(event): -np.inf for event in scores.total_events}
    for threshold in thresholds_of(scores, policy):
        for event in alarm_figures(scores, threshold, policy)["leads"]:
            levels[event] = threshold
    return list(levels.values())


def drawn(scores, times):
    """Lay out each stretch as many times as it was drawn; each copy is a stretch of its own."""
    rows: list[int] = []
    stretch: list[int] = []
    event: list[int] = []
    for s, number in zip(np.unique(scores.stretch), times, strict=True):
        mine = np.flatnonzero(scores.stretch == s)
        for _ in range(int(number)):
            copy = stretch[-1] + 1 if stretch else 0
            rows.extend(mine)
            stretch.extend([copy] * len(mine))
            event.extend(copy if scores.event[i] >= 0 else -1 for i in mine)
    columns = {n: getattr(scores, n)[rows] for n in ("row", "clock", "fold", "y_true", "y_score", "to_event")}
    return Scores(
        **columns,
        stretch=np.array(stretch),
        event=np.array(event),
        total_events=np.unique([e for e in event if e >= 0]),
        step=scores.step,
    )


def bootstrap(scores, policy, thresholds, weights):
    """Count each resample from its rows, and take 2.5 and 97.5 of 100 among what is defined."""
    names = ("precision", "recall", "caught", "false_alarms_per_day")
    values: dict[str, list[list[float]]] = {name: [[] for _ in thresholds] for name in names}
    for times in weights:
        resample = drawn(scores, times)
        days = len(resample) * resample.step / 1440
        for i, threshold in enumerate(thresholds):
            figures = figures_at(resample, threshold, policy)
            figures["false_alarms_per_day"] = figures["false_alarms"] / days
            for name in names:
                if not np.isnan(figures[name]):
                    values[name][i].append(figures[name])
    bands = {}
    for name in names:
        for side, share in (("low", 0.025), ("high", 0.975)):
            bands[f"{name}_{side}"] = [
                sorted(some)[round(share * (len(some) - 1))] if some else np.nan for some in values[name]
            ]
    return bands


def alarmed_rows(scores, threshold, policy):
    """Count hits among the last n windows of the stretch for every row."""
    return walk_of_rows(scores, threshold, policy)[0]


def walk_of_rows(scores, threshold, policy):
    """Say of every row whether it is alarmed, and whether it goes on with the alarm of the row before.

    An alarm that has begun is held while enough windows reach the lower level.
    """
    lower = policy.end_share * threshold - 1e-6 if policy.end_share < 1 and threshold > 0 else threshold
    flags: list[bool] = []
    goes_on: list[bool] = []
    silent = silent_rows(scores, policy)
    for i in range(len(scores)):
        mine = [j for j in range(i + 1) if scores.stretch[j] == scores.stretch[i]]
        able = len(mine) > policy.mute and not silent[i]
        counting = [j for j in mine[-policy.n :] if not silent[j]]
        hits = sum(scores.y_score[j] >= threshold for j in counting)
        above_lower = sum(scores.y_score[j] >= lower for j in counting)
        on_before = len(mine) > 1 and flags[i - 1]
        goes_on.append(policy.end_share < 1 and on_before and able and above_lower >= policy.k)
        flags.append((able and hits >= policy.k) or goes_on[i])
    return flags, goes_on


def with_grade(scores, rng):
    """Add a category column with three values that changes now and then."""
    since: list[float] = []
    text: list[str] = []
    value, changed = "a", None
    for i in range(len(scores)):
        if i and rng.random() < 0.15:
            value, changed = str(rng.choice([other for other in "abc" if other != value])), scores.clock[i]
        text.append(value)
        since.append(np.inf if changed is None else scores.clock[i] - changed)
    grade = Category.of_text(np.array(text, object), np.array(since))
    return replace(scores, categories={"grade": grade})


def random_suppression(rng, policy):
    """Add a suppression of any kind to a policy."""
    values = tuple(sorted(rng.choice(["a", "b", "c"], int(rng.integers(0, 3)), replace=False).tolist()))
    after = float(rng.choice([0.0, 3.0, 10.0])) if values else 5.0
    begins = rng.choice([0.0, 20.0, 41.0, 90.0, 200.0], int(rng.integers(0, 3)), replace=False)
    stops = tuple(sorted((float(begin), float(begin + rng.integers(0, 30)), "") for begin in begins))
    begins = rng.choice([10.0, 60.0, 130.0], int(rng.integers(0, 3)), replace=False)
    shelved = tuple((float(begin), float(begin + rng.integers(0, 40)), "") for begin in begins)
    policy = replace(policy, suppress_column="grade", suppress_values=values, suppress_after=after)
    return replace(policy, stops=stops, shelved=shelved)


def silent_rows(scores, policy):
    """Ask of each row whether its value, or a change shortly before, suppresses it."""
    spans = [*policy.stops, *policy.shelved]
    silent = [any(first <= clock <= last for first, last, _ in spans) for clock in scores.clock]
    if policy.suppress_column:
        grade = scores.categories[policy.suppress_column]
        for i, (text, since) in enumerate(zip(grade.text.tolist(), grade.since.tolist(), strict=True)):
            silent[i] |= text in policy.suppress_values or 0 <= since < policy.suppress_after
    return silent


def standing_rows(scores, threshold, policy):
    """Count the rows that are alarmed, or come less than the cooldown after such a row of their stretch."""
    flags = alarmed_rows(scores, threshold, policy)
    return sum(
        any(
            flags[j]
            and scores.stretch[j] == scores.stretch[i]
            and (j == i or scores.clock[i] - scores.clock[j] < policy.cooldown)
            for j in range(i + 1)
        )
        for i in range(len(scores))
    )


def plant_figures(clock, label, shift, scored, policy):
    """Count on the rows of a file what an operator hears, from rows alarmed or not; k and n are 1.

    Parameters are lists by row of the file; `scored` is None where there is no window. An alarm counts
    for an event in one of the `shift` rows before it, whatever the clock says.
    """
    stretch = stretches(clock, label)
    counts_for = {}
    for number, first in enumerate(event_rows(label, stretch)):
        for i in range(max(0, first - shift), first):
            if stretch[i] == stretch[first]:
                counts_for[i] = number
    caught: dict[int, float] = {}
    stood: list[bool] = []
    false, last, began = 0, None, None
    true_alarm, first_clock, repeats = True, None, 0
    for i in [i for i in range(len(clock)) if label[i] == 0 and scored[i] is not None]:
        if first_clock is None or stretch[i] != stretch[began]:
            false += not true_alarm
            true_alarm, last, first_clock, began, repeats, stood = True, None, clock[i], i, 0, []
        stands = last is not None and clock[i] - last < policy.cooldown
        passed = math.floor((clock[i] - first_clock) / policy.repeat)
        if i != began:
            stood.append(stands)
        again = False
        if passed > repeats:
            again, repeats, stood = all(stood) and i not in counts_for, passed, []
        if again or (scored[i] and not stands):
            false += not true_alarm
            true_alarm = False
        if again or scored[i]:
            true_alarm |= i in counts_for
        if scored[i]:
            last = i_clock = clock[i]
            if i in counts_for:
                event = clock[event_rows(label, stretch)[counts_for[i]]]
                caught[counts_for[i]] = max(caught.get(counts_for[i], 0), event - i_clock)
    return {"leads": caught, "false_alarms": false + (not true_alarm)}


def alarm_groups(scores, threshold, policy):
    """Walk through each stretch as time passes, and note which rows belong to which alarm.

    An alarm stands from an alarmed row until the cooldown has passed without another. Each time that a
    clock started with the stretch has passed one more full repeat, an alarm sounds again, and begins
    anew in that row, if it stood when that row came and when each row since the last such time came.
    """
    groups: list[list[int]] = []
    flags, goes_on = walk_of_rows(scores, threshold, policy)
    silent = silent_rows(scores, policy)
    for s in dict.fromkeys(scores.stretch.tolist()):
        mine = [i for i in range(len(scores)) if scores.stretch[i] == s]
        last_alarmed, repeats, stood = -np.inf, 0, []
        for i in mine:
            stands = scores.clock[i] - last_alarmed < policy.cooldown or goes_on[i]
            passed = math.floor((scores.clock[i] - scores.clock[mine[0]]) / policy.repeat)
            if i != mine[0]:
                stood.append(stands)
            again = False
            if passed > repeats:
                again = all(stood) and scores.to_event[i] > scores.lead_of(policy) and not silent[i]
                repeats, stood = passed, []
            if again or (flags[i] and not stands):
                groups.append([i])
            elif flags[i]:
                groups[-1].append(i)
            if flags[i]:
                last_alarmed = scores.clock[i]
    return groups


def alarm_endings(scores, threshold, policy):
    """Walk on from the last row of each alarm until something ends it: the sentence of what it was."""
    groups = alarm_groups(scores, threshold, policy)
    flags, goes_on = walk_of_rows(scores, threshold, policy)
    silent, begins, said = silent_rows(scores, policy), {group[0] for group in groups}, []
    fell = "below the threshold" if policy.end_share == 1 else "below the level at which an alarm ends"
    for group in groups:
        last = group[-1]
        later = [i for i in range(last + 1, len(scores)) if scores.stretch[i] == scores.stretch[last]]
        # A row in which an alarm sounds again need not be alarmed itself.
        alarmed = max(i for i in range(last + 1) if flags[i])
        why = ""
        for i in later:
            stands = scores.clock[i] - scores.clock[alarmed] < policy.cooldown or goes_on[i]
            if not stands:
                why = "alarms were suppressed" if silent[later[0]] else f"the score fell {fell}"
                if any(first <= scores.clock[later[0]] <= end for first, end, _ in policy.shelved):
                    why = "alarms were shelved"
            elif i in begins:
                why = "counted again as a new alarm"
            if why:
                break
        if not why:
            end = later[-1] if later else last
            why = (
                "still on in the last row"
                if end == len(scores) - 1
                else "the machine stopped, or rows are missing"
            )
            if scores.event[end] >= 0:
                why = "an event"
        said.append(why)
    return said


def alarm_figures(scores, threshold, policy):
    """Events caught, alarms, false alarms and leads, by walking through the rows."""
    groups = alarm_groups(scores, threshold, policy)
    false = sum(all(scores.to_event[i] > scores.lead_of(policy) for i in group) for group in groups)
    leads: dict[int, float] = {}
    for group in groups:
        for i in group:
            if policy.min_lead <= scores.to_event[i] <= scores.lead_of(policy):
                event = int(scores.event[i])
                leads[event] = max(leads.get(event, -np.inf), scores.to_event[i])
    return {"caught": len(leads), "alarms": len(groups), "false_alarms": false, "leads": leads}


def random_scores(rng, n_rows=80, n_folds=1, ties=12, backwards=False, restarts=0.12):
    """Make scored windows in stretches, most of which end with an event, with many equal scores.

    Some rows are no windows, so that an event may be seen late or not at all. The clock may jump
    backwards between stretches, as in a file whose rows are not in the order of time.
    """
    stretch = np.cumsum(rng.random(n_rows) < restarts)
    ends_with_event = rng.random(n_rows + 1) < 0.6
    clock = 2.0 * np.arange(n_rows) + (-200.0 if backwards else 60.0) * stretch
    number = np.where(ends_with_event, np.cumsum(ends_with_event) - 1, -1)
    last = [clock[stretch == s][-1] for s in stretch]
    event = number[stretch]
    to_event = np.where(event >= 0, np.array(last) + 2.0 - clock, np.inf)
    kept = np.sort(rng.permutation(n_rows)[: int(0.85 * n_rows)])
    return Scores(
        row=np.arange(n_rows)[kept],
        clock=clock[kept],
        stretch=stretch[kept],
        fold=rng.integers(0, n_folds, len(kept)),
        y_true=(rng.random(len(kept)) < 0.3).astype(np.int8),
        y_score=rng.integers(0, ties, len(kept)) / 4,
        event=event[kept],
        to_event=to_event[kept],
        total_events=np.unique(event[event >= 0]),
        step=2.0,
    )


def random_policy(rng):
    """Make an alarm policy of any kind."""
    n, lead = int(rng.integers(1, 6)), float(rng.choice([1.0, 2.0, 4.0, 20.0, 1000.0]))
    return AlarmPolicy(
        k=int(rng.integers(1, n + 1)),
        n=n,
        cooldown=float(rng.choice([0.0, 2.0, 2.5, 10.0, 1000.0])),
        lead=lead,
        min_lead=float(rng.choice([0.0, 2.0, 3.0])) if lead > 3 else 0.0,
        mute=int(rng.integers(0, 4)),
        repeat=float(rng.choice([1.0, 4.0, 7.0, 20.0, 60.0, 1e9])),
        end_share=float(rng.choice([1.0, 1.0, 0.8, 0.5, 0.1])),
    )


def naive_sentinels(values: np.ndarray) -> dict[float, int]:
    """Numbers that stand for a missing value: each end of the column in turn, counted one by one."""
    found: dict[float, int] = {}
    rest = [float(value) for value in values]
    for _ in range(3):
        candidates = {}
        for end in {min(rest), max(rest)} if len(rest) >= 10 else set():
            count = sum(value == end for value in rest)
            if (end == int(end) or abs(end) >= 1e30) and 3 <= count <= len(values) / 2:
                candidates[end] = count
        others = [value for value in rest if value not in candidates]
        new = {}
        for end, count in candidates.items():
            if len(others) < 10:
                continue
            low, high = np.quantile(others, [0.01, 0.99])
            below = end < low
            away = low - end if below else end - high
            halfway = (low + end) / 2 if below else (high + end) / 2
            between = [value for value in others if (value < halfway if below else value > halfway)]
            if 0 < 3 * (high - low) < away and len(between) <= count / 10:
                new[end] = count
        found |= new
        rest = [value for value in rest if value not in new]
        if not new:
            break
    return found


def naive_longest_still(values: np.ndarray) -> tuple[int, int] | None:
    """First and last row of the longest run of one value, if it is unusual for a sensor that moves."""
    best, first = (0, 0), 0
    still = 0
    for row in range(1, len(values) + 1):
        if row < len(values) and values[row] == values[row - 1]:
            still += 1
            continue
        if row - 1 - first > best[1] - best[0]:
            best = (first, row - 1)
        first = row
    length = best[1] - best[0]
    rest = (still - length) / max(1, len(values) - 1 - length)
    if not length or rest > 0.1:
        return None
    chance = np.log(len(values)) / -np.log(max(rest, 1e-9))
    return best if length + 1 > max(20, 5 * chance) else None


def naive_spikes(values: np.ndarray) -> np.ndarray:
    """Rows far away from both neighbours, which are near one another."""
    low, high = np.quantile(values, [0.01, 0.99])
    tall = 5 * (high - low)
    rows = []
    for row in range(1, len(values) - 1):
        before, at, after = values[row - 1 : row + 2]
        height = min(abs(at - before), abs(at - after))
        outside = at < low - tall or at > high + tall
        if high > low and outside and height > tall and abs(after - before) <= height / 4:
            rows.append(row)
    return np.array(rows if len(rows) <= max(1, len(values) / 1000) else [], dtype=np.int64)


def scaled_per_asset(values, asset, normal, kind, least=20):
    """Scale machine by machine: each by its own normal training rows, one with too few by those of all."""
    scaled = np.empty(values.shape)
    for name in dict.fromkeys(asset):
        own = [row for row in normal if asset[row] == name]
        mine = [row for row in range(len(values)) if asset[row] == name]
        for column in range(values.shape[1]):
            every = values[list(normal), column].astype(float)
            rows = values[own, column].astype(float) if len(own) >= least else every
            center, scale = _center_and_scale(rows, kind)
            scale = scale or _center_and_scale(every, kind)[1] or 1.0
            scaled[mine, column] = (values[mine, column] - center) / scale
    return scaled


def _center_and_scale(rows, kind):
    if kind == "standard":
        return rows.mean(), rows.std()
    return np.median(rows), np.percentile(rows, 95) - np.percentile(rows, 5)


def cusum(values, reference):
    """Sum what exceeds the reference, value by value, never below 0."""
    sums, total = [], 0.0
    for value in values:
        total = max(0.0, total + value - reference)
        sums.append(total)
    return sums
