// Answers cleaned rows as the fitted pipeline does, from its description (helpers/pipeline/described.py).
// A row is an object: numbers, texts, true or false; a date is a text such as "2013-01-31T06:00:00";
// missing is null. No dependencies; the same file runs in a browser and in node.
//
//     const scorer = await Scorer.open(packed);
//     scorer.answer(row)   →   { probability: [...], label: "late" }   or   { number: 12.5 }
"use strict";
const Scorer = (() => {
  // The arrays of a description: one deflated block of bytes, written as base64

  async function open(packed) {
    return scorerOf(await unpack(packed));
  }

  async function unpack(packed) {
    const bytes = Uint8Array.from(atob(packed.data), (letter) => letter.charCodeAt(0));
    const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
    const block = await new Response(stream).arrayBuffer();
    return withArrays(packed.said, arraysOf(packed.arrays, block));
  }

  const TYPES = { "<u2": Uint16Array, "<u4": Uint32Array, "<f8": Float64Array };

  function arraysOf(kinds, block) {
    let start = 0;
    const take = (type, length) => {
      const end = start + length * TYPES[type].BYTES_PER_ELEMENT;
      const found = new TYPES[type](block.slice(start, end));
      start = end;
      return found;
    };
    return kinds.map(([kind, length, distinct]) => {
      if (kind !== "table") return take(kind, length);
      const table = take("<f8", distinct);
      return Float64Array.from(take("<u2", length), (place) => table[place]);
    });
  }

  function withArrays(part, arrays) {
    if (Array.isArray(part)) return part.map((one) => withArrays(one, arrays));
    if (part === null || typeof part !== "object") return part;
    if (Number.isInteger(part.array)) return arrays[part.array];
    return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, withArrays(one, arrays)]));
  }

  // Cells

  const MISSING = "(missing)"; // a missing category is a level of its own

  function asNumber(cell) {
    return cell === null || cell === undefined ? NaN : Number(cell);
  }

  // A category as Python writes it
  function asLevel(cell) {
    if (cell === null || cell === undefined || Number.isNaN(cell)) return MISSING;
    if (typeof cell === "boolean") return cell ? "True" : "False";
    if (typeof cell === "number") return Number.isInteger(cell) ? cell + ".0" : String(cell);
    return cell;
  }

  const DATE = /^(-?\d+)-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d(?:\.\d+)?))?)?/;
  const DAY = 86400; // seconds

  // The days since 1970, and hour, minute and second; null where there is no date
  function momentOf(cell) {
    const found = cell === null || cell === undefined ? null : DATE.exec(cell);
    if (!found) return null;
    const [year, month, day, hour, minute, second] = found.slice(1).map((text) => Number(text || 0));
    const days = (m, d) => new Date(0).setUTCFullYear(year, m, d) / DAY / 1000;
    const own = days(month - 1, day);
    return { year, hour, minute, days: own, ofYear: own - days(0, 1) + 1,
      seconds: own * DAY + hour * 3600 + minute * 60 + second };
  }

  const CALENDAR = {
    hour: (m) => m.hour + m.minute / 60,
    weekday: weekdayOf,
    day_of_year: (m) => m.ofYear,
    year: (m) => m.year + (m.ofYear - 1) / 366,
  };
  // Where the sine and cosine of a part stand among all that it can have
  const PLACES = { hour: (m) => m.hour * 60 + m.minute, weekday: weekdayOf, day_of_year: (m) => m.ofYear };

  function weekdayOf(moment) {
    return (((moment.days + 3) % 7) + 7) % 7; // Monday is 0
  }

  function calendarPart(step, name, moment) {
    if (!moment) return NaN;
    const [plain, wave] = name.split(/_(?=sin$|cos$)/);
    return wave ? step.waves[name][PLACES[plain](moment)] : CALENDAR[plain](moment);
  }

  // Kinds of text with numbers in them (helpers/cells/value_forms.py)

  const VERSION = /(\d+(?:\.\d+)*)(.*)$/;
  const FORMS = {
    "time of day": (text, waves) => {
      const [hour, minute, second] = text.split(":").map(Number);
      const minutes = hour * 60 + minute + (second || 0) / 60;
      const on = (wave) => waves[wave][minutes] ?? Math[wave]((2 * Math.PI * minutes) / 1440);
      return [minutes, on("sin"), on("cos")];
    },
    coordinates: (text) => text.split(", ").map(Number),
    range: (text) => {
      const open = text[0] === "<" ? text.slice(1) : text.endsWith("+") ? text.slice(0, -1) : "";
      const [low, high] = open ? [open, open] : text.split(/-(.*)/);
      return [Number(low), (Number(low) + Number(high)) / 2];
    },
    version: (text) => {
      const [, numbers, rest] = VERSION.exec(text) || [, "", ""];
      const parts = numbers.split(".").map(Number).concat(0);
      return [parts[0] * 1e8 + parts[1] * 1e4 + parts[2] - (rest ? 0.5 : 0)];
    },
  };

  function formNumbers(step, column, cell) {
    if (step.form === "ordered words") {
      const rank = (step.ranks[column] || []).indexOf(cell);
      return [rank < 0 ? NaN : rank];
    }
    const empty = { "time of day": 3, coordinates: 2, range: 2, version: 1 }[step.form];
    return cell === null || cell === undefined ? Array(empty).fill(NaN) : FORMS[step.form](cell, step.waves);
  }

  // Formulas of derived columns, with Python's division and remainder

  const remainder = (a, b) => {
    const left = a % b;
    return left !== 0 && b < 0 !== left < 0 ? left + b : left;
  };
  const whole = (a, b) => {
    if (b === 0) return a / b;
    const found = (a - remainder(a, b)) / b, low = Math.floor(found);
    return found - low > 0.5 ? low + 1 : low;
  };
  const wave = (name) => (degrees, tables) => tables[name][degrees] ?? Math[WAVES[name]](degrees * (Math.PI / 180));
  const WAVES = { sine: "sin", cosine: "cos" }; // of degrees
  const power = (a, b) => (b === 2 ? a * a : a === 1 || b === 0 ? 1 : a ** b);
  const CALLS = {
    add: (a, b) => a + b, sub: (a, b) => a - b, mul: (a, b) => a * b, truediv: (a, b) => a / b,
    floordiv: whole, mod: remainder, pow: power, neg: (a) => -a, pos: (a) => a,
    absolute: Math.abs, log1p: Math.log1p, sqrt: Math.sqrt, minimum: Math.min, maximum: Math.max,
    sine: wave("sine"), cosine: wave("cosine"),
  };

  function formula(part, row, { groups, degrees }) {
    if (part.part === "number") return part.value;
    if (part.part === "cell") return asNumber(row[part.column]);
    if (part.part === "call") {
      const inner = part.of.map((one) => formula(one, row, { groups, degrees }));
      return part.name in WAVES ? CALLS[part.name](inner[0], degrees) : CALLS[part.name](...inner);
    }
    const learnt = groups[part.key], level = asLevel(row[part.column]);
    return learnt[Object.hasOwn(learnt, level) ? level : ""];
  }

  function withFormulas(features, row) {
    if (!features.formulas.length) return row;
    row = { ...row };
    for (const { name, root } of features.formulas) {
      const found = formula(root, row, features);
      row[name] = Number.isFinite(found) ? found : null;
    }
    return row;
  }

  // Steps: the cells of some columns to numbers

  function clipped(value, most) {
    return Math.min(Math.max(value, -most), most); // NaN stays NaN
  }

  const STEPS = {
    numbers(step, row) {
      const values = step.columns.map((name) => clipped(asNumber(row[name]), step.largest));
      const known = Array.from(step.stays, (at, n) => (Number.isNaN(values[at]) ? step.fill[n] : values[at]));
      const gaps = Array.from(step.marked, (at) => (Number.isNaN(values[at]) ? 1 : 0));
      return known.concat(gaps).map((value, n) => {
        const scaled = ((value - step.centre[n]) / step.divisor[n]) * step.factor[n], part = scaled / step.most;
        return scaled / Math.sqrt(1 + part * part);
      });
    },
    levels(step, row) {
      return step.tables.flatMap((table) => {
        const place = table.places.get(asLevel(row[table.column])) ?? table.levels.length;
        return Array.from(table.numbers.subarray(place * table.width, (place + 1) * table.width));
      });
    },
    dates(step, row) {
      const moments = Object.fromEntries(step.columns.map((name) => [name, momentOf(row[name])]));
      const parts = step.parts.map(([name, part]) => calendarPart(step, part, moments[name]));
      const days = step.pairs.map(([first, second]) =>
        moments[first] && moments[second] ? (moments[second].seconds - moments[first].seconds) / DAY : NaN);
      return standardised(step, filled(step, parts.concat(days)));
    },
    forms(step, row) {
      const found = step.columns.flatMap((name) => formNumbers(step, name, row[name]));
      const gaps = Array.from(step.marked, (at) => (Number.isNaN(found[at]) ? 1 : 0));
      return standardised(step, filled(step, found).concat(gaps));
    },
    held: (step, row, held) => held,
  };

  function filled(step, values) {
    return values.map((value, n) => (Number.isNaN(value) ? step.fill[n] : value));
  }

  function standardised(step, values) {
    return values.map((value, n) => (value - step.mean[n]) / step.scale[n]);
  }

  // Models: numbers to one number, or to the probabilities of the classes

  function leafOf(model, root, x) {
    let node = root;
    while (model.left[node]) {
      node += x[model.feature[node]] > model.threshold[node] ? model.right[node] : model.left[node];
    }
    return node;
  }

  function product(weights, start, x) {
    let sum = 0;
    for (let n = 0; n < x.length; n++) sum += weights[start + n] * x[n];
    return sum;
  }

  function ofMargins(margins) {
    if (margins.length > 1) return softmax(margins);
    const yes = margins[0] > -700 ? 1 / (1 + Math.exp(-margins[0])) : 0;
    return [1 - yes, yes];
  }

  function softmax(margins) {
    const most = Math.max(...margins), raised = margins.map((margin) => Math.exp(margin - most));
    const sum = raised.reduce((a, b) => a + b, 0);
    return raised.map((one) => one / sum);
  }

  const MODELS = {
    constant: (model) => (model.answer.length > 1 ? Array.from(model.answer) : model.answer[0]),
    linear: (model, x) => product(model.weights, 0, x) + model.start,
    logistic: (model, x) =>
      ofMargins(Array.from(model.start, (start, n) => start + product(model.weights, n * x.length, x))),
    forest(model, x) {
      const single = Float32Array.from(x), sums = new Float64Array(model.outs); // grown in single precision
      for (const root of model.roots) {
        const leaf = leafOf(model, root, single);
        for (let n = 0; n < model.outs; n++) sums[n] += model.value[leaf * model.outs + n];
      }
      const means = Array.from(sums, (sum) => sum / model.roots.length);
      return model.is_class ? [1 - means.reduce((a, b) => a + b, 0), ...means] : means[0];
    },
    boosting(model, x) {
      const margins = Array.from(model.start), rounds = model.roots.length / model.columns;
      model.roots.forEach((root, n) => (margins[Math.floor(n / rounds)] += model.value[leafOf(model, root, x)]));
      return model.is_number ? margins[0] : ofMargins(margins);
    },
    calibrated(model, x) {
      const found = ask(model.inner, x);
      return softmax(found.map((p, n) => model.slope * Math.log(Math.max(p, model.least)) + model.shifts[n]));
    },
    mean(model, x) {
      const found = model.members.map((member) => ask(member, x)), weights = model.weights;
      const mean = (pick) => found.reduce((sum, one, n) => sum + weights[n] * pick(one), 0);
      return Array.isArray(found[0]) ? found[0].map((_, place) => mean((one) => one[place])) : mean((one) => one);
    },
  };

  function ask(model, x) {
    return MODELS[model.kind](model, x);
  }

  // The class that is decided on (helpers/learning/decision_rule.py)
  function decided(rule, found) {
    if (rule.threshold !== null) return found[rule.positive] >= rule.threshold ? rule.positive : 1 - rule.positive;
    const weighed = rule.weights.length === found.length ? found.map((p, n) => p * rule.weights[n]) : found;
    return weighed.indexOf(Math.max(...weighed));
  }

  function scorerOf(said) {
    for (const step of said.features.steps) {
      for (const table of step.tables || []) table.places = new Map(table.levels.map((level, n) => [level, n]));
    }
    const features = (row, held) => {
      const whole = withFormulas(said.features, row);
      const all = said.features.steps.flatMap((step, n) => STEPS[step.kind](step, whole, held && held[n]));
      return said.features.kept ? Array.from(said.features.kept, (place) => all[place]) : all;
    };
    // `held` has by step the numbers of steps that are not written out, such as those of texts
    const answer = (row, held) => {
      const found = ask(said.model, features(row, held));
      if (!said.classes.length) return { number: found };
      const probability = Array(said.classes.length).fill(0);
      said.places.forEach((place, n) => (probability[place] = found[n]));
      return { probability, label: said.classes[said.places[decided(said.rule, found)]] };
    };
    return { said, features, answer, derived: (row) => withFormulas(said.features, row) };
  }

  return { open, unpack, ask, product, kinds: { steps: Object.keys(STEPS), models: Object.keys(MODELS), forms: Object.keys(FORMS) } };
})();
if (typeof module !== "undefined") module.exports = Scorer;
