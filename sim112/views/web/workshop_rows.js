// Measures as rows of tables, with their intervals.

const WHISKER = { wide: 116, high: 20 };

// A value [value, low, high] as a cell, its interval below or beside it.
function cellOf([text, interval], attributes = {}) {
  return make("td", attributes, text, interval ? make("small", {}, interval) : null);
}

// One measure of a place: before, after, the difference, its verdict and its interval on a scale to `far`.
function rowOf(language, row, far) {
  const { say } = language;
  const is_same = row.verdict === "same" || (row.difference[0] === 0 && row.difference[1] === row.difference[2]);
  const key = `verdicts.${is_same ? "same" : row.verdict}`;
  const verdict = language.has(key) ? say(key) : say(row.verdict === "" && row.better !== "neither" ? "untested" : "none");
  const difference = is_same ? [say("no_difference"), ""] : language.bounded(row.difference, row, true);
  return make("tr", { "data-measure": row.measure, class: `is-${is_same ? "same" : row.verdict.replaceAll(" ", "-")}` },
    make("th", { scope: "row" }, say(`measures.${row.measure}`), make("small", {}, ` ${row.unit[language.lang]}`)),
    cellOf(language.bounded(row.before, row), { "data-head": say("before") }),
    cellOf(language.bounded(row.after, row), { "data-head": say("after") }),
    cellOf(difference, { class: "difference", "data-head": say("difference") }),
    make("td", { class: "verdict", "data-head": say("verdict") }, verdict), make("td", { class: "whisker" }, whisker(row, far)));
}

// How far the interval of a difference goes from 0.
function farOf(row) {
  const [value, low, high] = row.difference;
  return value === null ? 1 : Math.max(...[value, low ?? value, high ?? value].map(Math.abs)) || 1;
}

function whisker(row, far) {
  const [value, low, high] = row.difference;
  const svg = makeSvg("svg", { viewBox: `0 0 ${WHISKER.wide} ${WHISKER.high}`, width: WHISKER.wide, height: WHISKER.high, "aria-hidden": "true" });
  const middle = WHISKER.wide / 2, y = WHISKER.high / 2;
  svg.append(makeSvg("line", { x1: middle, x2: middle, y1: 0, y2: WHISKER.high, class: "zero" }));
  if (value === null) return svg;
  const x = (one) => middle + (middle - 5) * Math.max(-1, Math.min(1, one / far));
  if (low !== null && high !== null && high > low) {
    svg.append(makeSvg("line", { x1: x(low), x2: x(high), y1: y, y2: y, class: "interval" }));
  }
  svg.append(makeSvg("circle", { cx: x(value), cy: y, r: 4, class: "value" }));
  return svg;
}

// One measure of all places [name, row], from the largest value, or difference, on.
function numbersTable(language, rows, { measure, view }) {
  const { say } = language;
  const size = ([, row]) => (view === "after" ? row.after[0] : row.difference[0] && Math.abs(row.difference[0])) ?? -Infinity;
  const cell = (row, key) => {
    const [text, interval] = language.bounded(row[key], row, key === "difference");
    return cellOf([text, interval && ` ${interval}`]);
  };
  return make("table", {}, make("caption", {}, say(`measures.${measure}`)),
    make("thead", {}, make("tr", {}, ...["place", "before", "after", "difference"].map((key) => make("th", { scope: "col" }, say(key))))),
    make("tbody", {}, ...rows.sort((a, b) => size(b) - size(a)).map(([name, row]) => make("tr", {},
      make("th", { scope: "row" }, name, make("small", {}, ` ${row.unit[language.lang]}`)),
      cell(row, "before"), cell(row, "after"), cell(row, "difference")))));
}
