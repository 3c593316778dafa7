"""The heat map of a design space: one field for each model and representation, chance marked."""

import numpy as np
import pandas as pd

from rare_event.plots.design_map import map_figure


def cells(values: dict[tuple[str, str, int, int], float], **columns: list[bool]) -> pd.DataFrame:
    """Cells by model, representation, lookback and shift."""
    frame = pd.DataFrame(list(values), columns=["model", "representation", "lookback", "shift"])
    value = np.array(list(values.values()), float)
    frame = frame.assign(state="done", value=value, low=value - 0.1, high=value + 0.1, level=False)
    return frame.assign(**columns)


GRID = {
    ("dense", "level", 1, 2): 0.4,
    ("dense", "level", 15, 2): 0.45,
    ("lstm", "level", 1, 2): 0.6,
    ("lstm", "level", 1, 4): 0.7,
}


def draw(frame: pd.DataFrame, chance: float | None = 0.5):
    return map_figure(frame, title="Map", unit="mean fold AUC", chance=chance, digits=2)


def test_each_cell_stands_where_its_settings_say() -> None:
    figure = draw(cells(GRID))
    lstm, dense = figure.data
    assert list(dense.x) == list(lstm.x) == ["1", "15"] and list(dense.y) == ["2", "4"]
    assert np.array_equal(np.array(dense.z, float), [[0.4, 0.45], [np.nan, np.nan]], equal_nan=True)
    assert np.array_equal(np.array(lstm.z, float), [[0.6, np.nan], [0.7, np.nan]], equal_nan=True)
    assert [list(row) for row in lstm.text] == [["0.60", ""], ["0.70", ""]]
    titles = [note.text for note in figure.layout.annotations]
    assert titles == [trace.name for trace in figure.data] == ["lstm · level", "dense · level"]
    # The first model is on top, and the lowest field alone names the axis.
    assert figure.layout.yaxis2.domain[0] > figure.layout.yaxis.domain[1]
    assert figure.layout.xaxis.title.text == "Lookback (rows)" and not figure.layout.xaxis2.title.text
    assert figure.layout.yaxis.title.text == "Shift (rows)"


def test_the_best_are_bold_and_the_hover_tells_all() -> None:
    frame = cells(GRID, level=[False, False, True, True])
    frame.loc[0, ["value", "low", "high"]] = np.nan
    frame.loc[0, "state"] = "failed"
    lstm, dense = draw(frame).data
    assert lstm.text[0][0] == "<b>0.60</b>" and dense.text[0][1] == "0.45"
    assert dense.text[0][0] == "✕" and "failed" in dense.customdata[0][0]
    assert "0.60 (95% interval 0.50 to 0.70)" in lstm.customdata[0][0]
    assert "tied with the best" in lstm.customdata[0][0] and "tied" not in dense.customdata[0][1]
    assert "nan" not in str(dense.customdata)


def test_chance_is_marked_on_the_scale_and_never_written_over() -> None:
    bar = draw(cells(GRID)).layout.coloraxis
    assert list(bar.colorbar.ticktext) == ["0.40", "0.70 mean fold AUC", "chance 0.50"]
    assert (bar.cmin, bar.cmax) == (0.4, 0.7)
    # Chance widens the scale to hold it, and its label wins over that of a value beside it.
    high = draw(cells({key: 0.1 + value for key, value in GRID.items()}), chance=0.49).layout.coloraxis
    assert high.cmin == 0.49 and list(high.colorbar.ticktext) == ["0.80 mean fold AUC", "chance 0.49"]
    none = draw(cells(GRID), chance=None).layout.coloraxis
    assert not any("chance" in text for text in none.colorbar.ticktext)


def test_a_map_without_any_figure_yet_is_drawn():
    blank = {"value": None, "low": None, "high": None, "level": False, "state": "running"}
    cells = pd.DataFrame(
        [{"model": m, "representation": "level", "lookback": 1, "shift": 2, **blank} for m in "ab"]
    )
    figure = map_figure(cells, title="Mean AUC", unit="AUC", chance=0.5, digits=2)
    assert [trace.text[0][0] for trace in figure.data] == ["…", "…"]
    assert "nan" not in str([trace.customdata for trace in figure.data])


def test_a_map_without_any_interval_shows_its_figures():
    cell = {"model": "a", "representation": "level", "lookback": 1, "shift": 2, "state": "done"}
    cells = pd.DataFrame([{**cell, "value": 0.6, "low": None, "high": None, "level": False}])
    (trace,) = map_figure(cells, title="Mean AUC", unit="AUC", chance=0.5, digits=2).data
    assert trace.z[0][0] == 0.6 and trace.text[0][0] == "0.60"
    assert "interval" not in trace.customdata[0][0] and "nan" not in trace.customdata[0][0]
