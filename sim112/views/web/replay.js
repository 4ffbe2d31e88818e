// The page: one clock, two maps, and what is told beside them. Only `advance` moves the clock.

const SPEEDS = [1, 10, 30, 60, 120, 300, 600];
const GLIDE_S = 1.2; // from one step of the story to the next, seconds of the viewer
const CALL_ROWS = ["calls_offered", "calls_answered", "calls_blocked", "calls_abandoned", "calls_waiting", "answer_delay_mean_s"];
const INCIDENT_ROWS = ["incidents_noticed", "incidents_reported", "report_mean_s", "agencies_alerted", "alert_mean_s", "agencies_reached", "units_busy"];
const STRIPS = { lines: "lines_strip", queue: "queue_strip" };
const TIP_ROWS = ["calls_offered", "calls_abandoned", "incidents_noticed", "incidents_reported", "agencies_alerted", "alert_mean_s"];

function start(data) {
  const app = document.getElementById("app");
  const now = {
    time_s: 0, playing: false, speed: 60, goal_s: null, glide: 0,
    mode: data.story ? "story" : "day", regency: null, hovered: null,
  };
  const steps = data.story ? stepsOf(data) : [];
  const longest_s = data.story ? longestWay(data) : 0;
  let language = languageOf(data, data.lang);
  let shown = {}; // the nodes that change
  let last_ms = null;
  let asked = false;
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)");

  const fitted = new ResizeObserver(() => {
    // all of them: a map that is resized is empty until it is drawn again
    if (shown.maps.map(({ map }) => map.resize()).some(Boolean)) {
      drawStill();
      render();
    }
  });

  // ---- the clock -------------------------------------------------------------------------------------------

  function setTime(time_s) {
    now.goal_s = null;
    now.time_s = Math.min(Math.max(time_s, 0), data.span_s);
    render();
  }

  function advance(at_ms) {
    asked = false;
    const passed_s = last_ms === null ? 0 : Math.min((at_ms - last_ms) / 1000, 0.25);
    last_ms = at_ms;
    if (now.goal_s !== null) {
      now.time_s = Math.min(now.time_s + now.glide * passed_s, now.goal_s);
      if (now.time_s >= now.goal_s) now.goal_s = null;
    } else if (now.playing) {
      now.time_s = Math.min(now.time_s + now.speed * passed_s, lastTime());
      if (now.time_s >= lastTime()) now.playing = false;
    }
    render();
    if (now.playing || now.goal_s !== null) ask(); else last_ms = null;
  }

  function ask() {
    if (!asked) {
      asked = true;
      requestAnimationFrame(advance);
    }
  }

  function play(playing = !now.playing) {
    if (playing && now.time_s >= lastTime()) now.time_s = firstTime();
    now.goal_s = null;
    now.playing = playing;
    last_ms = null;
    if (playing) ask(); else render();
  }

  function changeSpeed(by) {
    now.speed = SPEEDS[Math.min(Math.max(SPEEDS.indexOf(now.speed) + by, 0), SPEEDS.length - 1)];
    shown.speed.value = String(now.speed);
  }

  // What is played and slid through: the incident, or the day.
  const firstTime = () => (now.mode === "story" ? Math.max(0, steps[0] - 60) : 0);
  const lastTime = () => (now.mode === "story" ? steps.at(-1) : data.span_s);
  const target = () => now.goal_s ?? now.time_s;
  const stepNumber = () => steps.filter((step) => step <= target()).length;

  function toStep(number) {
    const at = Math.min(Math.max(number, 0), steps.length);
    const goal_s = at === 0 ? steps[0] - 60 : steps[at - 1];
    now.playing = false;
    if (goal_s <= now.time_s || calm.matches) return setTime(goal_s);
    now.goal_s = goal_s;
    now.glide = (goal_s - now.time_s) / GLIDE_S;
    last_ms = null;
    ask();
  }

  function setMode(mode) {
    now.mode = mode;
    now.playing = false;
    now.goal_s = null;
    build();
    if (mode === "story") setTime(steps[Math.max(stepNumber(), 1) - 1]);
  }

  function setRegency(regency) {
    now.regency = regency;
    drawStill();
    drawStrips();
    render();
  }

  function setLanguage(lang) {
    language = languageOf(data, lang);
    build();
    app.querySelector(`.languages button[lang="${lang}"]`).focus();
  }

  // ---- nodes -----------------------------------------------------------------------------------------------

  function build() {
    const { say } = language;
    shown = {};
    document.documentElement.lang = language.lang;
    const several = data.scenarios.length > 1;
    const title = say(several ? "title" : "one_scenario");
    document.title = title;
    app.className = `${several ? "several" : "single"} in_${now.mode}`;
    app.replaceChildren(
      header(title), now.mode === "story" ? banner() : "", make("main", { class: "maps" }, ...data.scenarios.map(mapPanel)),
      legendOf(data, language, now.mode), bar(),
      make("section", { class: "lower", "aria-label": say(`${now.mode}_tab`) }, now.mode === "story" ? storyPanel() : dayPanel()), tip(), keysDialog(),
    );
    fitted.disconnect();
    for (const box of [app, ...app.querySelectorAll(".sheet")]) fitted.observe(box);
    for (const panel of shown.maps) panel.map.resize();
    drawStill();
    drawStrips();
    render();
  }

  function header(title) {
    const { say } = language;
    const tab = (mode, key) => make("button", {
      type: "button", "aria-pressed": String(now.mode === mode), onclick: () => setMode(mode),
    }, say(key));
    return make("header", { class: "top" },
      make("div", { class: "title" }, make("h1", {}, title),
        make("p", {}, say("simulated", { replication: language.number(data.replication), seed: data.seed }))),
      data.story ? make("div", { class: "switch", role: "group", "aria-label": say("tabs") },
        tab("story", "story_tab"), tab("day", "day_tab")) : null,
      make("button", { type: "button", onclick: () => shown.keys.showModal() }, say("help")),
      make("div", { class: "switch languages", role: "group", "aria-label": say("language") },
        ...Object.keys(data.words).sort().reverse().map((lang) => make("button", {
          type: "button", lang, "aria-pressed": String(lang === language.lang), onclick: () => setLanguage(lang),
        }, lang.toUpperCase()))));
  }

  function banner() {
    shown.banner = make("p");
    return make("section", { class: "banner", "aria-label": language.say("story.about") }, shown.banner);
  }

  function mapPanel(scenario, number) {
    const { say } = language;
    const canvas = make("canvas", { role: "img" });
    const small = make("small");
    const map = schematicMap(canvas, data.map);
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return map.regencyAt(event.clientX - box.left, event.clientY - box.top);
    };
    canvas.addEventListener("pointermove", (event) => hover(at(event), event));
    canvas.addEventListener("pointerleave", () => hover(null));
    canvas.addEventListener("click", (event) => {
      const regency = at(event);
      setRegency(regency === now.regency ? null : regency);
      hover(regency, event);
    });
    shown.maps = [...(shown.maps ?? []), { canvas, map, small, scenario }];
    return make("section", { class: "map" },
      make("h2", {}, data.scenarios.length > 1 ? letter(number) : null, language.scenario(scenario), small),
      make("div", { class: "sheet" }, canvas,
        make("span", { class: "schematic" }, say(data.map.has_nearer_islands && now.mode === "day" ? "schematic_islands" : "schematic"))));
  }

  function bar() {
    const { say } = language;
    shown.clock = make("b", { id: "clock" });
    shown.date = make("span");
    shown.play = make("button", { type: "button", class: now.mode === "day" ? "play primary" : "play", onclick: () => play() });
    shown.speed = make("select", { "aria-label": say("speed"), onchange: () => { now.speed = Number(shown.speed.value); } },
      ...SPEEDS.map((speed) => make("option", { value: speed }, say("times", { number: language.number(speed) }))));
    shown.speed.value = String(now.speed);
    shown.scrub = make("input", {
      type: "range", id: "scrub", min: Math.floor(firstTime()), max: Math.ceil(lastTime()), step: 1, "aria-label": say("time"),
      oninput: () => { now.playing = false; setTime(Number(shown.scrub.value)); },
    });
    const parts = [make("div", { class: "clock" }, shown.clock, shown.date)];
    if (now.mode === "story") {
      shown.back = make("button", { type: "button", onclick: () => toStep(stepNumber() - 1) }, `◀ ${say("previous")}`);
      shown.next = make("button", { type: "button", class: "primary", id: "next", onclick: () => next() });
      shown.step = make("span", { class: "step" });
      parts.push(shown.back, shown.next, shown.step);
    }
    parts.push(shown.play, make("label", {}, make("span", { class: "unseen" }, say("speed")), shown.speed), shown.scrub);
    return make("section", { class: "bar", "aria-label": say("time") }, ...parts);
  }

  function next() {
    if (stepNumber() >= steps.length) setMode("day"); else toStep(stepNumber() + 1);
  }

  function measureTable(title, keys) {
    const { say } = language, several = data.scenarios.length > 1;
    const rows = keys.map((key) => {
      const cells = data.scenarios.map(() => make("td"));
      const difference = several ? make("td", { class: "difference" }) : null;
      shown.measures.push({ key, cells, difference });
      return make("tr", {}, make("th", { scope: "row" }, say(`measures.${key}`)), ...cells, difference);
    });
    const heads = several ? [...LETTERS.map((_, number) => make("th", { scope: "col" }, letter(number))),
      make("th", { scope: "col" }, say("difference"))] : [make("th", { scope: "col" })];
    return make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col" }, title), ...heads)), make("tbody", {}, ...rows));
  }

  function dayPanel() {
    const { say } = language;
    shown.measures = [];
    const order = [...data.map.regencies.keys()].sort((a, b) =>
      language.place(data.map.regencies[a]).localeCompare(language.place(data.map.regencies[b])));
    shown.place = make("select", { id: "place", onchange: () => setRegency(shown.place.value === "" ? null : Number(shown.place.value)) },
      make("option", { value: "" }, say("whole_area")),
      ...order.map((at) => make("option", { value: at }, language.place(data.map.regencies[at]))));
    shown.strips = { lines: strip(), queue: strip() };
    return make("div", { class: "day" },
      measureTable(say("measures.calls"), CALL_ROWS), measureTable(say("measures.incidents"), INCIDENT_ROWS),
      make("div", { class: "strips" },
        make("div", { class: "place" }, make("label", { for: "place" }, say("place")), shown.place),
        shown.strips.lines.box, shown.strips.queue.box));
  }

  function strip() {
    const title = make("h3"), most = make("span", { class: "most" });
    const svg = makeSvg("svg", { viewBox: "0 0 1000 100", preserveAspectRatio: "none", role: "img" });
    const lines = data.scenarios.map((_, number) => makeSvg("path", { class: data.scenarios.length < 2 ? "only" : number ? "second" : "first" }));
    const cursor = make("i"); // beside the drawing, so that moving it draws nothing anew
    svg.append(makeSvg("line", { x1: 0, x2: 1000, y1: 100, y2: 100 }), ...lines);
    svg.addEventListener("click", (event) => {
      const box = svg.getBoundingClientRect();
      setTime((event.clientX - box.left) / box.width * data.span_s);
    });
    return { box: make("div", { class: "strip" }, title, make("div", { class: "chart" }, most, make("div", { class: "plot" }, svg, cursor))), title, most, svg, lines, cursor };
  }

  function storyPanel() {
    const { say } = language, { story } = data, several = data.scenarios.length > 1;
    shown.told = data.scenarios.map((scenario) =>
      make("ol", { "aria-live": "polite", "aria-label": language.scenario(scenario), tabindex: "0" }));
    shown.facts = data.scenarios.map(() => []);
    const rows = story.agencies.flatMap((agency) => data.scenarios.map((_, number) => {
      const bar = makeSvg("svg", { viewBox: `0 0 ${BAR.wide} ${BAR.high}`, preserveAspectRatio: "none", "aria-hidden": "true" });
      const fact = { bar, knows: make("td"), there: make("td"), colour: AGENCY_COLOURS[agency % AGENCY_COLOURS.length] };
      shown.facts[number].push(fact);
      const name = capital(language.named("agencies", data.map.agencies[agency]));
      return make("tr", { class: number ? "second" : "first" },
        make("th", { scope: "row" }, number ? make("span", { class: "unseen" }, name) : name, several ? letter(number) : null),
        make("td", { class: "bar_cell" }, bar), fact.knows, fact.there);
    }));
    return make("div", { class: "story" },
      ...data.scenarios.map((scenario, number) => make("div", { class: "told" },
        make("p", { class: "lead" }, several ? letter(number) : null, language.scenario(scenario)), shown.told[number])),
      make("div", { class: "facts", tabindex: "0", role: "group", "aria-label": say("story.summary") },
        make("table", {}, make("thead", {}, make("tr", {}, make("th", { scope: "col", colspan: "2" }, say("story.summary")),
          make("th", { scope: "col" }, say("story.knows")), make("th", { scope: "col" }, say("story.there")))),
        make("tbody", {}, ...rows)), make("p", { class: "why" }, whyText(data, language))));
  }

  function tip() {
    shown.tip = make("div", { class: "tip", role: "status", hidden: true });
    return shown.tip;
  }

  function keysDialog() {
    const { say } = language;
    shown.keys = make("dialog", { "aria-label": say("help") }, make("p", {}, say("keys")), make("p", {}, say("schematic_long")),
      make("button", { type: "button", onclick: () => shown.keys.close() }, say("close")));
    return shown.keys;
  }

  // ---- showing a moment ------------------------------------------------------------------------------------

  function drawStill() {
    const near = now.mode === "story" ? boundsOfStory(data) : undefined;
    for (const { map, scenario } of shown.maps) {
      map.look(near);
      map.drawStill({
        fill: (regency) => (scenario.has_112[regency] ? LAND_112 : LAND), selected: now.regency,
        names: (at) => language.place(data.map.regencies[at]),
        stations: (agency) => now.mode === "day" || data.story.agencies.includes(agency),
      });
    }
  }

  function drawStrips() {
    if (!shown.strips) return;
    const loads = data.scenarios.map((scenario) => loadOfDay(scenario, data.span_s, now.regency));
    for (const name of Object.keys(STRIPS)) {
      const { title, most, svg, lines } = shown.strips[name];
      const highest = Math.max(1, ...loads.map((load) => load[name].reduce((a, b) => Math.max(a, b), 0)));
      const words = language.say(STRIPS[name]);
      put(title, words);
      svg.setAttribute("aria-label", words);
      put(most, language.number(highest));
      loads.forEach((load, number) => lines[number].setAttribute("d", stripPath(load[name], highest, number === 0 && loads.length > 1)));
    }
  }

  function render() {
    const state = stateAt(data, now.time_s, now.regency);
    put(shown.clock, language.clock(now.time_s));
    put(shown.date, language.date(now.time_s));
    put(shown.play, now.playing ? `❚❚ ${language.say("pause")}` : `▶ ${language.say("play")}`);
    renderScrub();
    state.scenarios.forEach((moment, number) => drawMoment(shown.maps[number], moment));
    if (shown.measures) renderMeasures(state);
    if (shown.told) renderStory();
    if (now.hovered) renderTip();
  }

  function renderScrub() {
    // while it plays a minute is as fine as the slider shows
    const place = String(now.playing ? 60 * Math.floor(now.time_s / 60) : Math.floor(now.time_s));
    if (shown.scrub.value === place && shown.scrub.hasAttribute("aria-valuetext")) return;
    shown.scrub.value = place;
    shown.scrub.setAttribute("aria-valuetext", language.clock(now.time_s));
  }

  function drawMoment({ canvas, map, small, scenario }, moment) {
    map.draw((marks, toScreen) => {
      const at = (zone) => toScreen(...zonePoint(data.map, zone));
      for (const { row, state, agency } of moment.units) {
        if (state === "rolling" || state === "to_hospital") marks.way(wayOfTrip(data.map, scenario.trips, row, state).map(([x, y]) => toScreen(x, y)), agency);
      }
      if (now.mode === "story") marks.ring(...at(data.story.zone));
      for (const { zone, state } of moment.incidents) marks.incident(...at(zone), state);
      for (const { x, y, state, agency } of moment.units) marks.unit(...beside(toScreen(x, y), agency, state, marks.size), state, agency);
      for (const { row, zone, state } of moment.calls) marks.call(...around(at(zone), row, marks.size), state);
      if (now.mode === "story") marks.name(...at(data.story.zone), capital(language.named("kinds", data.map.kinds[data.story.kind])));
    });
    const calls = ["ringing", "queued", "talking"].reduce((sum, state) => sum + moment.calls_by_state[state], 0);
    const told = {
      scenario: language.scenario(scenario), calls: language.number(calls),
      units: language.number(moment.units.length),
    };
    // near the incident the counts of the whole area would be puzzling
    if (now.mode === "story") put(small, centreText(scenario, data.story.regency));
    else put(small, `${language.say("legend.calls")} ${told.calls} · ${language.say("legend.units")} ${told.units}`);
    const label = language.say("map_label", told);
    if (canvas.getAttribute("aria-label") !== label) canvas.setAttribute("aria-label", label);
  }

  function centreText(scenario, regency) {
    return `${language.place(data.map.regencies[regency])}: ${language.say(scenario.has_112[regency] ? "has_112" : "no_112")}`;
  }

  // Units at a scene stand beside it, each agency on a side of its own.
  function beside([x, y], agency, state, size) {
    if (state !== "on_scene" && state !== "handover") return [x, y];
    const apart = 11 * size, side = agency % 4;
    return [x + (side % 2 ? apart : -apart), y + (side < 2 ? -apart : apart) * 0.7];
  }

  // Calls about the same place lie around it, not upon one another.
  function around([x, y], row, size) {
    const angle = row * 2.399963;
    return [x + 13 * size * Math.cos(angle), y + 13 * size * Math.sin(angle)];
  }

  function renderMeasures(state) {
    const measures = state.scenarios.map((moment) => moment.measures);
    for (const { key, cells, difference: cell } of shown.measures) {
      cells.forEach((node, number) => put(node, valueText(language, measures[number], key)));
      if (cell) put(cell, differenceText(language, ...measures, key));
    }
    for (const { cursor } of Object.values(shown.strips)) {
      cursor.style.transform = `translateX(${100 * now.time_s / data.span_s}%)`;
    }
    const wanted = now.regency === null ? "" : String(now.regency);
    if (shown.place.value !== wanted) shown.place.value = wanted;
  }

  function renderStory() {
    const { say } = language, { noticed } = data.story, passed_s = now.time_s - noticed / TICKS_PER_S;
    const at = stepNumber(), isOver = at >= steps.length && now.goal_s === null;
    storyAt(data, now.time_s).forEach(({ told, agencies }, number) => {
      const list = shown.told[number];
      if (list.childElementCount !== Math.max(told.length, 1) || list.dataset.at !== String(told.length)) {
        const latest = told.length ? told[told.length - 1].t : null;
        list.dataset.at = String(told.length);
        list.replaceChildren(...told.map((event) => make("li", { class: event.t === latest ? "latest" : false },
          make("span", { title: language.clock(event.t / TICKS_PER_S) }, event.t === noticed
            ? language.time(event.t / TICKS_PER_S) : `+${language.duration((event.t - noticed) / TICKS_PER_S)}`),
          make("span", {}, eventText(data, language, event)))));
        if (!told.length) list.append(make("li", {}, make("span"), make("span", {}, say("story.before", { day: language.date(now.time_s) }))));
        // the newest at the end, but from its first line on
        list.scrollTop = Math.min(list.scrollHeight, (list.querySelector(".latest")?.offsetTop ?? 0) - list.offsetTop);
      }
      agencies.forEach((agency, which) => {
        const { bar, knows, there, colour } = shown.facts[number][which];
        const shown_s = (time_s) => (time_s === null ? say("none") : language.duration(time_s));
        put(knows, shown_s(agency.knows_s));
        put(there, shown_s(agency.there_s));
        drawBar(bar, agency, passed_s, longest_s, colour);
      });
    });
    const begins = at <= 1 && now.goal_s === null;
    put(shown.banner, `${bannerText(data, language, now.time_s, isOver)}${begins ? ` ${say("story.press_next")}` : ""}`);
    shown.banner.parentElement.classList.toggle("over", isOver);
    put(shown.step, say("step", { number: at, all: steps.length }));
    put(shown.next, at >= steps.length ? say("see_day") : `${say("next")} ▶`);
    shown.back.disabled = at === 0;
  }

  function hover(regency, event) {
    now.hovered = regency === null ? null : { regency, x: event.clientX, y: event.clientY };
    shown.tip.hidden = now.hovered === null;
    if (now.hovered) renderTip();
  }

  function renderTip() {
    const { regency, x, y } = now.hovered, { say } = language, place = data.map.regencies[regency];
    const measures = stateAt(data, now.time_s, regency).scenarios.map((moment) => moment.measures);
    const several = data.scenarios.length > 1;
    const centre = (scenario) => say(scenario.has_112[regency] ? "has_112" : "no_112");
    shown.tip.replaceChildren(
      make("strong", {}, language.place(place)),
      make("p", {}, say("people", { number: language.number(place.population) })),
      ...data.scenarios.map((scenario, number) => make("p", {}, several ? `${LETTERS[number]}: ${centre(scenario)}` : centre(scenario))),
      make("table", {}, make("tbody", {}, ...TIP_ROWS.map((key) => make("tr", {},
        make("th", { scope: "row" }, say(`measures.${key}`)), ...measures.map((own) => make("td", {}, valueText(language, own, key))))))));
    const box = shown.tip.getBoundingClientRect();
    shown.tip.style.left = `${Math.max(6, Math.min(x + 16, window.innerWidth - box.width - 6))}px`;
    shown.tip.style.top = `${Math.max(6, y + 16 + box.height > window.innerHeight ? y - box.height - 12 : y + 16)}px`;
  }

  // ---- keys ------------------------------------------------------------------------------------------------

  function onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || shown.keys.open) return;
    const on = event.target.tagName;
    if (event.key === "Escape") {
      hover(null);
      if (now.regency !== null) setRegency(null); else play(false);
      return;
    }
    if (on === "SELECT") return;
    const far = event.shiftKey ? 600 : 60, in_story = now.mode === "story";
    const acts = {
      " ": () => play(),
      ArrowRight: () => (in_story ? toStep(stepNumber() + 1) : setTime(now.time_s + far)),
      ArrowLeft: () => (in_story ? toStep(stepNumber() - 1) : setTime(now.time_s - far)),
      "+": () => changeSpeed(1),
      "=": () => changeSpeed(1),
      "-": () => changeSpeed(-1),
      Home: () => (in_story ? toStep(0) : setTime(0)),
      End: () => (in_story ? toStep(steps.length) : setTime(data.span_s)),
    };
    if (!acts[event.key] || (event.key === " " && on === "BUTTON")) return;
    event.preventDefault();
    acts[event.key]();
  }

  document.addEventListener("keydown", onKey);

  document.getElementById("loading").hidden = true;
  app.hidden = false;
  build();
  if (data.story) setTime(steps[0]);
  window.sim112 = {
    data, setTime, stateAt: (time_s, regency = null) => stateAt(data, time_s, regency), storyAt: (time_s) => storyAt(data, time_s),
    now, play, setMode, setRegency, steps,
  };
  document.documentElement.dataset.ready = "yes";
}

unpacked(document.getElementById("data").textContent).then((data) => start(prepare(data))).catch((error) => {
  document.getElementById("loading").textContent = "Peramban ini tidak dapat membuka halaman. / This browser cannot open the page.";
  console.error(error);
});
