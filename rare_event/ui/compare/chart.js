// @ts-check
// The leaderboard as one chart: a table whose cells hold a dot with its interval, or a bar, so that the
// rows are aligned and a screen reader reads the figures. All figures come written from Python. Ticks and
// "Use it" are sent; names are text, never markup.

// The payload from Python: the typed dictionaries of `rare_event/plots/leaderboard.py`.
/**
 * @typedef {object} BoardRow
 * @property {string} run
 * @property {string} name
 * @property {Kind} kind
 * @property {boolean} chance
 * @property {boolean} own
 * @property {boolean} better
 * @property {boolean} folded
 * @property {Bracket} bracket
 * @property {string} tie
 * @property {number | null} auc
 * @property {number | null} low
 * @property {number | null} high
 * @property {string} auc_shown
 * @property {string} interval_shown
 * @property {number[]} caught
 * @property {string[]} rates
 * @property {string} about
 * @property {string} looks
 */

/**
 * @typedef {object} Axis
 * @property {number} low
 * @property {number} high
 * @property {number[]} ticks
 * @property {number} chance
 */

/**
 * @typedef {object} Headings
 * @property {string} caught
 * @property {string} rates
 * @property {string[]} budgets
 * @property {string} about
 */

/**
 * @typedef {object} Board
 * @property {BoardRow[]} rows
 * @property {Axis} axis
 * @property {number} most_caught
 * @property {string[]} ticked
 * @property {number} most_ticked
 * @property {Headings} headings
 * @property {string} colour
 * @property {string} chance_colour
 */

/** @typedef {"run" | "baseline" | "supervised" | "trivial" | "today"} Kind */
/** @typedef {"none" | "first" | "middle" | "last"} Bracket */
/** @typedef {{ rows: string, ticked: string[], sent: string | null, open: boolean }} View */

/** @type {Kind[]} */
const KINDS = ["run", "baseline", "supervised", "trivial"];
// Share of what is left of a name that stands before the cut.
const BEFORE = 0.55;

// What the reader did since the server last answered, for each place on the page.
/** @type {WeakMap<object, View>} */
const views = new WeakMap();

/**
 * @param {string} tag
 * @param {string} [className]
 * @param {string} [text]
 */
const make = (tag, className = "", text = "") => {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  return element;
};

/** @param {string} name */
const nameCell = (name) => {
  const cell = make("th", "name");
  cell.setAttribute("scope", "row");
  cell.title = name;
  const shown = make("span", "shown");
  shown.setAttribute("aria-hidden", "true");
  cell.append(make("span", "hidden", name), shown);
  return cell;
};

/**
 * Write each name into its cell; one that is too long loses its middle.
 * @param {HTMLElement} body
 */
const fitNames = (body) => {
  const pen = document.createElement("canvas").getContext("2d");
  for (const cell of /** @type {NodeListOf<HTMLElement>} */ (body.querySelectorAll("th.name"))) {
    const shown = /** @type {HTMLElement} */ (cell.querySelector(".shown"));
    const letters = [...cell.title];
    const width = shown.clientWidth;
    if (!pen || !width) continue;
    // The shorthand is empty where figures are tabular.
    const { fontWeight, fontSize, fontFamily } = getComputedStyle(shown);
    pen.font = `${fontWeight} ${fontSize} ${fontFamily}`;
    /** @param {number} kept */
    const cut = (kept) => {
      if (kept >= letters.length) return cell.title;
      const before = Math.ceil(BEFORE * kept);
      const [start, end] = [
        letters.slice(0, before),
        letters.slice(letters.length - kept + before),
      ];
      return `${start.join("").trimEnd()}…${end.join("").trimStart()}`;
    };
    let kept = letters.length;
    while (kept > 2 && pen.measureText(cut(kept)).width > width) kept -= 1;
    if (shown.textContent !== cut(kept)) shown.textContent = cut(kept);
  }
};

