// @ts-check
// The threshold explorer. Python counts every operating point once; the browser only looks them up.
// While the pointer moves, nothing is sent: one animation frame moves the line of every chart and
// replaces the figures. On release, when a number was typed, and 150 ms after a key press, the
// threshold goes to Python. Where no event can be judged, how often and how long an alarm sounds takes
// the place of precision and recall.

const HEIGHT = 188;
const LEFT = 56;
const RIGHT = 48;
const TIMES = { top: 24, bottom: 144 };
const STRIP = { top: 148, bottom: 162 };
const CURVES = { top: 24, bottom: 142 };
const DOT = { normal: 2.5, positive: 4 };
const ALARMED = 1.6;
// `OPACITY` of `rare_event/plots/palette.py`: a contrast of 3 on either page.
const OPACITY = 0.9;
const MINUTES_PER_DAY = 1440;
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720].concat(
  [1, 2, 5, 7, 14, 28, 56, 100, 200, 500, 1000, 2000, 5000].map((days) => days * MINUTES_PER_DAY),
);
const KEY_PAUSE = 150;
const EXACT_DIGITS = 10;
const PAGE_STEPS = 20;
const SVG = "http://www.w3.org/2000/svg";
/** @typedef {"precision" | "recall"} Measure */
/** @typedef {"caught" | "false_alarms_per_day" | "median_lead"} Rate */
/** @typedef {"worst_ten_minutes" | "worst_hour" | "worst_day" | "chattering" | "standing_long"} OfLoad */
/** @type {Measure[]} */
const BANDS = ["precision", "recall"];
/** @type {("normal" | "positive")[]} */
const CLASSES = ["normal", "positive"];

// The payload from Python: the typed dictionaries of `rare_event/plots/explorer_payload.py`.
/**
 * @typedef {object} Columns
 * @property {number[]} threshold
 * @property {number[]} tp
 * @property {number[]} fp
 * @property {number[]} caught
 * @property {number[]} alarms
 * @property {number[]} false_alarms
 * @property {number[]} standing
 * @property {(number | null)[]} worst_ten_minutes
 * @property {(number | null)[]} worst_hour
 * @property {(number | null)[]} worst_day
 * @property {(number | null)[]} chattering
 * @property {(number | null)[]} standing_long
 * @property {(number | null)[]} median_lead
 * @property {(number | null)[]} precision_low
 * @property {(number | null)[]} precision_high
 * @property {(number | null)[]} recall_low
 * @property {(number | null)[]} recall_high
 * @property {(number | null)[]} caught_low
 * @property {(number | null)[]} caught_high
 * @property {(number | null)[]} false_alarms_per_day_low
 * @property {(number | null)[]} false_alarms_per_day_high
 * @property {(number | null)[]} median_lead_low
 * @property {(number | null)[]} median_lead_high
 */

/**
 * @typedef {object} Prices
 * @property {number} event
 * @property {number} false_alarm
 * @property {number} saved
 * @property {string} currency
 */

/**
 * @typedef {object} Span
 * @property {number[]} whole
 * @property {number[]} useful
 */

/**
 * @typedef {object} Ranges
 * @property {Span} linear
 * @property {Span | null} logarithmic
 */

/**
 * @typedef {object} Bins
 * @property {number[]} edges
 * @property {number[]} normal
 * @property {number[]} positive
 */

/**
 * @typedef {object} Points
 * @property {number[]} time
 * @property {number[]} score
 */

/**
 * @typedef {object} OverTime
 * @property {number | null} start
 * @property {boolean} whole
 * @property {number[]} ends
 * @property {Points} normal
 * @property {Points} positive
 * @property {(number | null)[]} events
 */

/**
 * @typedef {object} Histograms
 * @property {Bins} linear
 * @property {Bins | null} logarithmic
 */

/**
 * @typedef {object} Colours
 * @property {string} normal
 * @property {string} positive
 * @property {string} precision
 * @property {string} recall
 * @property {string} caught
 * @property {string} missed
 * @property {string} grid
 */

/**
 * @typedef {object} Words
 * @property {string} false_alarms
 * @property {string} in_alarm
 * @property {string} lead
 * @property {string} running
 * @property {number} in_running
 */

/**
 * @typedef {object} LoadData
 * @property {number} days
 * @property {number} acceptable
 * @property {number} manageable
 * @property {string} missing
 * @property {string[][]} figures
 */

/**
 * @typedef {object} Long
 * @property {Columns} columns
 * @property {OverTime} over_time
 */

/**
 * @typedef {object} Sent
 * @property {"Validation" | "Test"} part
 * @property {string} score
 * @property {string} unit
 * @property {number} value
 * @property {number | null} watch
 * @property {number} n_positive
 * @property {number} n_normal
 * @property {number} n_events
 * @property {number} days
 * @property {number} rate_over
 * @property {Words} words
 * @property {LoadData} load
 * @property {Prices} costs
 * @property {(number | null)[]} events
 * @property {Ranges} ranges
 * @property {boolean} logarithmic
 * @property {Histograms} histograms
 * @property {Colours} colours
 * @property {string} long
 */

/** @typedef {Sent & Long} ExplorerData */

