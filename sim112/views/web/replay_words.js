// Words, numbers, durations, times and measures as a language writes them.

const OF_ALL = { agencies_alerted: "agencies_needed", agencies_reached: "agencies_needed" };

function languageOf(data, lang) {
  const texts = data.words[lang];
  const filled = (text, fields) => text.replace(/\{(\w+)\}/g, (_, name) => String(fields[name] ?? ""));
  const say = (key, fields = {}) => filled(texts[key] ?? key, fields);
  const named = (section, name) => texts[`${section}.${name}`] ?? name.replaceAll("_", " ");
  const number = (value, decimals = 0) => {
    const [whole, rest] = Math.abs(value).toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, say("thousands"));
    const shown = rest ? grouped + say("decimal") + rest : grouped;
    return value < 0 && /[1-9]/.test(shown) ? `−${shown}` : shown;
  };
  const duration = (value_s) => {
    const whole = Math.round(value_s), minutes = Math.floor(whole / 60);
    if (whole < 60) return say("seconds", { seconds: whole < 10 ? number(value_s, 1) : whole });
    if (minutes < 60) return say("minutes_seconds", { minutes, seconds: whole % 60 });
    return say("hours_minutes", { hours: Math.floor(minutes / 60), minutes: minutes % 60 });
  };
  const two = (value) => String(value).padStart(2, "0");
  const instant = (time_s) => {
    const [year, month, day, hour, minute] = data.begins;
    return new Date(Date.UTC(year, month - 1, day, hour, minute) + Math.floor(time_s) * 1000);
  };
  const parts = (time_s) => {
    const at = instant(time_s);
    return { hour: two(at.getUTCHours()), minute: two(at.getUTCMinutes()), second: two(at.getUTCSeconds()) };
  };
  const date = (time_s) => {
    const at = instant(time_s);
    const weekday = say("calendar.weekdays").split(" ")[(at.getUTCDay() + 6) % 7];
    const month = say("calendar.months").split(" ")[at.getUTCMonth()];
    return `${weekday}, ${at.getUTCDate()} ${month} ${at.getUTCFullYear()}`;
  };
  return {
    lang, say, named, number, duration, date,
    clock: (time_s) => say("clock", parts(time_s)),
    time: (time_s) => say("time_of_day", parts(time_s)),
    place: (regency) => say(regency.is_city ? "city" : "regency", { name: regency.name.replace(/^(Kota|Kabupaten) /, "") }),
    scenario: (scenario) => named("scenarios", scenario.name),
  };
}

// A measure in words.
function valueText(language, measures, key) {
  const found = measures[key];
  if (found === null) return language.say("none");
  if (key.endsWith("_s")) return language.duration(found);
  const text = language.number(found);
  return OF_ALL[key] ? language.say("measures.of", { number: text, all: language.number(measures[OF_ALL[key]]) }) : text;
}

// How far b is from a, with its sign.
function differenceText(language, a, b, key) {
  if (a[key] === null || b[key] === null) return language.say("none");
  const apart = b[key] - a[key];
  if (apart === 0) return "0";
  const amount = key.endsWith("_s") ? language.duration(Math.abs(apart)) : language.number(Math.abs(apart));
  return /[1-9]/.test(amount) ? (apart < 0 ? "−" : "+") + amount : "0";
}
