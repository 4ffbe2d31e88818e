// The schematic map on a canvas: areas, roads, stations and hospitals on a layer of its own that is drawn once,
// and what moves above it.

const LAND = "#e6e2d8", LAND_112 = "#b9d7ea", SEA = "#f7f9fa", BORDER = "#ffffff", INK = "#1a1a1a";
const ROADS = { toll: ["#8a8478", 2.4], national: ["#9c968a", 1.8], provincial: ["#b3ada1", 1.1], local: ["#cbc5b9", 0.6] };
const AGENCY_COLOURS = ["#c44e00", "#00795a", "#005f9e", "#a3457f"]; // darkened from Okabe and Ito, in their order
const CALL_COLOURS = { ringing: "#b36b00", queued: "#f0c800", talking: "#3f9fd8", blocked: "#1a1a1a", abandoned: "#6a6a6a" };
const INCIDENT_COLOURS = { unreported: "#ffffff", reported: "#ffd75e", reached: "#6fc3a5" };
const FONT = 'system-ui, "Segoe UI", Roboto, "Liberation Sans", "DejaVu Sans", sans-serif';
const MARGINS = { above: 38, below: 22, beside: 6 }; // room for the words that lie on the map, pixels
const NEAR_KM = 14; // a pointer farther than this from any zone points at no regency