/**
 * @typedef {object} Axis Between thresholds and pixels.
 * @property {number} low
 * @property {number} high
 * @property {boolean} logarithmic
 * @property {number} right
 * @property {(value: number) => number} toShare
 * @property {(share: number) => number} fromShare
 * @property {(value: number) => number} toPixel
 * @property {number[]} ticks
 */

/**
 * @typedef {object} View What the user chose in the browser.
 * @property {boolean} logarithmic
 * @property {boolean} whole
 * @property {boolean} alarms
 * @property {number} current
 * @property {number} server
 * @property {Set<number>} pending
 * @property {number | null} awaited
 */

/** @typedef {(name: string, attributes: Record<string, string | number>, text?: string) => SVGElement} Add */

// A view outlives a rerun, which brings new data.
/** @type {WeakMap<Element, View>} */
const views = new WeakMap();

/** @param {{ data: Sent, parentElement: HTMLElement, setTriggerValue: (name: string, value: number) => void }} given */
export default function explorer({ data: handed, parentElement, setTriggerValue }) {
  /** @type {ExplorerData} */
  const data = { ...handed, ...JSON.parse(handed.long) };
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".explorer"));
  /** @type {(selector: string) => HTMLElement} */
  const $ = (selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
  const [overTime, svg, classes] = /** @type {SVGSVGElement[]} */ (
    [".over-time svg", "svg.curves", "svg.classes"].map((selector) => root.querySelector(selector))
  );
  const [every, alarmed] = /** @type {HTMLCanvasElement[]} */ ([
    ...root.querySelectorAll("canvas"),
  ]);
  const slider = /** @type {HTMLInputElement} */ ($("input[type=range]"));
  const field = /** @type {HTMLInputElement} */ ($("input[type=number]"));
  const problem = $(".problem");
  const { columns } = data;
  const judged = data.n_positive > 0;
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".of-events")))
    part.hidden = !judged;
  root.classList.toggle("unjudged", !judged);
  $(".in-words").textContent = overTimeInWords(data);
  /** @type {View} */
  const view = views.get(parentElement) ?? {
    logarithmic: data.logarithmic,
    whole: false,
    alarms: false,
    current: data.value,
    server: data.value,
    pending: new Set(),
    awaited: null,
  };
  views.set(parentElement, view);

  // The answer to an earlier message must not pull back a handle that has moved since.
  const answered = view.pending.delete(data.value);
  const stays = data.value !== view.awaited && (answered || data.value === view.server);
  const lowest = outwards(columns.threshold[0], Math.floor);
  const highest = outwards(columns.threshold[columns.threshold.length - 1], Math.ceil);
  let current = stays ? view.current : data.value;
  view.server = data.value;
  view.current = current;
  let sent = data.value;
  let frame = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let pause;
  /** @type {Axis} */
  let axis;
  /** @type {{ lines: [SVGElement, Axis][], level: SVGElement, caught: SVGElement }} */
  let marks;

  // First column at or above a threshold; past the end, no row is alarmed.
  /** @param {number} threshold */
  const columnAt = (threshold) => {
    let low = 0;
    let high = columns.threshold.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (columns.threshold[middle] < threshold) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  const layOut = () => {
    axis = makeAxis(data, view, widthOf(svg));
    const axisOfClasses = makeAxis(data, view, widthOf(classes));
    const onTimes = drawOverTime(overTime, data, axis);
    drawPoints(every, data, axis, 1);
    drawPoints(alarmed, data, axis, ALARMED);
    marks = {
      ...onTimes,
      lines: [
        [drawCurves(svg, data, axis, view.alarms), axis],
        [drawClasses(classes, data, axisOfClasses), axisOfClasses],
      ],
    };
    const shown = view.alarms && judged ? "Events caught and false alarms" : "Precision and recall";
    svg.setAttribute("aria-label", `${judged ? shown : data.words.false_alarms} by threshold`);
    $(".scale").setAttribute("aria-pressed", String(view.logarithmic));
    $(".range").setAttribute("aria-pressed", String(view.whole));
    $(".alarms").setAttribute("aria-pressed", String(view.alarms));
    redraw();
  };

  const redraw = () => {
    frame = 0;
    const began = performance.now();
    const figures = lookUp(data, columnAt(current));
    for (const [line, along] of marks.lines)
      line.setAttribute("transform", `translate(${along.toPixel(current)} 0)`);
    const y = heightOf(TIMES, axis.toShare(current));
    marks.level.setAttribute("transform", `translate(0 ${y})`);
    // Every window at or above the threshold is alarmed, and drawn above the line.
    alarmed.style.clipPath = `inset(0 0 ${HEIGHT - y}px 0)`;
    marks.caught.setAttribute(
      "d",
      stripPath(data, axis, (level) => level !== null && level >= current),
    );
    for (const cell of /** @type {NodeListOf<HTMLElement>} */ (
      root.querySelectorAll("[data-figure]")
    )) {
      const text = figures[/** @type {keyof typeof figures} */ (cell.dataset.figure)];
      if (cell.textContent !== text) cell.textContent = text;
    }
    const published = { figures, words: data.words, judged };
    document.dispatchEvent(new CustomEvent("rare-event-figures", { detail: published }));
    const words = significant(current);
    // A number that is being typed, or is waiting for its answer, is not overwritten.
    if (!field.matches(":focus"))
      field.value = view.awaited === null ? words : significant(view.awaited);
    slider.value = String(axis.toShare(current) * 1000);
    const alarms = `${figures.false_alarms_per_day} ${data.words.false_alarms.toLowerCase()}`;
    slider.setAttribute(
      "aria-valuetext",
      judged
        ? `threshold ${words}, ${figures.caught} events caught, ` +
            `${alarms}, precision ${figures.precision}, recall ${figures.recall}`
        : `threshold ${words}, ${alarms}, ${data.words.in_alarm.toLowerCase()} ${figures.in_alarm}`,
    );
    root.dataset.threshold = String(current);
    root.dataset.columns = String(columns.threshold.length);
    performance.measure("threshold-frame", { start: began, end: performance.now() });
  };

  const schedule = () => {
    if (!frame) frame = requestAnimationFrame(redraw);
  };

  /** @param {string} words */
  const showProblem = (words) => {
    problem.textContent = words;
    field.setAttribute("aria-invalid", String(words !== ""));
  };
  if (!stays) {
    view.awaited = null;
    view.pending.clear();
    showProblem("");
  }

  /** @param {number} threshold */
  const moveTo = (threshold) => {
    showProblem("");
    current = threshold;
    view.current = threshold;
    view.awaited = null;
    schedule();
  };

  const send = () => {
    clearTimeout(pause);
    if (current === sent) return;
    sent = current;
    view.pending.add(current);
    setTriggerValue("released", current);
  };

  // The pointer stops only at thresholds whose counts are exact.
  /** @param {number} share */
  const moveToShare = (share) => {
    const at = columnAt(axis.fromShare(Math.min(1, Math.max(0, share))));
    moveTo(columns.threshold[Math.min(at, columns.threshold.length - 1)]);
  };

  /** @param {number} steps */
  const moveBy = (steps) => {
    const at = columnAt(current) + steps;
    moveTo(columns.threshold[Math.min(columns.threshold.length - 1, Math.max(0, at))]);
  };

  for (const chart of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll(".chart"))) {
    /** @param {PointerEvent} event */
    const follow = (event) => {
      const box = chart.getBoundingClientRect();
      moveToShare(
        chart.classList.contains("over-time")
          ? (TIMES.bottom - (event.clientY - box.top)) / (TIMES.bottom - TIMES.top)
          : (event.clientX - box.left - LEFT) / (box.width - LEFT - RIGHT),
      );
    };
    chart.onpointerdown = (event) => {
      chart.setPointerCapture(event.pointerId);
      chart.onpointermove = follow;
      follow(event);
    };
    chart.onpointerup = chart.onpointercancel = () => {
      chart.onpointermove = null;
      send();
    };
  }
  slider.oninput = () => moveToShare(slider.valueAsNumber / 1000);
  slider.onchange = send;
  slider.onkeydown = (event) => {
    const last = columns.threshold.length;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowRight: 1,
      ArrowUp: 1,
      ArrowLeft: -1,
      ArrowDown: -1,
      PageUp: PAGE_STEPS,
      PageDown: -PAGE_STEPS,
      Home: -last,
      End: last,
    };
    const steps = moves[event.key];
    if (steps === undefined) return;
    event.preventDefault();
    moveBy(steps);
    clearTimeout(pause);
    pause = setTimeout(send, KEY_PAUSE);
  };
  field.onfocus = () => {
    field.value = significant(current, EXACT_DIGITS);
    field.select();
  };
  field.onblur = schedule;
  field.onchange = () => {
    const typed = field.valueAsNumber;
    // NaN fails both comparisons.
    if (!(typed >= lowest && typed <= highest)) {
      showProblem(
        `Type a number from ${significant(lowest)} to ${significant(highest)}. ` +
          `The threshold is still ${significant(current)}.`,
      );
      return;
    }
    showProblem("");
    if (columns.threshold[columnAt(typed)] === typed) {
      moveTo(typed);
      send();
      return;
    }
    // Only Python can count between two columns: the handle waits for its answer.
    clearTimeout(pause);
    sent = view.awaited = typed;
    view.pending.add(typed);
    setTriggerValue("released", typed);
  };
  $(".scale").onclick = () => {
    view.logarithmic = !view.logarithmic && data.ranges.logarithmic !== null;
    layOut();
  };
  $(".range").onclick = () => {
    view.whole = !view.whole;
    layOut();
  };
  $(".alarms").onclick = () => {
    view.alarms = !view.alarms;
    layOut();
  };
  $(".svg-export").onclick = () => exportSvg(svg, data.part);
  $(".png-export").onclick = () => exportPng(svg, data.part);
  $(".part").textContent =
    `${data.part} data${data.over_time.whole ? "" : ", around the row selected in the ledger"}`;

  const observer = new ResizeObserver(layOut);
  observer.observe(svg);
  document.addEventListener("rare-event-figures-wanted", schedule);
  layOut();
  return () => {
    document.removeEventListener("rare-event-figures-wanted", schedule);
    observer.disconnect();
    clearTimeout(pause);
    cancelAnimationFrame(frame);
  };
}

