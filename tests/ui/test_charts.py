"""No page draws a figure without a name for a screen reader."""

from pathlib import Path

import rare_event.ui

FOLDER = Path(rare_event.ui.__file__).parent
PAGES = FOLDER.parents[1]


def test_figures_are_drawn_in_one_place_and_tables_have_names():
    sources = [*FOLDER.rglob("*.py"), *PAGES.glob("pages/*.py"), PAGES / "app.py"]
    drawing = {path.name for path in sources if "plotly_chart(" in path.read_text(encoding="utf-8")}
    unnamed = [
        path.name
        for path in sources
        for text in [path.read_text(encoding="utf-8")]
        if text.count(".dataframe(") + text.count(".data_editor(") > text.count("alt=")
    ]

    assert drawing == {"charts.py"}
    assert unnamed == []
