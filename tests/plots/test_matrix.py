"""The confusion matrix."""

import numpy as np

from rare_event.plots.matrix import confusion_figure


def test_counts_and_shares_of_the_true_class():
    cells = confusion_figure(tn=90, fp=10, fn=3, tp=1, part="Test").data[0]

    assert list(cells.x) == list(cells.y) == ["normal", "positive"]
    np.testing.assert_allclose(np.array(cells.z), [[0.9, 0.1], [0.75, 0.25]])
    assert cells.text[1][0] == "3<br>75.0%"
    assert cells.texttemplate == "%{text}"


def test_normal_comes_first_from_the_top():
    assert confusion_figure(1, 1, 1, 1, part="Test").layout.yaxis.autorange == "reversed"


def test_without_positives_no_share_is_invented():
    cells = confusion_figure(tn=90, fp=10, fn=0, tp=0, part="Test").data[0]

    assert cells.text[1][1] == "0<br>–"
    assert np.isfinite(np.array(cells.z)).all()