/** @param {SVGSVGElement} svg */
const widthOf = (svg) => Math.max(240, svg.clientWidth || 800);

/** @type {(ends: { top: number, bottom: number }, share: number) => number} */
const heightOf = ({ top, bottom }, share) => bottom - share * (bottom - top);

/** @param {number} value */
const same = (value) => value;

// Between thresholds and pixels, on a linear or logarithmic axis.
/**
 * @param {ExplorerData} data
 * @param {View} view
 * @param {number} width
 * @returns {Axis}
 */
function makeAxis(data, view, width) {
  const logarithmic = view.logarithmic && data.ranges.logarithmic !== null;
  const range = (logarithmic && data.ranges.logarithmic) || data.ranges.linear;
  const [low, high] = view.whole ? range.whole : range.useful;
  const forward = logarithmic ? Math.log : same;
  const backward = logarithmic ? Math.exp : same;
  const [from, to] = [forward(low), forward(high)];
  /** @param {number} value */
  const toShare = (value) => {
    const share = (forward(Math.max(value, logarithmic ? low : -Infinity)) - from) / (to - from);
    return Math.min(1, Math.max(0, share));
  };
  return {
    low,
    high,
    logarithmic,
    right: width - RIGHT,
    toShare,
    fromShare: (share) => backward(from + share * (to - from)),
    toPixel: (value) => LEFT + toShare(value) * (width - LEFT - RIGHT),
    ticks: ticksOf(low, high, logarithmic),
  };
}

