"""Small files of the kinds that plants have, with the values that were written into them.

All data are made up. Each maker returns the bytes of a file and the truth: the columns as they were meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

START = pd.Timestamp("2023-01-09 06:00:00")
NO_DATA = "[-11059] No Good Data For Calculation"
MAKERS: dict[str, Callable[[], Case]] = {}


@dataclass(frozen=True, eq=False)
class Case:
    """A file, and what it means.

    Parameters
    ----------
    content, name
        The bytes and the name of the file.
    truth
        The columns that can be used, under the names that they should have; NaN where a value is missing.
    """

    content: bytes
    name: str
    truth: pd.DataFrame


def case(maker: Callable[[], Case]) -> Callable[[], Case]:
    """Register a maker under its own name."""
    MAKERS[maker.__name__] = maker
    return maker


def plant(n: int = 500, step: str = "2min", every: int = 90, seed: int = 0) -> pd.DataFrame:
    """A time, three sensors that wander, and a trip every so many rows."""
    draw = np.random.default_rng(seed)
    row = np.arange(n)
    return pd.DataFrame(
        {
            "time": pd.date_range(START, periods=n, freq=step),
            "temp": (80 + draw.normal(0, 0.5, n).cumsum() * 0.3).round(2),
            "press": (5.2 + draw.normal(0, 0.1, n)).round(3),
            "vib": (2 + draw.normal(0, 0.1, n)).round(2),
            "trip": (row % every == every - 10).astype(int),
        }
    )


def written(values: Iterable[float], digits: int, decimal: str = ".", thousands: str = "") -> list[str]:
    """Write numbers with a fixed number of digits."""
    swap = str.maketrans({".": decimal, ",": thousands})
    return [f"{value:,.{digits}f}".translate(swap) for value in values]


def lines(header: str, columns: Iterable[Iterable[object]], separator: str, end: str = "\n") -> str:
    """Join columns to the lines of a file."""
    rows = (separator.join(str(cell) for cell in cells) for cells in zip(*columns, strict=True))
    return end.join([header, *rows]) + end


def stamps(data: pd.DataFrame, pattern: str = "%Y-%m-%d %H:%M:%S") -> list[str]:
    """Write the times of a plant."""
    return list(data["time"].dt.strftime(pattern))


@case
def thousands_point() -> Case:
    """Points for thousands beside decimal commas."""
    data = plant().assign(power=1000 + np.random.default_rng(1).integers(-60, 60, 500))
    comma = [written(data[c], d, ",") for c, d in (("temp", 2), ("press", 3), ("vib", 2))]
    power = written(data["power"], 0, ",", ".")
    columns: list[Iterable[object]] = [
        stamps(data, "%d.%m.%Y %H:%M"),
        comma[0],
        comma[1],
        power,
        comma[2],
        data["trip"],
    ]
    text = lines("Zeitpunkt;Temperatur;Druck;Leistung_kW;Schwingung;Abriss", columns, ";")
    names = {"time": "Zeitpunkt", "temp": "Temperatur", "press": "Druck", "power": "Leistung_kW"}
    names |= {"vib": "Schwingung", "trip": "Abriss"}
    return Case(text.encode(), "leistung.csv", data.rename(columns=names))


@case
def thousands_comma() -> Case:
    """Commas for thousands where semicolons separate."""
    draw = np.random.default_rng(2)
    data = plant().assign(
        rpm=1000 + draw.integers(-60, 60, 500), bytes=(1.5e9 + draw.normal(0, 1e8, 500)).round(3)
    )
    head = '"time";"rpm";"bytes";"load";"trip"'
    cells = [[f'"{t}+01:00"' for t in stamps(data, "%Y-%m-%dT%H:%M:%S")], written(data["rpm"], 0, ".", ",")]
    load = written(data["press"], 2)
    cells += [written(data["bytes"], 3, ".", ","), load]
    truth = data[["time", "rpm", "bytes", "trip"]].assign(load=[float(cell) for cell in load])
    truth["time"] -= pd.Timedelta("1h")
    return Case(lines(head, [*cells, data["trip"]], ";").encode(), "dashboard.csv", truth)


@case
def apostrophe_negative() -> Case:
    """An apostrophe before each minus."""
    data = plant().assign(flow=np.random.default_rng(3).normal(0.1, 0.3, 500).round(2))
    flow = [("'" if value < 0 else "") + f"{value:.2f}" for value in data["flow"]]
    quoted = [
        [f'"{cell}"' for cell in column]
        for column in (stamps(data), flow, written(data["temp"], 2), data["trip"])
    ]
    truth = data[["time", "flow", "temp", "trip"]].assign(flow=[float(cell.lstrip("'")) for cell in flow])
    return Case(lines('"time";"flow";"temp";"trip"', quoted, ";").encode(), "flow.csv", truth)


@case
def units_line() -> Case:
    """A line of units below the header."""
    data = plant()
    text = data.to_csv(index=False, date_format="%d.%m.%Y %H:%M")
    head, rest = text.split("\n", 1)
    return Case(f"{head}\ndd.mm.yyyy,degC,bar,mm/s,-\n{rest}".encode(), "units.csv", data)


def historian(pattern: str) -> Case:
    """A historian's export: tabs, decimal commas, a sentence where there is no value."""
    data = plant()
    bad = np.zeros((500, 3), bool)
    for sensor, first in ((0, 11), (1, 200), (2, 333)):
        bad[first : first + 17, sensor] = True
    sensors = data[["temp", "press", "vib"]].mask(bad)
    cells = [[NO_DATA if np.isnan(v) else f"{v:.4f}".replace(".", ",") for v in sensors[c]] for c in sensors]
    text = lines("time\ttemp\tpress\tvib\ttrip", [stamps(data, pattern), *cells, data["trip"]], "\t")
    return Case(
        text.encode(),
        "historian.txt",
        data.assign(temp=sensors["temp"], press=sensors["press"], vib=sensors["vib"]),
    )