// A map in a canvas. `map` is the data of replay_map.py; all else about it is asked for when it is drawn.
function schematicMap(canvas, map) {
  const still = document.createElement("canvas");
  let width = 0, height = 0, ratio = 1, scale = 1, left = 0, top = 0;
  const paths = areaPaths(map);
  const whole = boundsOf(map.cells, 0);
  let view = whole;

  // Fit the canvas to its box; whether that changed anything.
  function resize() {
    const box = canvas.getBoundingClientRect(), dense = window.devicePixelRatio || 1;
    if (box.width === width && box.height === height && dense === ratio) return false;
    [width, height, ratio] = [box.width, box.height, dense];
    for (const one of [canvas, still]) {
      one.width = Math.max(1, Math.round(width * ratio));
      one.height = Math.max(1, Math.round(height * ratio));
    }
    look(view);
    return true;
  }

  // Show a part of the plane, [west, north, east, south] in km; all of it without.
  function look(bounds = whole) {
    view = bounds;
    const [west, north, east, south] = view;
    const { above, below, beside } = MARGINS, high = height - above - below;
    scale = Math.max(0.01, Math.min((width - 2 * beside) / (east - west), high / (south - north)));
    left = (width - scale * (east - west)) / 2 - scale * west;
    top = above + (high - scale * (south - north)) / 2 - scale * north;
  }

  const toScreen = (x, y) => [left + scale * x, top + scale * y];

  // Draw what stands still. `fill(regency)` is the colour of an area, `selected` a regency or null,
  // `stations(agency)` whether an agency's stations are shown; without, no hospitals either.
  function drawStill({ fill, selected = null, names = (at) => map.regencies[at].name, stations = () => true }) {
    const pen = still.getContext("2d");
    const isNear = scale > 5;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.fillStyle = SEA;
    pen.fillRect(0, 0, width, height);
    pen.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
    pen.lineJoin = "round";
    paths.forEach((path, regency) => {
      pen.fillStyle = pen.strokeStyle = fill(regency);
      pen.lineWidth = 1 / scale;
      pen.fill(path);
      pen.stroke(path); // closes the hair lines between cells
    });
    pen.strokeStyle = BORDER;
    pen.lineWidth = 1.6 / scale;
    pen.stroke(linesPath(map.borders));
    for (const [number, name] of map.road_classes.entries()) {
      if (name === "local" && !isNear) continue;
      const [colour, thick] = ROADS[name];
      pen.strokeStyle = colour;
      pen.lineWidth = thick * (isNear ? 1.5 : 1) / scale;
      pen.stroke(roadsPath(map, number));
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (stations) drawStations(pen, isNear, stations);
    if (selected !== null) outline(pen, selected);
    drawNames(pen, names, selected);
  }

  function outline(pen, regency) {
    // The edge of an area is what is left of it, drawn wide, around itself.
    const layer = document.createElement("canvas");
    layer.width = still.width;
    layer.height = still.height;
    const own = layer.getContext("2d");
    own.setTransform(ratio * scale, 0, 0, ratio * scale, ratio * left, ratio * top);
    own.strokeStyle = INK;
    own.lineJoin = "round";
    own.lineWidth = 5 / scale;
    own.stroke(paths[regency]);
    own.globalCompositeOperation = "destination-out";
    own.fill(paths[regency]);
    own.lineWidth = 1 / scale;
    own.stroke(paths[regency]);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(layer, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  function drawStations(pen, isNear, isShown) {
    const size = isNear ? 5 : 2;
    pen.globalAlpha = isNear ? 0.8 : 0.45;
    for (let at = 0; at < map.station_agency.length; at++) {
      if (!isShown(map.station_agency[at])) continue;
      const [x, y] = toScreen(map.stations[2 * at], map.stations[2 * at + 1]);
      pen.fillStyle = AGENCY_COLOURS[map.station_agency[at] % AGENCY_COLOURS.length];
      pen.fillRect(x - size / 2, y - size / 2, size, size);
    }
    pen.globalAlpha = 1;
    for (let at = 0; at < map.hospitals.length / 2; at++) {
      const [x, y] = toScreen(map.hospitals[2 * at], map.hospitals[2 * at + 1]);
      drawHospital(pen, x, y, isNear ? 5 : 2.2);
    }
  }

  function drawNames(pen, names, selected) {
    const size = width < 480 ? 10 : scale > 5 ? 14 : 12;
    pen.font = `${size}px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.lineJoin = "round";
    const taken = [];
    const order = [...map.regencies.keys()].sort((a, b) =>
      (b === selected) - (a === selected) || map.regencies[b].population - map.regencies[a].population);
    for (const at of order) {
      const text = names(at), wide = pen.measureText(text).width;
      const [x, y] = toScreen(map.name_places[2 * at], map.name_places[2 * at + 1]);
      const box = [x - wide / 2 - 1, y - size / 2, x + wide / 2 + 1, y + size / 2];
      const lies_over = (other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3];
      if (box[0] < 0 || box[2] > width || box[1] < 0 || box[3] > height || taken.some(lies_over)) continue;
      taken.push(box);
      pen.lineWidth = 3;
      pen.strokeStyle = "rgba(255,255,255,0.85)";
      pen.strokeText(text, x, y);
      pen.fillStyle = at === selected ? INK : "#4a4740";
      pen.fillText(text, x, y);
    }
  }

  // Put the still layer down and mark on top of it: `paint(marks, toScreen)`, in CSS pixels.
  function draw(paint) {
    const pen = canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.drawImage(still, 0, 0);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    if (paint) paint(marksOf(pen, Math.round(20 * Math.max(0.8, Math.min(1.6, scale / 3))) / 20, ratio), toScreen);
  }

  // The regency at a place on the canvas in CSS pixels; null where there is none.
  function regencyAt(x, y) {
    const km_x = (x - left) / scale, km_y = (y - top) / scale;
    let nearest = null, least = NEAR_KM ** 2;
    for (let zone = 0; zone < map.zone_regency.length; zone++) {
      const apart = (map.zones[2 * zone] - km_x) ** 2 + (map.zones[2 * zone + 1] - km_y) ** 2;
      if (apart < least) [least, nearest] = [apart, map.zone_regency[zone]];
    }
    return nearest;
  }

  return { resize, look, drawStill, draw, regencyAt, toScreen };
}

function areaPaths(map) {
  const paths = map.regencies.map(() => new Path2D());
  for (let cell = 0; cell + 1 < map.cell_start.length; cell++) {
    const path = paths[map.cell_regency[cell]];
    for (let at = map.cell_start[cell]; at < map.cell_start[cell + 1]; at++) {
      const to = at === map.cell_start[cell] ? "moveTo" : "lineTo";
      path[to](map.cells[2 * at], map.cells[2 * at + 1]);
    }
    path.closePath();
  }
  return paths;
}

function linesPath(ends) {
  const path = new Path2D();
  for (let at = 0; at < ends.length; at += 4) {
    path.moveTo(ends[at], ends[at + 1]);
    path.lineTo(ends[at + 2], ends[at + 3]);
  }
  return path;
}

function roadsPath(map, road_class) {
  const path = new Path2D(), { zones, roads } = map;
  for (let at = 0; at < roads.length; at += 3) {
    if (roads[at + 2] !== road_class) continue;
    path.moveTo(zones[2 * roads[at]], zones[2 * roads[at] + 1]);
    path.lineTo(zones[2 * roads[at + 1]], zones[2 * roads[at + 1] + 1]);
  }
  return path;
}

// West, north, east and south end of points [x, y, x, y, ...], widened by so many km.
function boundsOf(points, wider_km) {
  let west = Infinity, north = Infinity, east = -Infinity, south = -Infinity;
  for (let at = 0; at < points.length; at += 2) {
    west = Math.min(west, points[at]); east = Math.max(east, points[at]);
    north = Math.min(north, points[at + 1]); south = Math.max(south, points[at + 1]);
  }
  return [west - wider_km, north - wider_km, east + wider_km, south + wider_km];
}

// ---- marks: each is drawn once and then stamped, which a screen full of them needs -------------------------

const STAMP = 26; // pixels across, of size 1
const stamps = new Map();

function marksOf(pen, size, ratio) {
  const stamp = (x, y, name, paint) => {
    const key = `${name} ${size} ${ratio}`, side = STAMP * size;
    let image = stamps.get(key);
    if (!image) {
      image = document.createElement("canvas");
      image.width = image.height = Math.ceil(side * ratio);
      const own = image.getContext("2d");
      own.scale(image.width / side, image.height / side);
      paint(own, side / 2, side / 2);
      stamps.set(key, image);
    }
    pen.drawImage(image, x - side / 2, y - side / 2, side, side);
  };
  return {
    size,
    call: (x, y, state) => stamp(x, y, state, (own, at) => drawCall(own, at, at, state, size)),
    incident: (x, y, state) => stamp(x, y, `incident ${state}`, (own, at) => drawIncident(own, at, at, state, size)),
    unit: (x, y, state, agency) =>
      stamp(x, y, `${state} ${agency}`, (own, at) => drawUnit(own, at, at, state, agency, size)),
    way: (points, agency) => drawWay(pen, points, agency, size),
    ring: (x, y) => drawRing(pen, x, y, size),
    name: (x, y, text) => drawName(pen, x, y - 26 * size, text),
  };
}

// ---- how each looks -------------------------------------------------------------------------------------------------

function drawHospital(pen, x, y, size) {
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = size > 3 ? 4.5 : 2.5;
  cross(pen, x, y, size);
  pen.strokeStyle = "#7a1f2b";
  pen.lineWidth = size > 3 ? 2 : 1;
  cross(pen, x, y, size);
}

function cross(pen, x, y, size) {
  pen.beginPath();
  pen.moveTo(x - size, y);
  pen.lineTo(x + size, y);
  pen.moveTo(x, y - size);
  pen.lineTo(x, y + size);
  pen.stroke();
}

// A call: a ring rings, a full disc talks, a split one queues; blocked and abandoned are struck out.
function drawCall(pen, x, y, state, size) {
  const radius = 4.5 * size;
  pen.lineWidth = 1.6 * size;
  if (state === "blocked" || state === "abandoned") {
    for (const [colour, wide] of [["#ffffff", 4.2], [CALL_COLOURS[state], 2.2]]) {
      pen.strokeStyle = colour;
      pen.lineWidth = wide * size;
      pen.beginPath();
      pen.moveTo(x - radius, y - radius);
      pen.lineTo(x + radius, y + radius);
      if (state === "blocked") {
        pen.moveTo(x - radius, y + radius);
        pen.lineTo(x + radius, y - radius);
      }
      pen.stroke();
    }
    return;
  }
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = state === "talking" ? CALL_COLOURS.talking : "#ffffff";
  pen.fill();
  if (state === "queued") {
    pen.beginPath();
    pen.arc(x, y, radius, Math.PI / 2, 1.5 * Math.PI);
    pen.fillStyle = CALL_COLOURS.queued;
    pen.fill();
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
  }
  pen.strokeStyle = state === "ringing" ? CALL_COLOURS.ringing : INK;
  pen.lineWidth = (state === "ringing" ? 2.4 : 1.2) * size;
  pen.stroke();
}

// A unit: its colour is its agency's, its shape what it does.
function drawUnit(pen, x, y, state, agency, size) {
  const colour = AGENCY_COLOURS[agency % AGENCY_COLOURS.length], r = 5 * size;
  pen.beginPath();
  if (state === "rolling" || state === "turnout") {
    pen.moveTo(x, y - r * 1.15);
    pen.lineTo(x + r * 1.05, y + r * 0.8);
    pen.lineTo(x - r * 1.05, y + r * 0.8);
  } else if (state === "on_scene") {
    pen.rect(x - r * 0.85, y - r * 0.85, r * 1.7, r * 1.7);
  } else if (state === "to_hospital" || state === "handover") {
    pen.moveTo(x, y - r * 1.2);
    pen.lineTo(x + r * 1.2, y);
    pen.lineTo(x, y + r * 1.2);
    pen.lineTo(x - r * 1.2, y);
  } else if (state === "moving") {
    pen.rect(x - r * 0.6, y - r * 0.6, r * 1.2, r * 1.2);
  } else {
    pen.arc(x, y, r * 0.6, 0, 2 * Math.PI);
  }
  pen.closePath();
  const isOpen = ["turnout", "handover", "returning", "moving"].includes(state);
  pen.fillStyle = isOpen ? "#ffffff" : colour;
  pen.strokeStyle = isOpen ? colour : "#ffffff";
  pen.lineWidth = (isOpen ? 2 : 1.2) * size;
  pen.fill();
  pen.stroke();
}

// The way that a unit is driving.
function drawWay(pen, points, agency, size) {
  if (points.length < 2) return;
  pen.beginPath();
  for (const [x, y] of points) pen.lineTo(x, y);
  pen.globalAlpha = 0.5;
  pen.lineJoin = pen.lineCap = "round";
  pen.lineWidth = 4.5 * size;
  pen.strokeStyle = AGENCY_COLOURS[agency % AGENCY_COLOURS.length];
  pen.stroke();
  pen.globalAlpha = 1;
  pen.lineCap = "butt";
}

// A ring around what is told of.
function drawRing(pen, x, y, size) {
  for (const [colour, wide] of [["rgba(255,255,255,0.9)", 6], [INK, 2]]) {
    pen.beginPath();
    pen.arc(x, y, 23 * size, 0, 2 * Math.PI);
    pen.strokeStyle = colour;
    pen.lineWidth = wide;
    pen.stroke();
  }
}

function drawName(pen, x, y, text) {
  pen.font = `600 13px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "bottom";
  pen.lineJoin = "round";
  pen.lineWidth = 4;
  pen.strokeStyle = "rgba(255,255,255,0.9)";
  pen.strokeText(text, x, y);
  pen.fillStyle = INK;
  pen.fillText(text, x, y);
}

// An incident: a star, white while nobody was told of it.
function drawIncident(pen, x, y, state, size) {
  const outer = 8 * size, inner = 3.6 * size;
  pen.beginPath();
  for (let point = 0; point < 10; point++) {
    const radius = point % 2 ? inner : outer, angle = point * Math.PI / 5 - Math.PI / 2;
    pen.lineTo(x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  pen.closePath();
  pen.fillStyle = INCIDENT_COLOURS[state];
  pen.strokeStyle = INK;
  pen.lineWidth = 1.3 * size;
  pen.fill();
  pen.stroke();
}
