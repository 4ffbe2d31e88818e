// The workshop page: what is chosen, the answers to it as they come in, and the map on which 112 is switched.

const LAND_NEW = "#4c9ccb", LAND_GONE = "#f0c9a8"; // beside LAND and LAND_112 of the map
const PROVINCE = "";
const RETRY_MS = 2000; // after the server was busy

function start(data) {
  const app = document.getElementById("app");
  const labels = data.map.regencies.map((regency) => regency.label);
  const visitor = crypto.randomUUID ? crypto.randomUUID() : String(Math.random());
  let chosen = known(choiceFromAddress(data, location.hash));
  let language = wordsOf(data, chosen.lang);
  let shown = {};
  let answer = null; // the newest, of the choice that is shown
  let mapped = null; // the newest of any choice: the map keeps its colours until there are others
  let reach = {}; // how far the bars of each measure go, held while intervals narrow
  let number = 0, asking = null, message = "", hovered = null;
  const fitted = new ResizeObserver(() => { if (shown.map.resize()) drawMap(); });
  const told = []; // of each answer: what was asked, after how long, on how many replications

  function known(one) {
    if (!data.words[one.lang]) one.lang = data.lang;
    if (!MAP_VIEWS.includes(one.view)) one.view = MAP_VIEWS[0];
    if (!data.regency_measures.includes(one.measure)) one.measure = MEASURE;
    if (one.place !== PROVINCE && !labels.includes(one.place)) one.place = data.opens_with.place;
    return one;
  }

  const scenario = () => data.scenarios[chosen.after] ?? data.scenarios[data.opens_with.after];
  const regencyOf = (place) => data.map.regencies[labels.indexOf(place)];
  const nameOf = (place) => (place === PROVINCE ? language.say("province") : language.place(regencyOf(place)));

  function hadBefore(at) {
    return (data.scenarios[chosen.before] ?? scenario()).has_112[at];
  }

  function hasAfter(at) {
    return scenario().has_112[at] !== chosen.switched.includes(labels[at]);
  }

  // ---- changing the choice ---------------------------------------------------------------------------------

  function change(changes) {
    chosen = { ...chosen, ...changes };
    history.replaceState(null, "", addressOf(chosen));
    answer = null;
    reach = {};
    renderChoice();
    drawMap();
    renderAnswer();
    ask();
  }

  function toggle(place) {
    const on = chosen.switched.includes(place);
    change({ switched: on ? chosen.switched.filter((one) => one !== place) : [...chosen.switched, place], place });
  }

  function moveTo(slider, value) {
    const values = { ...chosen.values };
    if (value === null || value === scenario().values[slider.name]) delete values[slider.name];
    else values[slider.name] = value;
    change({ values });
  }

  function show(place) {
    chosen = { ...chosen, place };
    history.replaceState(null, "", addressOf(chosen));
    renderChoice();
    drawMap();
    renderAnswer();
  }

  function paint(changes) {
    chosen = { ...chosen, ...changes };
    history.replaceState(null, "", addressOf(chosen));
    renderChoice();
    drawMap();
  }

  function setLanguage(lang) {
    chosen = { ...chosen, lang };
    language = wordsOf(data, lang);
    history.replaceState(null, "", addressOf(chosen));
    build();
    app.querySelector(`.languages button[lang="${lang}"]`).focus();
  }

  // ---- asking ----------------------------------------------------------------------------------------------

  function asked() {
    return {
      before: chosen.before, after: chosen.after, switched: chosen.switched, values: chosen.values, flood: chosen.flood,
    };
  }

  function post(path, content, signal) {
    return fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json", "X-Lang": chosen.lang },
      body: JSON.stringify(content), signal,
    });
  }

  // Ask for the choice as it is; whatever was asked before is of no interest any more.
  async function ask() {
    asking?.abort();
    asking = new AbortController();
    number += 1;
    const own = number, began_ms = performance.now();
    message = "";
    renderStatus(true);
    try {
      const response = await post("answers", { visitor, number: own, choice: asked() }, asking.signal);
      if (own !== number) return;
      if (response.status === 503) {
        message = (await response.json()).error;
        renderStatus(true);
        await new Promise((done) => setTimeout(done, RETRY_MS));
        if (own === number) ask();
        return;
      }
      if (!response.ok) {
        message = (await response.json().catch(() => ({}))).error ?? language.say("no_answer");
        renderStatus(false);
        return;
      }
      for await (const line of linesOf(response.body)) {
        const found = JSON.parse(line);
        if (own !== number || found.number !== number) return;
        if (found.error) message = found.error;
        else take(found, began_ms);
        renderStatus(!found.error && found.replications < found.of);
      }
    } catch (error) {
      if (own !== number || error.name === "AbortError") return;
      message = language.say("no_answer");
      renderStatus(false);
    }
  }

  function take(found, began_ms) {
    answer = mapped = found;
    told.push({ number: found.number, replications: found.replications, after_ms: performance.now() - began_ms });
    renderAnswer();
    drawMap();
  }

  // ---- nodes -----------------------------------------------------------------------------------------------

  function build() {
    const { say } = language;
    shown = { sliders: {}, rows: {} };
    document.documentElement.lang = language.lang;
    document.title = say("title");
    app.replaceChildren(header(), make("main", {}, mapPanel(), resultsPanel(), controls()), tip(), saveDialog(), numbersDialog());
    fitted.disconnect();
    for (const box of [app, app.querySelector(".sheet")]) fitted.observe(box);
    shown.map.resize();
    renderChoice();
    drawMap();
    renderAnswer();
    renderStatus(asking !== null && answer === null && !message);
  }

  function header() {
    const { say } = language;
    const choose = (which) => make("select", { id: which, onchange: (event) => change({ [which]: event.target.value }) },
      ...Object.keys(data.scenarios).map((name) => make("option", { value: name }, language.scenario(name))));
    shown.before = choose("before");
    shown.after = choose("after");
    return make("header", { class: "top" },
      make("div", { class: "title" }, make("h1", {}, say("title"))),
      make("label", { class: "field" }, make("span", {}, say("before")), shown.before),
      make("span", { class: "arrow", "aria-hidden": "true" }, "→"),
      make("label", { class: "field" }, make("span", {}, say("after")), shown.after),
      make("div", { class: "switch languages", role: "group", "aria-label": say("language") },
        ...Object.keys(data.words).sort().reverse().map((lang) => make("button", {
          type: "button", lang, "aria-pressed": String(lang === language.lang), onclick: () => setLanguage(lang),
        }, lang.toUpperCase()))));
  }

  function mapPanel() {
    const { say } = language;
    const canvas = make("canvas", { role: "img", "aria-label": say("map_label") });
    shown.canvas = canvas;
    shown.map = schematicMap(canvas, data.map);
    const at = (event) => {
      const box = canvas.getBoundingClientRect();
      return shown.map.regencyAt(event.clientX - box.left, event.clientY - box.top);
    };
    canvas.addEventListener("pointermove", (event) => { if (event.pointerType === "mouse") hover(at(event), event); });
    canvas.addEventListener("pointerleave", () => hover(null));
    canvas.addEventListener("click", (event) => {
      const regency = at(event);
      if (regency !== null) toggle(labels[regency]);
    });
    shown.hint = make("p", { class: "hint" });
    shown.views = MAP_VIEWS.map((view) => make("button", { type: "button", id: `map_${view}`, onclick: () => paint({ view }) }, say(`views.${view}`)));
    shown.measure = make("select", { id: "measure", "aria-label": say("measure"), onchange: () => paint({ measure: shown.measure.value }) },
      ...data.regency_measures.map((key) => make("option", { value: key }, say(`measures.${key}`))));
    shown.numbers = make("button", { type: "button", id: "numbers", onclick: () => openNumbers() }, say("numbers"));
    shown.legend = make("div", { class: "legend" });
    return make("section", { class: "map" }, shown.hint,
      make("div", { class: "views" }, make("span", {}, say("map")),
        make("div", { class: "switch", role: "group", "aria-label": say("map") }, ...shown.views), shown.measure, shown.numbers),
      make("div", { class: "sheet" }, canvas,
        make("span", { class: "schematic" }, say(data.map.has_nearer_islands ? "schematic_islands" : "schematic"))),
      shown.legend);
  }

  function resultsPanel() {
    const { say } = language;
    const order = labels.toSorted((a, b) => nameOf(a).localeCompare(nameOf(b)));
    shown.place = make("select", { id: "place", onchange: () => show(shown.place.value) },
      ...order.map((label) => make("option", { value: label }, nameOf(label))));
    shown.toggle = make("button", { type: "button", id: "toggle", class: "primary", onclick: () => toggle(chosen.place) });
    shown.status = make("p", { class: "status", role: "status" });
    shown.error = make("p", { class: "error", role: "alert", hidden: true });
    shown.own = make("tbody");
    shown.province = make("tbody");
    const heads = () => ["before", "after", "difference"].map((key) => make("th", { scope: "col" }, say(key)));
    const table = (title, body, id) => make("table", { id }, make("thead", {}, make("tr", {},
      make("th", { scope: "col" }, title), ...heads(), make("th", { scope: "col" }, say("verdict")),
      make("th", { scope: "col" }, make("span", { class: "unseen" }, say("interval"))))), body);
    shown.own_title = make("span");
    return make("section", { class: "results", "aria-label": say("results") },
      make("div", { class: "place" }, make("label", { for: "place" }, say("place")), shown.place, shown.toggle),
      table(shown.own_title, shown.own, "of_place"), table(say("province"), shown.province, "of_province"),
      shown.error, shown.status);
  }

  function controls() {
    const { say } = language;
    const group = (of) => make("fieldset", {}, make("legend", {}, say(`of.${of}`)),
      make("div", { class: "sliders" }, ...data.sliders.filter((slider) => slider.of === of).map(sliderBox)));
    shown.flood = make("input", { type: "checkbox", id: "flood", onchange: () => change({ flood: shown.flood.checked }) });
    const world = group("world");
    if (data.has_flood) {
      world.querySelector(".sliders").append(explained(shown.flood, "flood",
        make("div", { class: "slider" }, make("label", { class: "flood" }, shown.flood, say("flood")))));
    }
    shown.about = make("p", { class: "about_line", "aria-hidden": "true" }, say("about.none"));
    const reset = () => change({ switched: [], values: {}, flood: false });
    shown.copied = make("span", { role: "status", class: "unseen" });
    return make("section", { class: "controls", "aria-label": say("controls") }, group("plan"), world,
      make("div", { class: "actions" },
        make("button", { type: "button", id: "save", onclick: () => openSaving() }, say("save")),
        make("button", { type: "button", id: "share", onclick: share }, say("share")),
        make("button", { type: "button", id: "reset", onclick: reset }, say("reset")), shown.copied),
      shown.about);
  }

  // What a control means: told below all of them while it is pointed at or used, on a phone below itself.
  function explained(input, name, box) {
    const text = language.say(`about.${name}`), id = `about_${name}`;
    input.setAttribute("aria-describedby", id);
    box.append(make("small", { class: "about", id }, text));
    for (const event of ["pointerenter", "focusin"]) box.addEventListener(event, () => put(shown.about, text));
    box.addEventListener("pointerleave", () => put(shown.about, language.say("about.none")));
    return box;
  }

  function sliderBox(slider) {
    const { say } = language;
    const output = make("output", { for: slider.name });
    const input = make("input", { type: "range", id: slider.name, min: 0, step: 1 });
    input.addEventListener("input", () => renderSlider(slider, Number(input.value)));
    input.addEventListener("change", () => moveTo(slider, positionsOf(slider, scenario())[Number(input.value)]));
    shown.sliders[slider.name] = { input, output };
    return explained(input, slider.name, make("div", { class: "slider" },
      make("label", { for: slider.name }, say(`sliders.${slider.name}`)), output, input));
  }

  // ---- the numbers of the map ------------------------------------------------------------------------------

  function numbersDialog() {
    const { say } = language;
    shown.list = make("div", { class: "list", tabindex: "0" });
    shown.listed = make("dialog", { "aria-label": say("numbers"), class: "numbers" }, shown.list,
      make("button", { type: "button", onclick: () => shown.listed.close() }, say("close")));
    return shown.listed;
  }

  // Every regency with the measure of the map.
  function openNumbers() {
    const rows = labels.map((label, one) => [nameOf(label), mappedRow(one)]).filter(([, row]) => row);
    shown.list.replaceChildren(numbersTable(language, rows, chosen));
    shown.listed.showModal();
  }

  // ---- saving and sharing ----------------------------------------------------------------------------------

  async function share(event) {
    const button = event.currentTarget;
    await navigator.clipboard?.writeText(location.href).catch(() => null);
    put(shown.copied, language.say("copied"));
    put(button, language.say("copied"));
    setTimeout(() => put(button, language.say("share")), 2000);
  }

  function saveDialog() {
    const { say } = language;
    shown.name = make("input", { id: "name", value: "skenario_kami", maxlength: 40, autocomplete: "off", spellcheck: "false" });
    shown.saved = make("div", { class: "saved", role: "status" });
    shown.saving = make("dialog", { "aria-label": say("save") },
      make("form", { onsubmit: (event) => { event.preventDefault(); saveNow(); } },
        make("h2", {}, say("save")), make("p", {}, say(data.saves_in_folder ? "save_there" : "save_here")),
        make("label", { for: "name" }, say("name")), shown.name,
        make("button", { type: "submit", class: "primary" }, say("save_now")),
        make("button", { type: "button", onclick: () => shown.saving.close() }, say("close")), shown.saved));
    return shown.saving;
  }

  function openSaving() {
    shown.saved.replaceChildren();
    shown.saving.showModal();
    shown.name.select();
  }

  async function saveNow() {
    const { say } = language, name = shown.name.value.trim();
    let found;
    try {
      const response = await post("scenario", { name, choice: asked() });
      found = await response.json();
    } catch {
      found = { error: say("no_answer") };
    }
    if (found.error) return shown.saved.replaceChildren(make("p", { class: "error" }, found.error));
    if (found.file) {
      const link = make("a", { href: URL.createObjectURL(new Blob([found.file], { type: "text/yaml" })), download: `${name}.yaml` });
      link.click();
      URL.revokeObjectURL(link.href);
    }
    shown.saved.replaceChildren(make("p", {}, found.path ? say("saved_in", { path: found.path }) : say("saved_file", { file: `${name}.yaml` })),
      make("p", {}, say("again")), make("code", {}, found.command));
  }

  // ---- showing ---------------------------------------------------------------------------------------------

  function renderChoice() {
    const { say } = language;
    shown.before.value = chosen.before;
    shown.after.value = chosen.after;
    shown.flood.checked = chosen.flood;
    for (const slider of data.sliders) renderSlider(slider);
    const at = labels.indexOf(chosen.place);
    shown.place.value = chosen.place;
    shown.views.forEach((button, which) => button.setAttribute("aria-pressed", String(MAP_VIEWS[which] === chosen.view)));
    shown.measure.value = chosen.measure;
    shown.measure.hidden = shown.numbers.hidden = chosen.view === "centres";
    put(shown.toggle, say(hasAfter(at) ? "switch_off" : "switch_on", { place: nameOf(chosen.place) }));
    put(shown.own_title, nameOf(chosen.place));
    const switched = (on) => chosen.switched.filter((label) => hasAfter(labels.indexOf(label)) === on).map(nameOf).join(", ");
    const told = [["switched_on", switched(true)], ["switched_off", switched(false)]].filter(([, places]) => places);
    put(shown.hint, told.map(([key, places]) => say(key, { places })).join(" ") || say("hint", { place: nameOf(data.opens_with.place) }));
  }

  function renderSlider(slider, moved = null) {
    const { input, output } = shown.sliders[slider.name], own = scenario();
    const positions = positionsOf(slider, own);
    const stands = chosen.values[slider.name] ?? own.values[slider.name] ?? null;
    const at = moved ?? Math.max(0, positions.indexOf(stands));
    input.max = String(positions.length - 1);
    if (moved === null) input.value = String(at);
    const value = positions[at];
    const { unit } = slider.ends[own.grouping];
    const text = value === null ? language.say("as_configured") : language.amount(value, unit);
    put(output, text);
    input.setAttribute("aria-valuetext", text);
    output.classList.toggle("moved", slider.name in chosen.values);
  }

  const mappedRow = (one) => mapped?.rows[labels[one]]?.find((row) => row.measure === chosen.measure) ?? null;

  function drawMap() {
    const { say } = language, at = labels.indexOf(chosen.place), { view } = chosen;
    const centre = (one) => (hasAfter(one) ? (hadBefore(one) ? LAND_112 : LAND_NEW) : hadBefore(one) ? LAND_GONE : LAND);
    const classes = view === "centres" ? null : classesOf(labels.map((_, one) => mappedRow(one)), view);
    const rows = view === "centres"
      ? [[LAND_112, say("has_112")], [LAND_NEW, say("new_112")], [LAND_GONE, say("gone_112")], [LAND, say("no_112")]]
      : mapped === null ? [[LAND, say("computing")]] : legendRows(classes, language, view);
    const patch = ([colour, text]) => {
      const box = make("i");
      box.style.background = colour;
      return make("span", {}, box, text);
    };
    const unit = classes && `${classes.unit[language.lang]}:`;
    shown.legend.replaceChildren(unit ? make("strong", {}, unit) : "", ...rows.map(patch));
    shown.map.drawStill({
      fill: (one) => (view === "centres" ? centre(one) : colourIn(classes, mappedRow(one), view)),
      names: (one) => (hasAfter(one) === hadBefore(one) ? "" : hasAfter(one) ? "+ " : "− ") + language.place(data.map.regencies[one]),
      selected: at < 0 ? null : at, stations: false,
    });
    shown.map.draw(null);
    app.classList.toggle("by_measure", view !== "centres");
  }

  function renderAnswer() {
    renderRows(shown.own, answer?.rows[chosen.place] ?? null, chosen.place);
    renderRows(shown.province, answer?.rows[PROVINCE] ?? null, PROVINCE);
    app.classList.toggle("asking", answer === null);
    app.classList.toggle("provisional", answer === null || answer.replications < answer.of);
  }

  function renderRows(body, rows, place) {
    if (rows === null) {
      body.classList.add("waiting"); // the last numbers stay, faint, until the new ones are there
      return;
    }
    body.classList.remove("waiting");
    body.replaceChildren(...rows.map((row) => {
      // the scale of a bar stands still while more replications come in
      const far = (reach[`${place} ${row.measure}`] ??= farOf(row));
      return rowOf(language, row, far);
    }));
  }

  function renderStatus(busy) {
    const { say, number: written } = language;
    shown.error.hidden = message === "";
    put(shown.error, message);
    app.setAttribute("aria-busy", String(busy));
    const fields = answer && {
      done: written(answer.replications), all: written(answer.of), days: language.short(answer.days), seed: data.seed,
    };
    put(shown.status, answer === null ? (busy ? say("computing") : "") : say(busy ? "so_far" : "done", fields));
  }

  function tip() {
    shown.tip = make("div", { class: "tip", hidden: true });
    return shown.tip;
  }

  function hover(regency, event) {
    hovered = regency;
    shown.tip.hidden = regency === null;
    if (regency === null) return;
    const { say } = language, place = labels[regency];
    const state = hasAfter(regency) ? (hadBefore(regency) ? "has_112" : "new_112") : hadBefore(regency) ? "gone_112" : "no_112";
    const rows = (answer?.rows[place] ?? []).filter((row) => row.measure !== "people_covered");
    shown.tip.replaceChildren(make("strong", {}, nameOf(place)), make("p", {}, say(state)),
      make("table", {}, make("tbody", {}, ...rows.map((row) => make("tr", {},
        make("th", { scope: "row" }, `${say(`measures.${row.measure}`)}, ${row.unit[language.lang]}`),
        make("td", {}, language.bounded(row.before, row).join(" ")), make("td", {}, language.bounded(row.after, row).join(" ")))))),
      make("p", {}, say(hasAfter(regency) ? "switch_off" : "switch_on", { place: nameOf(place) })));
    const box = shown.tip.getBoundingClientRect();
    shown.tip.style.left = `${Math.max(6, Math.min(event.clientX + 16, window.innerWidth - box.width - 6))}px`;
    shown.tip.style.top = `${Math.max(6, event.clientY + 20 + box.height > window.innerHeight ? event.clientY - box.height - 12 : event.clientY + 20)}px`;
  }

  document.addEventListener("keydown", (event) => { if (event.key === "Escape") hover(null); });
  window.addEventListener("hashchange", () => {
    chosen = known(choiceFromAddress(data, location.hash));
    language = wordsOf(data, chosen.lang);
    build();
    change({});
  });

  document.getElementById("loading").hidden = true;
  app.hidden = false;
  build();
  change({});
  window.sim112 = {
    data, told, toggle, change,
    get chosen() { return chosen; },
    get answer() { return answer; },
    get map() { return shown.map; },
  };
  document.documentElement.dataset.ready = "yes";
}

// The lines of a stream of text, as they come.
async function* linesOf(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    yield* lines.filter(Boolean);
  }
}

unpacked(document.getElementById("data").textContent).then(start).catch((error) => {
  document.getElementById("loading").textContent = "Peramban ini tidak dapat membuka halaman. / This browser cannot open the page.";
  console.error(error);
});