/**
 * @param {number} low
 * @param {number} high
 * @param {boolean} logarithmic
 */
function ticksOf(low, high, logarithmic) {
  if (logarithmic) {
    const decades = Math.log10(high / low);
    const steps = decades > 2.5 ? [1] : decades > 1.2 ? [1, 3] : [1, 2, 5];
    const ticks = [];
    const stride = Math.ceil(decades / 5);
    const last = Math.ceil(Math.log10(high));
    for (let power = Math.floor(Math.log10(low)); power <= last; power += stride)
      for (const step of steps) ticks.push(step * 10 ** power);
    return ticks.filter((tick) => tick >= low && tick <= high);
  }
  const rough = (high - low) / 6;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks;
}

// The end of the axis of events: its quarters are whole events.
/** @param {ExplorerData} data */
const eventsAtTop = ({ n_events }) => Math.max(4, 4 * Math.ceil(n_events / 4));

// The end of the axis of alarms: a number whose quarters are short.
/**
 * @param {ExplorerData} data
 * @param {Axis} axis
 */
function highestRate({ columns, rate_over }, axis) {
  const shown = columns.false_alarms.filter((_, i) => columns.threshold[i] >= axis.low);
  const most = Math.max(0, ...shown) / rate_over;
  if (most === 0) return 1;
  const power = 10 ** Math.floor(Math.log10(most));
  return power * ([1, 2, 4, 8, 10].find((factor) => factor * power >= most) ?? 10);
}

// The figures of one column as text. Intervals are 95%.
/**
 * @param {ExplorerData} data
 * @param {number} at
 */
function lookUp(data, at) {
  const { columns, n_positive, n_normal, n_events, days, costs } = data;
  const beyond = at >= columns.threshold.length;
  /** @param {"tp" | "fp" | "caught" | "false_alarms" | "standing"} name */
  const count = (name) => (beyond ? 0 : columns[name][at]);
  const [tp, fp, caught, falseAlarms] = [
    count("tp"),
    count("fp"),
    count("caught"),
    count("false_alarms"),
  ];
  /** @type {(won: number, lost: number) => number} */
  const value = (won, lost) => won * costs.saved * costs.event - lost * costs.false_alarm;
  /** @type {(name: Measure | Rate, words: (value: number) => string) => string} */
  const between = (name, words) => {
    const [low, high] = beyond
      ? [null, null]
      : [columns[`${name}_low`][at], columns[`${name}_high`][at]];
    return low === null || high === null ? "" : `${words(low)} to ${words(high)}`;
  };
  /** @type {(part: number, whole: number) => string} */
  const share = (part, whole) => (whole ? significant(part / whole, 3) : "–");
  const lead = beyond ? null : columns.median_lead[at];
  const all = n_positive + n_normal;
  const ran = grouped(Number((days * data.words.in_running).toPrecision(3)));
  return {
    load: loadInWords(data, at),
    load_details: loadDetails(data, at),
    in_alarm: percent(count("standing") / all),
    above: grouped(tp + fp),
    above_share: `${percent((tp + fp) / all)} of ${grouped(all)}`,
    tp: grouped(tp),
    fp: grouped(fp),
    fn: grouped(n_positive - tp),
    tn: grouped(n_normal - fp),
    precision: share(tp, tp + fp),
    recall: share(tp, n_positive),
    caught: `${grouped(caught)} of ${grouped(n_events)}`,
    false_alarms_per_day: significant(falseAlarms / data.rate_over, 3),
    median_lead: lead === null ? "–" : significant(lead, 3),
    f1: share(2 * tp, tp + fp + n_positive),
    net_value: money(value(caught, falseAlarms), costs.currency),
    precision_interval: between("precision", (number) => significant(number, 2)),
    recall_interval: between("recall", (number) => significant(number, 2)),
    caught_interval: between("caught", (number) => grouped(Math.round(number))),
    false_alarms_per_day_interval: between("false_alarms_per_day", (number) =>
      significant(number, 2),
    ),
    median_lead_interval: between("median_lead", (number) => significant(number, 2)),
    net_value_interval: `in ${counted(ran, data.words.running)}`,
  };
}

