// What is chosen on the workshop page, and how it stands in the address.

const MEASURE = "response_capped_s"; // by which the map is coloured at first

function choiceFromAddress(data, text) {
  const given = new URLSearchParams(text.replace(/^#/, ""));
  const values = {};
  for (const { name } of data.sliders) if (given.has(name)) values[name] = Number(given.get(name));
  return {
    before: given.get("before") ?? data.opens_with.before,
    after: given.get("after") ?? data.opens_with.after,
    switched: (given.get("switched") ?? "").split(",").filter(Boolean),
    values,
    flood: given.get("flood") === "1",
    place: given.get("place") ?? data.opens_with.place,
    view: given.get("map") ?? MAP_VIEWS[0],
    measure: given.get("measure") ?? MEASURE,
    lang: given.get("lang") ?? data.lang,
  };
}

function addressOf(chosen) {
  const parts = { before: chosen.before, after: chosen.after };
  if (chosen.switched.length) parts.switched = chosen.switched.join(",");
  Object.assign(parts, chosen.values);
  if (chosen.flood) parts.flood = "1";
  if (chosen.view !== MAP_VIEWS[0]) Object.assign(parts, { map: chosen.view, measure: chosen.measure });
  return `#${new URLSearchParams({ ...parts, place: chosen.place, lang: chosen.lang }).toString().replaceAll("%2C", ",")}`;
}

// The values at which a slider can stand; null first where the scenario has no single value among them.
function positionsOf(slider, scenario) {
  const { low, high } = slider.ends[scenario.grouping];
  const steps = Math.round((high - low) / slider.step);
  const values = Array.from({ length: steps + 1 }, (_, at) => Number((low + at * slider.step).toFixed(6)));
  const stands = scenario.values[slider.name];
  return values.includes(stands) ? values : [null, ...values];
}