@case
def historian_months() -> Case:
    """A historian's export with month names."""
    return historian("%d-%b-%y %H:%M:%S")


@case
def historian_plain() -> Case:
    """A historian's export with plain times."""
    return historian("%Y-%m-%d %H:%M:%S")


@case
def month_names() -> Case:
    """Times such as 09-Jan-23 00:15:00, and three decimals in every cell."""
    data = plant(1500, "15min").round({"temp": 3, "vib": 3})
    cells = [written(data[c], 3) for c in ("temp", "press", "vib")]
    text = lines("time,temp,press,vib,trip", [stamps(data, "%d-%b-%y %H:%M:%S"), *cells, data["trip"]], ",")
    return Case(text.encode(), "months.csv", data)


@case
def unit_in_cell() -> Case:
    """A unit in each cell."""
    data = plant()
    cells = [
        [f"{cell} {unit}" for cell in written(data[c], digits)]
        for c, digits, unit in (("temp", 2, "°C"), ("press", 3, "bar"), ("vib", 2, "mm/s"))
    ]
    text = lines("time,temp,press,vib,trip", [stamps(data), *cells, data["trip"]], ",")
    return Case(text.encode(), "units.csv", data)


def sentinel(value: str, count: int, column: str) -> Case:
    """A number that stands for no value."""
    data = plant(1500)
    rows = np.random.default_rng(5).choice(1500, count, replace=False)
    texts = data.astype(str).assign(
        **{column: data[column].astype(str).mask(np.isin(np.arange(1500), rows), value)}
    )
    truth = data.assign(**{column: data[column].mask(np.isin(np.arange(1500), rows))})
    return Case(texts.to_csv(index=False).encode(), "sentinel.csv", truth)


@case
def sentinel_nines() -> Case:
    """-9999 stands 55 times for no value."""
    return sentinel("-9999.00", 55, "temp")


@case
def sentinel_largest_float() -> Case:
    """The largest float stands 16 times for no signal."""
    return sentinel("3.4028235e+38", 16, "vib")


@case
def date_and_time() -> Case:
    """Date and Time in two columns, 2.5 days."""
    data = plant(1800, every=700)
    parts = [[f"{t.day}/{t.month}/{t.year}" for t in data["time"]], stamps(data, "%H:%M:%S")]
    cells = [written(data[c], 3) for c in ("temp", "press", "vib")]
    text = lines("Date;Time;temp;press;vib;trip", [*parts, *cells, data["trip"]], ";")
    return Case(text.encode(), "two columns.csv", data)