/** @param {BoardRow} row @param {Axis} axis */
const aucCell = (row, axis) => {
  const cell = make("td", "auc");
  const track = make("span", "track");
  track.setAttribute("aria-hidden", "true");
  /** @param {number} value */
  const at = (value) => `${(100 * (value - axis.low)) / (axis.high - axis.low)}%`;
  for (const tick of axis.ticks) track.append(placed("grid", at(tick)));
  track.append(placed("chance-line", at(axis.chance)));
  if (row.low !== null && row.high !== null) {
    const interval = placed("interval", at(row.low));
    interval.style.width = `${(100 * (row.high - row.low)) / (axis.high - axis.low)}%`;
    track.append(interval);
  }
  if (row.auc !== null) track.append(placed(`dot ${row.kind}`, at(row.auc)));
  const words = row.interval_shown ? `, 95% interval ${row.interval_shown}` : "";
  cell.title = `${row.auc_shown}${words}`;
  cell.append(track, make("span", "value", row.auc_shown), make("span", "hidden", words));
  return cell;
};

/** @param {string} className @param {string} left */
const placed = (className, left) => {
  const element = make("i", className);
  element.style.left = left;
  return element;
};

/**
 * Let a cell of a row with one figure take the columns of all budgets.
 * @param {HTMLElement} cell
 * @param {number} figures
 * @param {number} budgets
 */
const spread = (cell, figures, budgets) => {
  if (figures < budgets) /** @type {HTMLTableCellElement} */ (cell).colSpan = budgets;
  return cell;
};

/** @param {number} caught @param {number} most @param {string} about */
const caughtCell = (caught, most, about) => {
  const cell = make("td", "caught");
  const track = make("span", "track");
  track.setAttribute("aria-hidden", "true");
  const bar = make("i", "bar");
  bar.style.width = `${most ? (100 * caught) / most : 0}%`;
  if (caught) track.append(bar);
  cell.append(make("span", "value", String(caught)), track);
  if (about) {
    cell.title = about;
    cell.append(make("span", "hidden", about));
  }
  return cell;
};

