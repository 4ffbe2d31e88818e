// The state of the replay: a pure function of the log and the time, nothing else.

const CALL_STATES = ["ringing", "queued", "talking", "blocked", "abandoned"];
const UNIT_STATES = ["turnout", "rolling", "on_scene", "to_hospital", "handover", "returning", "moving"];
const INCIDENT_STATES = ["unreported", "reported", "reached"];
const LEGS = { rolling: 0, to_hospital: 1, returning: 2, moving: 2 };

// Everything that is shown at `time_s` seconds after the span began; measures of all, or of one regency.
function stateAt(data, time_s, regency = null) {
  const t = time_s * TICKS_PER_S;
  return {
    time_s,
    scenarios: data.scenarios.map((scenario) => {
      const calls = callsAt(scenario, t, data.shown_after_s * TICKS_PER_S);
      const units = unitsAt(data.map, scenario, t);
      return {
        calls,
        units,
        incidents: incidentsAt(scenario, t),
        calls_by_state: countsOf(calls, CALL_STATES),
        units_by_state: countsOf(units, UNIT_STATES),
        measures: measuresAt(scenario, t, calls, units, regency),
      };
    }),
  };
}

function countsOf(shown, states) {
  const counts = Object.fromEntries(states.map((state) => [state, 0]));
  for (const one of shown) counts[one.state]++;
  return counts;
}

function callsAt(scenario, t, shown_after) {
  const { calls } = scenario, shown = [];
  for (const row of goingOn(scenario.calls_at, t)) {
    const state = stateOfCall(calls, row, t, shown_after);
    if (state) shown.push({ row, state, zone: calls.zone[row], regency: calls.regency[row] });
  }
  return shown;
}

function stateOfCall(calls, row, t, shown_after) {
  if (calls.offered[row] > t) return null;
  if (isBlocked(calls, row)) return t < calls.offered[row] + shown_after ? "blocked" : null;
  if (calls.left[row] <= t) return t < calls.left[row] + shown_after ? "abandoned" : null;
  if (calls.talk_end[row] <= t) return null;
  if (calls.answered[row] <= t) return "talking";
  if (calls.picked[row] <= t || calls.queued[row] > t) return "ringing";
  return "queued";
}

function incidentsAt(scenario, t) {
  const { incidents } = scenario, shown = [];
  for (const row of goingOn(scenario.incidents_at, t)) {
    if (incidents.noticed[row] > t || incidents.over[row] <= t) continue;
    const state = incidents.reached[row] <= t ? "reached" : incidents.reported[row] <= t ? "reported" : "unreported";
    shown.push({ row, state, zone: incidents.zone[row] });
  }
  return shown;
}

function unitsAt(map, scenario, t) {
  const { trips } = scenario, shown = [];
  for (const row of goingOn(scenario.trips_at, t)) {
    const state = stateOfTrip(trips, row, t);
    if (!state) continue;
    const unit = trips.unit[row];
    const [x, y] = placeOfTrip(map, trips, row, state, t);
    shown.push({ row, state, x, y, agency: scenario.unit_agency[unit], regency: scenario.unit_regency[unit] });
  }
  return shown;
}

function stateOfTrip(trips, row, t) {
  if (trips.assigned[row] > t || trips.returned[row] <= t) return null;
  if (trips.available[row] <= t) return trips.is_move[row] ? "moving" : "returning";
  if (trips.at_hospital[row] <= t) return "handover";
  if (trips.leave_scene[row] <= t) return "to_hospital";
  if (trips.on_scene[row] <= t) return "on_scene";
  return trips.rolling[row] <= t ? "rolling" : "turnout";
}

