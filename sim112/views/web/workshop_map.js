// The map by a measure: in which unit, classes and colours the regencies are shown.

const MAP_VIEWS = ["centres", "after", "difference"];
// Colours that differ in lightness, so that nobody needs to tell red from green (after ColorBrewer's YlOrBr, BrBG).
const LOW_TO_HIGH = ["#fff7d6", "#fed98e", "#fb9f3a", "#d8660f", "#8c2d04"];
const MUCH_WORSE = "#8c510a", WORSE = "#d8b365", BETTER = "#7fc9bd", MUCH_BETTER = "#01665e";

// What is shown of a row: its value, or its difference where that is clear of 0; null where there is nothing.
function mappedValue(row, view) {
  if (!row) return null;
  if (view === "after") return row.after[0];
  const [value, low, high] = row.difference;
  return value === null || low === null || high === null || (low <= 0 && high >= 0) ? null : value;
}

// The smallest round number that is not smaller.
function roundStep(least) {
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((one) => one * power).find((one) => one >= least * 0.999999);
}

// Classes of equal width for rows of one measure, in the unit of the largest: `edges` and `colours` between them.
function classesOf(rows, view) {
  const shown = rows.filter((row) => mappedValue(row, view) !== null);
  if (!shown.length) return null;
  const largest = shown.reduce((a, b) => (Math.abs(mappedValue(b, view)) > Math.abs(mappedValue(a, view)) ? b : a));
  const values = shown.map((row) => mappedValue(row, view) * largest.factor);
  const least = Math.min(...values), most = Math.max(...values);
  const step_below = (step) => Math.floor(least / step + 1e-9) * step;
  let step, first, colours;
  if (view === "after") {
    colours = LOW_TO_HIGH;
    step = roundStep(Math.max((most - least) / colours.length, 1e-6));
    while (step_below(step) + colours.length * step < most) step = roundStep(step * 1.01);
    first = step_below(step);
  } else {
    colours = [MUCH_WORSE, WORSE, BETTER, MUCH_BETTER];
    if (largest.better !== "higher") colours.reverse();
    step = roundStep(Math.max(most, -least) / 2);
    first = -2 * step;
  }
  const edges = Array.from({ length: colours.length + 1 }, (_, at) => first + at * step);
  const decimals = [0, 1, 2, 3].find((many) => Math.abs(step * 10 ** many - Math.round(step * 10 ** many)) < 1e-6) ?? 3;
  return { edges, colours, decimals, factor: largest.factor, unit: largest.unit };
}

function colourIn(classes, row, view) {
  const value = mappedValue(row, view);
  if (value === null || classes === null) return LAND;
  const { edges, colours, factor } = classes;
  const at = Math.floor((value * factor - edges[0]) / (edges[1] - edges[0]) + 1e-9);
  return colours[Math.min(Math.max(at, 0), colours.length - 1)];
}

// What the colours mean: [colour, text]; of the difference also what has none.
function legendRows(classes, language, view) {
  const { say, number } = language;
  const none = [LAND, say(view === "after" ? "no_value" : "not_clear")];
  if (classes === null) return [none];
  const { edges, colours, decimals } = classes, signed = view === "difference";
  const rows = colours.map((colour, at) =>
    [colour, say("from_to", { from: number(edges[at], decimals, signed), to: number(edges[at + 1], decimals, signed) })]);
  return signed ? [...rows, none] : rows;
}