/** @param {{ data: Board, parentElement: HTMLElement, setTriggerValue: (name: string, value: string | string[]) => void }} given */
export default function chart({ data, parentElement, setTriggerValue }) {
  const root = /** @type {HTMLElement} */ (parentElement.querySelector(".board"));
  /** @type {(selector: string) => HTMLElement} */
  const $ = (selector) => /** @type {HTMLElement} */ (root.querySelector(selector));
  const { rows, axis, headings } = data;
  const listed = JSON.stringify(rows.map((row) => row.run || row.name));
  const before = views.get(parentElement);
  /** @type {View} */
  const view =
    before?.rows === listed
      ? before
      : { rows: listed, ticked: data.ticked, sent: null, open: before?.open ?? false };
  views.set(parentElement, view);
  // An answer to an earlier tick must not take back a later one.
  if (view.sent === null || view.sent === JSON.stringify(data.ticked)) {
    view.ticked = data.ticked;
    view.sent = null;
  }
  root.style.setProperty("--mark", data.colour);
  root.style.setProperty("--chance", data.chance_colour);

  for (const heading of /** @type {NodeListOf<HTMLElement>} */ (
    root.querySelectorAll("[data-heading]")
  ))
    heading.textContent = headings[/** @type {"caught" | "rates"} */ (heading.dataset.heading)];
  $("caption").textContent = `Models, the best first. ${headings.about}`;
  $(".about").textContent = headings.about;
  $(".budgets").replaceChildren(
    ...["caught", "rates"].flatMap((group) =>
      headings.budgets.map((budget) => {
        const cell = make("th", group, budget);
        cell.setAttribute("scope", "col");
        return cell;
      }),
    ),
  );
  $(".axis").replaceChildren(
    ...axis.ticks.map((tick) => {
      const mark = placed("at", `${(100 * (tick - axis.low)) / (axis.high - axis.low)}%`);
      mark.textContent = String(tick);
      return mark;
    }),
  );
  const shown = new Set(rows.map((row) => row.kind));
  $(".kinds").replaceChildren(
    ...KINDS.filter((kind) => shown.has(kind)).map((kind) => {
      const item = make("span", "item", ` ${kind}`);
      item.prepend(make("i", `sign dot ${kind}`));
      return item;
    }),
  );
  $(".own-key").hidden = !rows.some((row) => row.own);

  /** @type {HTMLInputElement[]} */
  const boxes = [];
  const limit = () => {
    const full = view.ticked.length >= data.most_ticked;
    for (const box of boxes) {
      box.disabled = full && !box.checked;
      box.title = box.disabled ? `Untick a model first: at most ${data.most_ticked}.` : "";
    }
  };
  /** @param {BoardRow} row */
  const tickCell = (row) => {
    const cell = make("td", "tick");
    if (!row.run) return cell;
    const box = /** @type {HTMLInputElement} */ (make("input"));
    box.type = "checkbox";
    box.checked = view.ticked.includes(row.run);
    box.setAttribute("aria-label", `Compare ${row.name}`);
    box.addEventListener("change", () => {
      const others = view.ticked.filter((run) => run !== row.run);
      view.ticked = box.checked ? [...others, row.run] : others;
      view.sent = JSON.stringify(view.ticked);
      limit();
      setTriggerValue("ticked", view.ticked);
    });
    boxes.push(box);
    cell.append(box);
    return cell;
  };
  /** @param {BoardRow} row */
  const useCell = (row) => {
    const cell = make("td", "use");
    if (!row.better) return cell;
    const use = make("button", "", "Use it");
    use.setAttribute("type", "button");
    use.setAttribute("aria-label", `Use it: ${row.name}`);
    use.addEventListener("click", () => setTriggerValue("use", row.run));
    cell.append(use);
    return cell;
  };
  const body = $("tbody");
  // Drawing the rows again would lose the keyboard's place.
  const focused = [...body.querySelectorAll("input, button")].findIndex((element) =>
    element.matches(":focus"),
  );
  body.replaceChildren(
    ...rows.map((row) => {
      const line = make(
        "tr",
        [row.own && "own", row.chance && "by-chance", row.kind === "today" && "today"]
          .filter(Boolean)
          .join(" "),
      );
      if (row.own) line.setAttribute("aria-current", "true");
      const bracket = make("td", `bracket ${row.bracket}`);
      bracket.title = row.tie;
      bracket.append(make("span", "hidden", row.tie));
      line.append(
        bracket,
        tickCell(row),
        nameCell(row.name),
        aucCell(row, axis),
        ...row.caught.map((caught) =>
          spread(
            caughtCell(caught, data.most_caught, row.about),
            row.caught.length,
            headings.budgets.length,
          ),
        ),
        ...row.rates.map((rate) =>
          spread(make("td", "rates", rate), row.rates.length, headings.budgets.length),
        ),
        make("td", "looks", row.looks),
        useCell(row),
      );
      return line;
    }),
  );
  limit();
  if (focused >= 0)
    /** @type {HTMLElement | undefined} */ (
      [...body.querySelectorAll("input, button")][focused]
    )?.focus();

  const more = $(".more");
  const folded = rows.filter((row) => row.folded).length;
  more.hidden = !folded;
  const fold = () => {
    more.textContent = view.open
      ? `Show ${rows.length - folded} rows only`
      : `Show all ${rows.length} rows`;
    more.setAttribute("aria-expanded", String(view.open));
    rows.forEach((row, number) => {
      /** @type {HTMLElement} */ (body.children[number]).hidden = row.folded && !view.open;
    });
  };
  more.onclick = () => {
    view.open = !view.open;
    fold();
    fitNames(body);
  };
  fold();
  const resized = new ResizeObserver(() => fitNames(body));
  resized.observe(root);
  return () => resized.disconnect();
}
