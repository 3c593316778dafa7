import pandas as pd
import pytest

from rare_event.errors import TableError
from rare_event.read.raw import read_raw
from rare_event.read.table import Reading
from tests.prepare.examples import PLAIN


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_separators_and_encodings(separator: str, encoding: str) -> None:
    text = PLAIN.replace("x1", "Dämpfung °C").replace(",", separator)
    raw = read_raw(text.encode(encoding), name="f").frame
    assert list(raw.columns) == ["time", "y", "Dämpfung °C"]  # no byte-order mark left in the first name
    assert raw["Dämpfung °C"].tolist() == [1.5, 2.5]
    assert raw["time"].tolist() == ["2020-01-01 00:00", "2020-01-01 00:01"]


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_decimal_commas(separator: str) -> None:
    text = "day;a;b;n\n01.05.1999;-1,5;2,25e3;1\n02.05.1999;3,0;4;2\n".replace(";", separator)
    raw = read_raw(text.encode(), name="f").frame
    assert raw["a"].tolist() == [-1.5, 3.0] and raw["b"].tolist() == [2250.0, 4.0]
    assert raw["day"].tolist() == ["01.05.1999", "02.05.1999"]  # not taken for a number


def test_names_survive_unchanged() -> None:
    names = ["<b>x</b>", "**bold**", "=1+1", "../../etc/passwd", " spaced ", "a;b", 'quo"te', "$x_1$"]
    frame = pd.DataFrame([range(len(names))] * 2, columns=names)
    assert list(read_raw(frame.to_csv(index=False).encode(), name="f").frame.columns) == names


def test_a_file_of_one_column_is_refused_with_the_separator_that_was_said() -> None:
    commas = PLAIN.encode()
    with pytest.raises(
        TableError, match="only one column with the separator ';': its first line is"
    ) as caught:
        read_raw(commas, name="f", said=Reading(separator=";"))
    assert "'time,y,x1'" in str(caught.value) and "holds no" not in str(caught.value)
    with pytest.raises(TableError, match="with the separator tab: "):
        read_raw(commas, name="f", said=Reading(separator="\t"))
    with pytest.raises(TableError, match="f has only one column: its first line is 'a b'.*divided by commas"):
        read_raw(b"a b\n1 2\n", name="f")
