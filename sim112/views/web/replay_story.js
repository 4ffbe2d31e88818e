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
  return boundsOf(points, 9);
}