// Where a unit is, km: at a zone's point, or between two of them on its way.
function placeOfTrip(map, trips, row, state, t) {
  if (state === "turnout") return zonePoint(map, trips.from_zone[row]);
  if (state === "on_scene") return zonePoint(map, trips.zone[row]);
  if (state === "handover") return zonePoint(map, trips.hospital_zone[row]);
  const [from, to] = {
    rolling: [trips.rolling[row], trips.on_scene[row]],
    to_hospital: [trips.leave_scene[row], trips.at_hospital[row]],
    returning: [trips.available[row], trips.back[row]],
    moving: [trips.available[row], trips.back[row]],
  }[state];
  const leg = 3 * row + LEGS[state];
  const first = trips.leg_start[leg], end = trips.leg_start[leg + 1];
  if (first === end) return zonePoint(map, trips.zone[row]);
  const share = to > from ? Math.min(Math.max((t - from) / (to - from), 0), 1) * 65535 : 65535;
  let next = first;
  while (next < end && trips.leg_share[next] < share) next++;
  if (next === first) return zonePoint(map, trips.leg_zone[first]);
  if (next === end) return zonePoint(map, trips.leg_zone[end - 1]);
  const before = trips.leg_share[next - 1], part = (share - before) / (trips.leg_share[next] - before);
  const [x1, y1] = zonePoint(map, trips.leg_zone[next - 1]), [x2, y2] = zonePoint(map, trips.leg_zone[next]);
  return [x1 + part * (x2 - x1), y1 + part * (y2 - y1)];
}

// The zones that a unit passes on the leg that it drives, km.
function wayOfTrip(map, trips, row, state) {
  const leg = 3 * row + LEGS[state];
  return Array.from(trips.leg_zone.subarray(trips.leg_start[leg], trips.leg_start[leg + 1]), (zone) => zonePoint(map, zone));
}

function zonePoint(map, zone) {
  return [map.zones[2 * zone], map.zones[2 * zone + 1]];
}

// The measures of study/moment.py at t; a mean of nothing is null.
function measuresAt(scenario, t, calls, units, regency) {
  const then = (name) => {
    const { all, own } = scenario.growing[name];
    return byThen(regency === null ? all : own[regency], t);
  };
  const mean = ({ count, sum_s }) => (count ? sum_s / count : null);
  const isHere = (one) => regency === null || one.regency === regency;
  const values = {};
  for (const name of Object.keys(scenario.growing)) values[name] = then(name).count;
  return {
    ...values,
    calls_waiting: calls.filter((one) => one.state === "queued" && isHere(one)).length,
    answer_delay_mean_s: mean(then("calls_answered")),
    report_mean_s: mean(then("incidents_reported")),
    alert_mean_s: mean(then("agencies_alerted")),
    units_busy: units.filter((one) => one.state !== "returning" && one.state !== "moving" && isHere(one)).length,
  };
}

// The most lines held and callers queued in each five minutes of the span, of all or of one regency.
function loadOfDay(scenario, span_s, regency = null) {
  const { calls } = scenario, slots = Math.ceil(span_s * TICKS_PER_S / BUCKET);
  const of = (rows, from, to) => {
    const changes = [];
    for (const row of rows) {
      const start = from[row], end = to(row);
      if (start < end) changes.push([start, 1], [end, -1]);
    }
    changes.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
    const most = new Int32Array(slots);
    let level = 0, next = 0;
    for (let slot = 0; slot < slots; slot++) {
      most[slot] = level;
      for (; next < changes.length && changes[next][0] < (slot + 1) * BUCKET; next++) {
        level += changes[next][1];
        if (changes[next][0] < slot * BUCKET) most[slot] = level;
        else most[slot] = Math.max(most[slot], level);
      }
    }
    return most;
  };
  const here = rowsWhere(calls.offered, (row) => regency === null || calls.regency[row] === regency);
  const through = here.filter((row) => !isBlocked(calls, row));
  return {
    lines: of(through, calls.offered, (row) => Math.min(calls.left[row], calls.talk_end[row])),
    queue: of(through.filter((row) => calls.queued[row] !== NEVER), calls.queued,
      (row) => Math.min(calls.left[row], calls.picked[row])),
  };
}
