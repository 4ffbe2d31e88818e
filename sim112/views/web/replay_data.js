// What replay.py packed: plain data with arrays in it, and the indices by which a moment is found at once.

const TICKS_PER_S = 1024;
const NEVER = 2 ** 31 - 1;
const BUCKET = 300 * TICKS_PER_S; // of the index of what goes on: five minutes
const ARRAYS = { u1: Uint8Array, u2: Uint16Array, i2: Int16Array, i4: Int32Array, f4: Float32Array };
const BLOCKED_FIRST = 2, BLOCKED_LAST = 4; // outcomes of blocked calls, as the engine numbers them

async function unpacked(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  const raw = await new Response(stream).arrayBuffer();
  const length = new DataView(raw).getUint32(0, true);
  const content = JSON.parse(new TextDecoder().decode(new Uint8Array(raw, 8, length)));
  return revived(content, raw, 8 + length);
}

function revived(value, raw, base) {
  if (Array.isArray(value)) return value.map((below) => revived(below, raw, base));
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value.array)) {
    const [kind, where, length] = value.array;
    return new ARRAYS[kind](raw, base + where, length);
  }
  return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, revived(below, raw, base)]));
}

// ---- indices, made once ------------------------------------------------------------------------------------

// Adds to each scenario what makes a moment cheap: what goes on by bucket of time, and counts that only grow.
function prepare(data) {
  const regencies = data.map.regencies.length;
  const last = Math.ceil(data.span_s * TICKS_PER_S / BUCKET);
  for (const scenario of data.scenarios) {
    const { calls, incidents, needs, trips } = scenario;
    const shown_after = data.shown_after_s * TICKS_PER_S;
    scenario.calls_at = buckets(calls.offered, Float64Array.from(calls.offered, (_, row) => endOfCall(calls, row, shown_after)), last);
    scenario.trips_at = buckets(trips.assigned, trips.returned, last);
    scenario.incidents_at = buckets(incidents.noticed, incidents.over, last);
    const counted = rowsWhere(calls.offered, (row) => calls.is_counted[row]);
    const growing = (times, rows, regency, values) => growingCounts(times, rows, regency, values, regencies);
    const every = (column) => rowsWhere(column, () => true);
    const answered = counted.filter((row) => calls.answered[row] !== NEVER);
    const of_incident = (column) => growing(column, every(column), incidents.regency);
    const of_need = (column, from) => growing(column, every(column), needs.regency, from && since(column, from));
    scenario.growing = {
      calls_offered: growing(calls.offered, counted, calls.regency),
      calls_answered: growing(calls.answered, answered, calls.regency, since(calls.answered, calls.queued)),
      calls_blocked: growing(calls.offered, counted.filter((row) => isBlocked(calls, row)), calls.regency),
      calls_abandoned: growing(calls.left, counted, calls.regency),
      incidents_noticed: of_incident(incidents.noticed),
      incidents_reported: growing(incidents.reported, every(incidents.reported), incidents.regency,
        since(incidents.reported, incidents.noticed)),
      agencies_needed: of_need(needs.noticed),
      agencies_alerted: of_need(needs.alerted, needs.noticed),
      agencies_reached: of_need(needs.on_scene),
    };
  }
  return data;
}

function isBlocked(calls, row) {
  return calls.outcome[row] >= BLOCKED_FIRST && calls.outcome[row] <= BLOCKED_LAST;
}

function endOfCall(calls, row, shown_after) {
  if (isBlocked(calls, row)) return calls.offered[row] + shown_after;
  if (calls.left[row] !== NEVER) return calls.left[row] + shown_after;
  return calls.talk_end[row];
}

function rowsWhere(column, wanted) {
  const rows = [];
  for (let row = 0; row < column.length; row++) if (wanted(row)) rows.push(row);
  return rows;
}

function since(times, earlier) {
  return Float64Array.from(times, (time, row) => time - earlier[row]);
}

// Rows that go on in each bucket of time, from `first[bucket]` to `first[bucket + 1]` of `rows`.
function buckets(start, end, last) {
  const counts = new Int32Array(last + 2);
  const span = (row) => [
    Math.max(0, Math.floor(start[row] / BUCKET)), Math.min(last, Math.floor(end[row] / BUCKET)),
  ];
  for (let row = 0; row < start.length; row++) {
    const [from, to] = span(row);
    for (let at = from; at <= to; at++) counts[at + 1]++;
  }
  for (let at = 0; at <= last; at++) counts[at + 1] += counts[at];
  const first = counts.slice(), rows = new Int32Array(counts[last + 1]);
  for (let row = 0; row < start.length; row++) {
    const [from, to] = span(row);
    for (let at = from; at <= to; at++) rows[counts[at]++] = row;
  }
  return { first, rows };
}

function goingOn(index, t) {
  const at = Math.min(Math.max(0, Math.floor(t / BUCKET)), index.first.length - 2);
  return index.rows.subarray(index.first[at], index.first[at + 1]);
}

// Of all, and of each regency: the times of events in order, and the sums of their values so far.
function growingCounts(times, rows, regency, values, regencies) {
  const happened = rows.filter((row) => times[row] !== NEVER).sort((a, b) => times[a] - times[b]);
  const own = Array.from({ length: regencies }, () => []);
  for (const row of happened) own[regency[row]].push(row);
  const told = (some) => {
    const sums = new Float64Array(some.length + 1);
    some.forEach((row, at) => { sums[at + 1] = sums[at] + (values ? values[row] : 0); });
    return { times: Int32Array.from(some, (row) => times[row]), sums };
  };
  return { all: told(happened), own: own.map(told) };
}

// How many had happened by t, and the sum of their values in seconds.
function byThen({ times, sums }, t) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= t) low = middle + 1; else high = middle;
  }
  return { count: low, sum_s: sums[low] / TICKS_PER_S };
}