// The sentences of `Load.in_words` of `rare_event/judge/load.py`; a browser test compares them.
/**
 * @param {ExplorerData} data
 * @param {number} at
 */
function loadInWords({ columns, load }, at) {
  if (load.missing) return load.missing;
  const perDay = (columns.alarms[at] ?? 0) / load.days;
  const share = percent(perDay / load.acceptable);
  const more =
    perDay > load.manageable ? `, and above the upper limit of ${load.manageable} a day` : "";
  const alarms = counted(significant(perDay, 3), "alarms");
  return `${alarms} a day is ${share} of what one operator can handle (${load.acceptable} a day)${more}.`;
}

// The other figures of the load; past the highest threshold there is no alarm.
/**
 * @param {ExplorerData} data
 * @param {number} at
 */
function loadDetails({ columns, load }, at) {
  const figures = load.figures
    .map(([name, words]) =>
      words.replace("{}", grouped(columns[/** @type {OfLoad} */ (name)][at] ?? 0)),
    )
    .join(" · ");
  return figures && `${capitalised(figures)}. Targets: EEMUA 191, ISA-18.2.`;
}

// To four digits and never inwards: a limit that is shown can also be typed.
/**
 * @param {number} value
 * @param {(value: number) => number} round
 */
function outwards(value, round) {
  if (value === 0) return 0;
  const unit = 10 ** (Math.floor(Math.log10(Math.abs(value))) - 3);
  return Number((round(value / unit) * unit).toPrecision(4));
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
function significant(value, digits = 4) {
  if (!Number.isFinite(value)) return "–";
  const magnitude = Math.abs(value);
  if (magnitude !== 0 && (magnitude >= 1e6 || magnitude < 1e-4))
    return value.toExponential(digits - 1);
  return String(Number(value.toPrecision(digits)));
}

// Short enough to stand between an axis and its title.
/** @param {number} tick */
function tickInWords(tick) {
  const rounded = Number(tick.toPrecision(3));
  const magnitude = Math.abs(rounded);
  const long = magnitude !== 0 && (magnitude >= 1e5 || magnitude < 1e-3);
  return long ? rounded.toExponential() : String(rounded);
}

/**
 * A figure with its noun, given in the plural with an s.
 * @param {string} figure
 * @param {string} many
 */
function counted(figure, many) {
  return `${figure} ${figure === "1" ? many.replace(/s$/, "") : many}`;
}

/** @param {number} share */
function percent(share) {
  return `${significant(100 * share, 3)}%`;
}

/** @param {number} value */
function grouped(value) {
  return value.toLocaleString("en-US");
}

// A sign stands before the amount, letters after it.
/**
 * @param {number} value
 * @param {string} currency
 */
function money(value, currency) {
  const amount = grouped(Math.abs(Math.round(value)));
  const words = /\p{L}/u.test(currency) ? `${amount} ${currency}` : `${currency}${amount}`;
  return Math.round(value) < 0 ? `-${words}` : words;
}

// Empties a chart and returns what adds to it.
/**
 * @param {SVGSVGElement} svg
 * @returns {Add}
 */
function emptied(svg) {
  svg.replaceChildren();
  svg.setAttribute("viewBox", `0 0 ${widthOf(svg)} ${HEIGHT}`);
  return (name, attributes, text) => {
    const node = /** @type {SVGElement} */ (document.createElementNS(SVG, name));
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, String(value));
    if (text !== undefined) node.textContent = text;
    svg.append(node);
    return node;
  };
}

/**
 * @param {Add} add
 * @param {string} words
 * @param {number} [x]
 */
function addTitleUpwards(add, words, x = 12) {
  const middle = (CURVES.top + CURVES.bottom) / 2;
  add(
    "text",
    { x, y: middle, "text-anchor": "middle", transform: `rotate(-90 ${x} ${middle})` },
    words,
  );
}

// Draws the axis of thresholds below a chart.
/**
 * @param {Add} add
 * @param {ExplorerData} data
 * @param {Axis} axis
 * @param {string} title
 */
function drawThresholdAxis(add, data, axis, title) {
  for (const tick of axis.ticks) {
    const x = axis.toPixel(tick);
    add("line", { x1: x, x2: x, y1: CURVES.top, y2: CURVES.bottom, stroke: data.colours.grid });
    add("text", { x, y: CURVES.bottom + 16, "text-anchor": "middle" }, tickInWords(tick));
  }
  add("text", { x: (LEFT + axis.right) / 2, y: HEIGHT - 8, "text-anchor": "middle" }, title);
}

/**
 * @param {Add} add
 * @param {object} ends
 */
const addLine = (add, ends) =>
  add("line", { x1: 0, x2: 0, y1: 0, y2: 0, ...ends, stroke: "currentColor", "stroke-width": 2 });

// Draws the line of the watch level once: it does not move with the threshold.
/**
 * @param {Add} add
 * @param {ExplorerData} data
 * @param {Axis} axis
 * @param {boolean} [level] whether thresholds are heights
 */
