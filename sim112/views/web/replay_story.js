// The incident with which the page opens: its steps, what was told by a moment, and the words for it.

// The instants of the story in order, in seconds: something happens at each in some scenario.
function stepsOf(data) {
  const times = data.story.events.flatMap((events) => events.map((event) => event.t));
  const instants = [...new Set(times)].sort((a, b) => a - b).map((t) => t / TICKS_PER_S);
  return instants.filter((time_s) => time_s <= data.span_s);
}

// What had happened by `time_s` in each scenario, and since when each needed agency knew and was there.
function storyAt(data, time_s) {
  const t = time_s * TICKS_PER_S, { story } = data;
  return story.events.map((events) => {
    const told = events.filter((event) => event.t <= t);
    const first = (agency, whats) => {
      const found = told.find((event) => event.agency === agency && whats.includes(event.what));
      return found ? (found.t - story.noticed) / TICKS_PER_S : null;
    };
    const agencies = story.agencies.map((agency) => ({
      agency,
      knows_s: first(agency, ["alerted", "alerted_own", "alerted_notice"]),
      there_s: first(agency, ["on_scene"]),
    }));
    return { told, agencies };
  });
}

// Why this incident is told: the rule, and what it found.
function whyText(data, language) {
  const { say, number } = language, { found } = data.story, several = data.scenarios.length > 1;
  const fields = { regency: language.place(data.map.regencies[data.story.regency]) };
  for (const key of ["days", "among", "among_to_112", "compared", "sooner", "later"]) fields[key] = number(found[key]);
  if (found.is_middle) {
    return [say("story.why_night", fields), found.is_to_112 ? say("story.why_to_112", fields) : "",
      say(several ? "story.why_middle" : "story.why_middle_alone", fields)].filter(Boolean).join(" ");
  }
  const why = say(found.is_to_112 ? "story.why_nearest_112" : "story.why_nearest", fields);
  return several && !found.is_to_112 ? `${why} ${say("story.same")}` : why;
}

// What is told above the maps: what happened and what to look at; at the end, how the two differ.
function bannerText(data, language, time_s, isOver) {
  const { say, named } = language, { story } = data, several = data.scenarios.length > 1;
  if (isOver && several) return conclusionText(data, language, time_s);
  const needed = story.agencies.map((agency) => named("agencies", data.map.agencies[agency]));
  const agencies = needed.length > 1 ? say("story.and", { first: needed.slice(0, -1).join(", "), last: needed.at(-1) }) : needed[0];
  return say("story.intro", {
    kind: capital(named("kinds", data.map.kinds[story.kind])), regency: language.place(data.map.regencies[story.regency]),
    time: language.time(story.noticed / TICKS_PER_S), agencies,
  });
}

function conclusionText(data, language, time_s) {
  const { say, named, duration } = language, [a, b] = storyAt(data, time_s).map(({ agencies }) => agencies);
  const compared = (key, fields, before, after) => {
    if (before === null && after === null) return null;
    const how = before === null ? "story.only_b" : after === null ? "story.only_a"
      : Math.abs(after - before) < 1 ? "story.as_soon" : after < before ? "story.sooner" : "story.later";
    return say(how, { what: say(key, fields), duration: before !== null && after !== null ? duration(Math.abs(after - before)) : "" });
  };
  const last = (agencies) => (agencies.some((one) => one.knows_s === null) ? null : Math.max(...agencies.map((one) => one.knows_s)));
  const told = [compared("story.all_know", {}, last(a), last(b)), ...a.map((one, at) =>
    compared("story.comes", { agency: named("agencies", data.map.agencies[one.agency]) }, one.there_s, b[at].there_s))];
  return `${say("story.in_b")} ${told.filter(Boolean).join("; ")}.`;
}

// How long each agency needed to know of it and to be there, as a bar that grows with the clock.
const BAR = { wide: 1000, high: 100 };

function drawBar(svg, { knows_s, there_s }, passed_s, longest_s, colour) {
  const x = (time_s) => BAR.wide * Math.min(Math.max(time_s, 0) / longest_s, 1);
  const rect = (from_s, to_s, fill, attributes = {}) => makeSvg("rect", {
    x: x(from_s), y: 30, width: Math.max(0, x(to_s) - x(from_s)), height: 40, fill, ...attributes,
  });
  const unknown_s = Math.min(knows_s ?? passed_s, passed_s), under_way_s = Math.min(there_s ?? passed_s, passed_s);
  const parts = [rect(0, longest_s, "#eeece6"), rect(0, unknown_s, "#a39d90")];
  if (knows_s !== null) parts.push(rect(unknown_s, under_way_s, colour));
  if (there_s !== null) parts.push(makeSvg("rect", { x: Math.min(x(there_s), BAR.wide - 24), y: 5, width: 24, height: 90, fill: colour }));
  svg.replaceChildren(...parts);
}

// One event in words.
function eventText(data, language, event) {
  const { say, named, duration } = language;
  const agency = event.agency >= 0 ? data.map.agencies[event.agency] : "";
  const fields = {
    caller: event.caller,
    hospital: event.hospital,
    number: agency && named("numbers", agency),
    who: agency && named("who", agency),
    unit: agency && named("units_of", agency),
    from: event.from_agency >= 0 ? named("who", data.map.agencies[event.from_agency]) : "",
    desk: event.served ? placesText(data, language, event.served) : "",
    duration: duration(event.looked_s || event.waited_s || 0),
  };
  let key = event.what;
  if (key === "offered") key = event.agency < 0 ? "offered_112" : event.looked_s > 0 ? "offered_own_looked" : "offered_own";
  const text = capital(say(`story.${key}`, fields));
  return event.has_unit === false ? `${text} ${say("story.no_unit")}` : text;
}

function placesText(data, language, regencies) {
  const names = regencies.slice(0, 2).map((at) => language.place(data.map.regencies[at]));
  const rest = regencies.length - names.length;
  return names.join(", ") + (rest > 0 ? `, ${language.say("more", { number: rest })}` : "");
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

// The longest that any needed agency took to be there, or to know where it never came, seconds.
function longestWay(data) {
  const ends = storyAt(data, data.span_s).flatMap(({ agencies }) => agencies.map((one) => one.there_s ?? one.knows_s ?? 0));
  return Math.max(60, ...ends);
}

// The part of the map on which the story happens, km.
function boundsOfStory(data) {
  const { story, map } = data, points = [...zonePoint(map, story.zone)];
  for (const { trips } of data.scenarios) {
    for (let row = 0; row < trips.unit.length; row++) {
      if (trips.zone[row] !== story.zone || Math.abs(trips.assigned[row] / TICKS_PER_S - story.noticed / TICKS_PER_S) > 5400) continue;
      for (let at = trips.leg_start[3 * row]; at < trips.leg_start[3 * row + 2]; at++) {
        points.push(...zonePoint(map, trips.leg_zone[at]));
      }
    }
  }
  return boundsOf(points, 6);
}
