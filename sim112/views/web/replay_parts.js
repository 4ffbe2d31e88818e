// The parts of the page that never change.

const LETTERS = ["A", "B"];

function letter(number) {
  return make("span", { class: number ? "letter second" : "letter" }, LETTERS[number]);
}

// What each mark and colour means; beside the incident only of the agencies that it needs.
function legendOf(data, language, mode) {
  const { say, named } = language;
  const agencies = [...data.map.agencies.entries()].filter(([at]) => mode === "day" || data.story.agencies.includes(at));
  const moves = data.scenarios.some(({ trips }) => trips.is_move.some(Boolean));
  const mark = (paint, text) => {
    const canvas = make("canvas", { width: 36, height: 36, "aria-hidden": "true" });
    const pen = canvas.getContext("2d");
    pen.scale(2, 2);
    paint(pen);
    return make("span", {}, canvas, text);
  };
  const patch = (colour, text) => {
    const box = make("i");
    box.style.background = colour;
    return make("span", {}, box, text);
  };
  const group = (key, first, ...items) =>
    make("div", {}, make("span", { class: "first" }, make("strong", {}, say(`legend.${key}`)), first), ...items);
  return make("section", { class: "legend", "aria-label": say("legend.title") },
    group("calls", ...CALL_STATES.map((state) => mark((pen) => drawCall(pen, 9, 9, state, 1.15), say(`call.${state}`)))),
    group("units", ...UNIT_STATES.filter((state) => state !== "moving" || moves).map((state) => mark((pen) => drawUnit(pen, 9, 9, state, -1, 1.15), say(`unit.${state}`)))),
    group("agencies", ...agencies.map(([at, name]) => patch(AGENCY_COLOURS[at % AGENCY_COLOURS.length], named("agencies", name)))),
    group("incidents", ...INCIDENT_STATES.map((state) => mark((pen) => drawIncident(pen, 9, 9, state, 1), say(`incident.${state}`)))),
    group("places", patch(LAND_112, say("legend.has_112")), mark((pen) => drawHospital(pen, 9, 9, 5), say("legend.hospital")),
      mark((pen) => { pen.fillStyle = "#555555"; pen.fillRect(6, 6, 6, 6); }, say("legend.station")),
      mark((pen) => { pen.strokeStyle = ROADS.national[0]; pen.lineWidth = 2.5; pen.beginPath(); pen.moveTo(1, 13); pen.lineTo(17, 5); pen.stroke(); }, say("legend.roads"))));
}

// A strip's line by slots, 1000 wide and 100 high; closed to an area where asked for.
function stripPath(values, highest, isArea) {
  const wide = 1000 / values.length;
  const line = Array.from(values, (value, at) => {
    const y = 100 - 96 * value / highest;
    return `${at ? "L" : "M"}${(at * wide).toFixed(1)} ${y.toFixed(1)}H${((at + 1) * wide).toFixed(1)}`;
  }).join("");
  return isArea ? `${line}V100H0Z` : line;
}