function drawWatch(add, { watch }, axis, level = false) {
  if (watch === null || watch < axis.low || watch > axis.high) return;
  const [x, y] = [axis.toPixel(watch), heightOf(TIMES, axis.toShare(watch))];
  const ends = level
    ? { x1: LEFT, x2: axis.right, y1: y, y2: y }
    : { x1: x, x2: x, y1: CURVES.top, y2: CURVES.bottom };
  const thin = { stroke: "currentColor", "stroke-width": 1, "stroke-dasharray": "4 3" };
  add("line", { class: "watch", ...ends, ...thin });
  // Beside the points that would cover it.
  if (level) {
    add("text", { class: "watch", x: axis.right + 4, y: y + 4 }, "watch");
    return;
  }
  const place = x < LEFT + 80 ? { x: x + 4 } : { x: x - 4, "text-anchor": "end" };
  add("text", { class: "watch", ...place, y: CURVES.top + 12 }, "watch level");
}

// Draws precision and recall, or alarms and what they catch; returns the line of the threshold.
/**
 * @param {SVGSVGElement} svg
 * @param {ExplorerData} data
 * @param {Axis} axis
 * @param {boolean} alarms
 */
function drawCurves(svg, data, axis, alarms) {
  const add = emptied(svg);
  const judged = data.n_positive > 0;
  const rated = alarms || !judged;
  const most = highestRate(data, axis);
  for (const share of [0, 0.25, 0.5, 0.75, 1]) {
    const y = heightOf(CURVES, share);
    add("line", { x1: LEFT, x2: axis.right, y1: y, y2: y, stroke: data.colours.grid });
    const first = judged ? share * (rated ? eventsAtTop(data) : 1) : share * most;
    add("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, significant(first, 3));
    if (judged && rated) add("text", { x: axis.right + 6, y: y + 4 }, significant(share * most, 3));
  }
  drawThresholdAxis(add, data, axis, `Threshold on the ${data.score} (${data.unit})`);
  if (!judged) addTitleUpwards(add, data.words.false_alarms);
  else addTitleUpwards(add, rated ? "Events caught" : "Precision, recall");
  if (rated) drawRates(add, data, axis, most);
  else drawShares(add, data, axis);
  drawWatch(add, data, axis);
  return addLine(add, { y1: CURVES.top, y2: CURVES.bottom });
}

/**
 * @param {Add} add
 * @param {ExplorerData} data
 * @param {Axis} axis
 */
function drawShares(add, data, axis) {
  const { columns, colours } = data;
  for (const name of BANDS) {
    const band = bandPath(columns, name, axis);
    if (band) add("path", { d: band, fill: colours[name], "fill-opacity": 0.16, stroke: "none" });
  }
  drawCurve(add, columns, axis, 0, "precision", colours.precision, (i) =>
    heightOf(CURVES, columns.tp[i] / (columns.tp[i] + columns.fp[i])),
  );
  drawCurve(add, columns, axis, 100, "recall", colours.recall, (i) =>
    heightOf(CURVES, columns.tp[i] / data.n_positive),
  );
  add("text", { x: LEFT + 180, y: 15 }, "shaded: 95% interval");
}

// Draws how often an alarm sounds, and how many events it catches or, without events, how long it sounds.
/**
 * @param {Add} add
 * @param {ExplorerData} data
 * @param {Axis} axis
 * @param {number} most
 */
function drawRates(add, data, axis, most) {
  const { columns, colours, words } = data;
  const judged = data.n_positive > 0;
  const side = judged ? " (right axis)" : "";
  const rate = words.false_alarms.toLowerCase() + side;
  drawCurve(add, columns, axis, judged ? 130 : 0, rate, colours.recall, (i) =>
    heightOf(CURVES, columns.false_alarms[i] / data.rate_over / most),
  );
  if (judged) {
    drawCurve(add, columns, axis, 0, "events caught", colours.caught, (i) =>
      heightOf(CURVES, columns.caught[i] / eventsAtTop(data)),
    );
    return;
  }
  const name = `${words.in_alarm.toLowerCase()} (top: 100%)`;
  drawCurve(add, columns, axis, 200, name, colours.caught, (i) =>
    heightOf(CURVES, columns.standing[i] / data.n_normal),
  );
}

// Draws the axes of the scores over time and the strip of events; returns what moves.
/**
 * @param {SVGSVGElement} svg
 * @param {ExplorerData} data
 * @param {Axis} axis
 */
function drawOverTime(svg, data, axis) {
  const add = emptied(svg);
  const { colours, over_time: over } = data;
  const judged = data.n_positive > 0;
  for (const tick of axis.ticks) {
    const y = heightOf(TIMES, axis.toShare(tick));
    add("line", { x1: LEFT, x2: axis.right, y1: y, y2: y, stroke: colours.grid });
    add("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, tickInWords(tick));
  }
  for (const [minute, words] of timeTicks(over, (axis.right - LEFT) / 110)) {
    const x = timeToPixel(over, axis, minute);
    add("line", { x1: x, x2: x, y1: TIMES.top, y2: STRIP.bottom, stroke: colours.grid });
    add("text", { x, y: STRIP.bottom + 18, "text-anchor": "middle" }, words);
  }
  addTitleUpwards(add, capitalised(data.score));
  CLASSES.slice(0, judged ? 2 : 1).forEach((name, order) => {
    const x = LEFT + 74 * order;
    add("rect", { x, y: 7, width: 8, height: 8, fill: colours[name] });
    add("text", { x: x + 14, y: 15 }, judged ? name : "window");
  });
  add("text", { x: LEFT + (judged ? 150 : 76), y: 15 }, "larger: at or above the threshold");
  drawWatch(add, data, axis, true);
  const level = addLine(add, { x1: LEFT, x2: axis.right });
  if (!judged) return { level, caught: add("path", {}) };
  add("text", { x: LEFT - 8, y: STRIP.bottom - 3, "text-anchor": "end" }, "events");
  const strip = { "stroke-width": 2, fill: "none" };
  add("path", { d: stripPath(data, axis, () => true), stroke: colours.missed, ...strip });
  return { level, caught: add("path", { stroke: colours.caught, ...strip }) };
}

// Draws the windows once; what is above the line is shown by clipping.
/**
 * @param {HTMLCanvasElement} canvas
 * @param {ExplorerData} data
 * @param {Axis} axis
 * @param {number} times as large as a window below the line
 */
function drawPoints(canvas, data, axis, times) {
  const ratio = window.devicePixelRatio || 1;
  canvas.width = (axis.right + RIGHT) * ratio;
  canvas.height = HEIGHT * ratio;
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.scale(ratio, ratio);
  pen.globalAlpha = OPACITY;
  for (const name of CLASSES) {
    const { time, score } = data.over_time[name];
    const size = DOT[name] * times;
    pen.fillStyle = data.colours[name];
    time.forEach((minute, i) => {
      const x = timeToPixel(data.over_time, axis, minute);
      const y = heightOf(TIMES, axis.toShare(score[i]));
      pen.fillRect(x - size / 2, y - size / 2, size, size);
    });
  }
}

/**
 * @param {OverTime} over
 * @param {Axis} axis
 * @param {number} minute
 */
function timeToPixel({ ends: [first, last] }, axis, minute) {
  return LEFT + ((minute - first) / (last - first)) * (axis.right - LEFT);
}

/**
 * @param {OverTime} over
 * @param {number} most
 * @returns {[number, string][]}
 */
function timeTicks({ start, ends: [first, last] }, most) {
  if (start === null) return ticksOf(first, last, false).map((row) => [row, grouped(row)]);
  // Whole days and hours of the data's own clock, not of the first row.
  const zero = start / 60_000;
  const step =
    TIME_STEPS.find((minutes) => (last - first) / minutes <= most) ??
    TIME_STEPS[TIME_STEPS.length - 1];
  /** @type {[number, string][]} */
  const ticks = [];
  for (let at = Math.ceil((zero + first) / step) * step; at <= zero + last; at += step)
    ticks.push([at - zero, timeInWords(at, step < MINUTES_PER_DAY, ticks.length === 0)]);
  return ticks;
}

/**
 * @param {number} minute
 * @param {boolean} withHours
 * @param {boolean} withYear
 */
function timeInWords(minute, withHours, withYear) {
  const at = new Date(minute * 60_000);
  const month = at.toLocaleString("en-GB", { month: "short", timeZone: "UTC" });
  const day = `${at.getUTCDate()} ${month}${withYear ? ` ${at.getUTCFullYear()}` : ""}`;
  return withHours ? `${day} ${at.toISOString().slice(11, 16)}` : day;
}

/** @param {ExplorerData} data */
function overTimeInWords({ score, n_positive, n_normal, n_events, over_time: over }) {
  const [first, last] = over.ends.map((end) =>
    over.start === null
      ? `row ${grouped(end)}`
      : timeInWords(over.start / 60_000 + end, true, true),
  );
  if (!over.whole) return `Chart of the ${score} from ${first} to ${last}.`;
  const events = n_positive ? ` It has ${counted(grouped(n_events), "events")}.` : "";
  return `Chart of the ${score} of ${grouped(n_positive + n_normal)} windows from ${first} to ${last}.${events}`;
}

/** @param {string} words */
const capitalised = (words) => words.charAt(0).toUpperCase() + words.slice(1);

/**
 * @param {Add} add
 * @param {Columns} columns
 * @param {Axis} axis
 * @param {number} indent
 * @param {string} name
 * @param {string} colour
 * @param {(column: number) => number} toPixel
 */
function drawCurve(add, columns, axis, indent, name, colour, toPixel) {
  const path = curvePath(columns, toPixel, axis);
  add("path", { d: path, fill: "none", stroke: colour, "stroke-width": 2 });
  add("rect", { x: LEFT + indent, y: 8, width: 14, height: 4, fill: colour });
  add("text", { x: LEFT + 20 + indent, y: 15 }, name);
}

/**
 * @param {Columns} columns
 * @param {(column: number) => number} toPixel
 * @param {Axis} axis
 */
function curvePath(columns, toPixel, axis) {
  let path = "";
  let pen = "M";
  /** @type {string | null} */
  let last = null;
  columns.threshold.forEach((threshold, i) => {
    const value = toPixel(i);
    if (!Number.isFinite(value) || threshold < axis.low || threshold > axis.high) return;
    const [x, y] = [axis.toPixel(threshold).toFixed(1), value.toFixed(1)];
    // At a threshold between two scores the counts are those of the higher one.
    path += last === null ? `${pen}${x} ${y}` : `V${y}H${x}`;
    pen = "L";
    last = y;
  });
  return path;
}

/**
 * @param {Columns} columns
 * @param {Measure} name
 * @param {Axis} axis
 */
function bandPath(columns, name, axis) {
  /** @type {string[][]} */
  const points = [];
  columns.threshold.forEach((threshold, i) => {
    const [low, high] = [columns[`${name}_low`][i], columns[`${name}_high`][i]];
    if (low === null || high === null || threshold < axis.low || threshold > axis.high) return;
    points.push([
      axis.toPixel(threshold).toFixed(1),
      heightOf(CURVES, low).toFixed(1),
      heightOf(CURVES, high).toFixed(1),
    ]);
  });
  if (points.length < 2) return "";
  const upper = points.map(([x, , high]) => `${x} ${high}`);
  const lower = points.map(([x, low]) => `${x} ${low}`).reverse();
  return `M${upper.join("L")}L${lower.join("L")}Z`;
}

/**
 * @param {ExplorerData} data
 * @param {Axis} axis
 * @param {(level: number | null) => boolean} chosen
 */
function stripPath({ events, over_time: over }, axis, chosen) {
  let path = "";
  events.forEach((level, i) => {
    const minute = over.events[i];
    if (minute !== null && chosen(level))
      path += `M${timeToPixel(over, axis, minute).toFixed(1)} ${STRIP.top}V${STRIP.bottom}`;
  });
  return path;
}

// Draws the share of each class by score; returns the line of the threshold.
/**
 * @param {SVGSVGElement} svg
 * @param {ExplorerData} data
 * @param {Axis} axis
 */
function drawClasses(svg, data, axis) {
  const add = emptied(svg);
  const { colours } = data;
  const bins = (axis.logarithmic && data.histograms.logarithmic) || data.histograms.linear;
  const tallest = Math.max(1e-9, ...bins.normal, ...bins.positive);
  const judged = data.n_positive > 0;
  drawThresholdAxis(add, data, axis, capitalised(data.score));
  for (const share of [0, 1]) {
    const y = heightOf(CURVES, share);
    add("line", { x1: LEFT, x2: axis.right, y1: y, y2: y, stroke: colours.grid });
    add("text", { x: LEFT - 8, y: y + 4, "text-anchor": "end" }, percent(share * tallest));
  }
  CLASSES.slice(0, judged ? 2 : 1).forEach((name, order) => {
    const x = LEFT + order * 80;
    let path = `M${axis.toPixel(bins.edges[0]).toFixed(1)} ${CURVES.bottom}`;
    bins[name].forEach((share, i) => {
      const y = heightOf(CURVES, share / tallest);
      path += `V${y.toFixed(1)}H${axis.toPixel(bins.edges[i + 1]).toFixed(1)}`;
    });
    add("path", {
      d: `${path}V${CURVES.bottom}Z`,
      fill: colours[name],
      "fill-opacity": 0.35,
      stroke: colours[name],
    });
    add("rect", { x, y: 9, width: 14, height: 4, fill: colours[name] });
    add("text", { x: x + 20, y: 15 }, judged ? name : "share of the windows by score");
  });
  if (judged) add("text", { x: LEFT + 160, y: 15 }, "share within each class");
  drawWatch(add, data, axis);
  return addLine(add, { y1: CURVES.top, y2: CURVES.bottom });
}

/** @param {SVGSVGElement} svg */
function standalone(svg) {
  const copy = /** @type {SVGSVGElement} */ (svg.cloneNode(true));
  const style = getComputedStyle(svg);
  copy.setAttribute("xmlns", SVG);
  copy.setAttribute("width", String(svg.clientWidth));
  copy.setAttribute("height", String(svg.clientHeight));
  copy.style.color = style.color;
  copy.style.fontFamily = style.fontFamily;
  copy.style.fontSize = "12px";
  copy.style.fill = style.color;
  return new XMLSerializer().serializeToString(copy);
}

/**
 * @param {string} address
 * @param {string} name
 */
function download(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

/**
 * @param {SVGSVGElement} svg
 * @param {string} part
 */
function exportSvg(svg, part) {
  const address = URL.createObjectURL(new Blob([standalone(svg)], { type: "image/svg+xml" }));
  download(address, `threshold-${part.toLowerCase()}.svg`);
  URL.revokeObjectURL(address);
}

/**
 * @param {SVGSVGElement} svg
 * @param {string} part
 */
function exportPng(svg, part) {
  const image = new Image();
  image.onload = () => {
    const canvas = document.createElement("canvas");
    canvas.width = svg.clientWidth * 2;
    canvas.height = svg.clientHeight * 2;
    canvas.getContext("2d")?.drawImage(image, 0, 0, canvas.width, canvas.height);
    download(canvas.toDataURL("image/png"), `threshold-${part.toLowerCase()}.png`);
  };
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(standalone(svg))}`;
}