@case
def clock_set_back() -> Case:
    """One hour occurs twice, on 29 October."""
    data = plant(900, "10min")
    clock = pd.date_range("2023-10-24", periods=900, freq="10min", tz="UTC").tz_convert("Europe/Berlin")
    local = data.assign(time=clock.tz_localize(None))
    return Case(local.to_csv(index=False, date_format="%Y-%m-%d %H:%M").encode(), "autumn.csv", local)


@case
def midnight() -> Case:
    """Rows at midnight carry the day only."""
    data = plant(500, "15min")
    data["time"] = pd.date_range("2023-03-01", periods=500, freq="15min")
    times = [stamp.removesuffix(" 00:00:00") for stamp in stamps(data, "%d.%m.%Y %H:%M:%S")]
    cells = [written(data[c], d, ",") for c, d in (("temp", 2), ("press", 3), ("vib", 2))]
    text = lines("time;temp;press;vib;trip", [times, *cells, data["trip"]], ";")
    return Case(text.encode(), "midnight.csv", data)


@case
def newest_first() -> Case:
    """The newest row comes first; 20 events."""
    data = plant(2000, every=100)
    return Case(data.iloc[::-1].to_csv(index=False).encode(), "newest.csv", data)


@case
def minutes_and_tenths() -> Case:
    """Times cut to mm:ss.0 by a spreadsheet."""
    data = plant()
    clock = [
        f"{s // 60 % 60:02d}:{s % 60:02d}.{t}" for s, t in ((30 * i + i // 2, i % 2 * 5) for i in range(500))
    ]
    text = data.assign(time=clock).to_csv(index=False)
    return Case(text.encode(), "cut.csv", data.drop(columns="time"))


@case
def three_states() -> Case:
    """NORMAL, RECOVERING and BROKEN; 7 events."""
    data = plant(800).drop(columns="trip")
    state = np.full(800, "NORMAL", dtype=object)
    for first in range(60, 800, 110):
        state[first], state[first + 1 : first + 37] = "BROKEN", "RECOVERING"
    text = data.assign(empty="", machine_status=state).to_csv(index=False)
    return Case(text.encode(), "pump.csv", data.assign(machine_status=state))


@case
def slip_in_label() -> Case:
    """Normal, Attack and four times A ttack; decimal commas in quotation marks."""
    data = plant(600)
    state = np.where(np.arange(600) >= 500, "Attack", "Normal").astype(object)
    state[[510, 530, 550, 570]] = "A ttack"
    cells = [[f'"{cell}"' for cell in written(data[c], 6, ",")] for c in ("temp", "press", "vib")]
    times = [f" {t.day}/{t.month}/{t.year} {t.strftime('%I:%M:%S %p').lstrip('0')}" for t in data["time"]]
    text = lines(" Timestamp,FIT101, LIT101,PIT501,Normal/Attack", [times, *cells, state], ",")
    truth = pd.DataFrame({"FIT101": data["temp"], "LIT101": data["press"], "PIT501": data["vib"]})
    return Case(text.encode(), "water.csv", truth)


@case
def minus_one() -> Case:
    """-1 marks the 14 events; an empty column, and a row counter."""
    data = plant(1500, every=107)
    events = data["trip"].rolling(8, min_periods=1).max().astype(int)
    label = "Attack LABLE (1:No Attack -1:Attack)"
    whole = data.drop(columns="trip")
    whole.insert(0, "Row", np.arange(1, 1501))
    text = whole.assign(empty="", **{label: 1 - 2 * events}).to_csv(index=False)
    return Case(text.encode(), "attack.csv", data.assign(trip=events))


@case
def mostly_anomalies() -> Case:
    """`anomaly` is 1 in more than half of the rows."""
    data = plant(2000).rename(columns={"trip": "anomaly"})
    data["anomaly"] = (np.arange(2000) % 400 >= 168).astype(int)
    return Case(data.to_csv(index=False).encode(), "bench.csv", data)


@case
def label_only_at_events() -> Case:
    """Empty label cells beside 1."""
    data = plant(500).rename(columns={"trip": "label"})
    text = data.assign(label=data["label"].astype(str).replace("0", "")).to_csv(index=False)
    return Case(text.encode(), "blank.csv", data)


@case
def long_format() -> Case:
    """One row per tag and time."""
    data = plant(300, every=60)
    tall = data.melt("time", var_name="tag").sort_values(["time", "tag"])[["tag", "time", "value"]]
    return Case(tall.to_csv(index=False, date_format="%Y-%m-%dT%H:%M:%SZ").encode(), "long.csv", data)


@case
def machines() -> Case:
    """Six machines one below the other, at the same times."""
    parts = [plant(400, seed=number) for number in range(6)]
    data = pd.concat([part.assign(machineID=i + 1) for i, part in enumerate(parts)], ignore_index=True)
    data = data[["machineID", "time", "temp", "press", "vib", "trip"]]
    return Case(data.to_csv(index=False).encode(), "fleet.csv", data)


@case
def header_again() -> Case:
    """The header stands again in lines 102 and 303."""
    data = plant()
    text = data.to_csv(index=False).splitlines()
    text.insert(101, text[0])
    text.insert(302, text[0])
    return Case("\n".join([*text, ""]).encode(), "joined.csv", data)


@case
def rows_in_quotes() -> Case:
    """Every whole line is in quotation marks."""
    data = plant(300)
    text = [f'"{line}"' for line in data.to_csv(index=False).splitlines()]
    return Case("\n".join([*text, ""]).encode(), "quoted.csv", data)


@case
def annotated() -> Case:
    """Lines with # before the header, and columns of the export's own."""
    data = plant(300)
    times = stamps(data, "%Y-%m-%dT%H:%M:%SZ")
    empty = [""] * 300
    columns: list[Iterable[object]] = [
        empty,
        empty,
        [0] * 300,
        times,
        data["temp"],
        data["vib"],
        data["trip"],
    ]
    head = (
        "#group,false,false,false,false,false,false\n"
        "#datatype,string,long,dateTime:RFC3339,double,double,long\n"
        "#default,_result,,,,,\n"
        ",result,table,_time,temp,vib,trip"
    )
    text = lines(head, columns, ",")
    return Case(text.encode(), "influx.csv", data[["temp", "vib", "trip"]])


@case
def sep_line() -> Case:
    """`sep=;` in front."""
    data = plant()
    cells = [written(data[c], d, ",") for c, d in (("temp", 2), ("press", 3), ("vib", 2))]
    text = lines(
        "sep=;\ntime;temp;press;vib;trip", [stamps(data, "%d.%m.%Y %H:%M:%S"), *cells, data["trip"]], ";"
    )
    return Case(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode(), "excel.csv", data)


@case
def line_break_in_header() -> Case:
    """Line breaks inside header cells; a text in spreadsheet row 201."""
    data = plant()
    cells = [written(data[c], d, ",") for c, d in (("temp", 2), ("press", 3), ("vib", 2))]
    cells[0][199] = "Sensor defekt"
    head = 'Zeit;"Temperatur\n[°C]";"Druck\n[bar]";"Schwingung\n[mm/s]";Abriss'
    text = lines(head, [stamps(data, "%d.%m.%Y %H:%M:%S"), *cells, data["trip"]], ";")
    truth = data[["press", "vib"]].set_axis(["Druck [bar]", "Schwingung [mm/s]"], axis=1)
    return Case(text.encode(), "header.csv", truth)


@case
def events_early_only() -> Case:
    """The last part has no event."""
    data = plant(1500).assign(trip=((np.arange(1500) % 108 == 80) & (np.arange(1500) < 520)).astype(int))
    return Case(data.to_csv(index=False).encode(), "early.csv", data)


@case
def quoted_three_decimals() -> Case:
    """Every cell is like "80,000" in quotation marks."""
    data = plant()
    cells = [[f'"{cell}"' for cell in written(data[c], 3, ",")] for c in ("temp", "press", "vib")]
    text = lines("time,temp,press,vib,trip", [stamps(data, "%d.%m.%Y %H:%M:%S"), *cells, data["trip"]], ",")
    return Case(text.encode(), "three.csv", data)
