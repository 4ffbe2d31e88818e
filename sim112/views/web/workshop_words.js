// Words and numbers of the workshop page, in either language.

function wordsOf(data, lang) {
  const texts = data.words[lang];
  const say = (key, fields = {}) =>
    (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => String(fields[name] ?? ""));
  const number = (value, decimals = 0, signed = false) => {
    const [whole, rest] = Math.abs(value).toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, say("thousands"));
    const shown = rest ? grouped + say("decimal") + rest : grouped;
    if (!/[1-9]/.test(shown)) return shown;
    return value < 0 ? `−${shown}` : signed ? `+${shown}` : shown;
  };
  const short = (value) => number(value, Math.min(2, (String(value).split(".")[1] ?? "").length));
  return {
    lang, say, number, short,
    has: (key) => texts[key] !== undefined,
    scenario: (name) => texts[`scenarios.${name}`] ?? name.replaceAll("_", " "),
    place: (regency) => say(regency.is_city ? "city" : "regency", { name: regency.name.replace(/^(Kota|Kabupaten) /, "") }),
    // What a slider stands at, with its unit.
    amount: (value, unit) => say(`units.${unit}`, { number: unit === "share" ? number(100 * value, value < 0.01 ? 1 : 0) : short(value) }),
    // A value [value, low, high] of a row and its interval: ± where it is nearly even, both ends where not.
    bounded(told, row, signed = false) {
      const [value, low, high] = told.map((one) => (one === null ? null : one * row.factor));
      if (value === null) return [say("none"), ""];
      const text = number(value, row.decimals, signed);
      if (low === null || high === null || high - low < 10 ** -row.decimals) return [text, ""];
      const is_even = Math.abs((high - value) - (value - low)) <= 0.1 * (high - low);
      if (is_even) return [text, `±${number((high - low) / 2, row.decimals)}`];
      return [text, `[${number(low, row.decimals)}; ${number(high, row.decimals)}]`];
    },
  };
}
