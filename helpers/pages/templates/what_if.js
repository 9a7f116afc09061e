// The page "What if": moves the cells of one row and shows what the model answers (scorer.js).
"use strict";
(async () => {
  const content = JSON.parse(document.getElementById("content").textContent);
  const { task, controls, rows } = content, kind = task.kind;
  const FIRST = 8, POINTS = 61, BARS = 12, CHECKED_AT = 0.9;
  const by = (id) => document.getElementById(id);
  let scorer = null, certainty = null, why = null, shown = null; // `shown`: the row as it is now

  // Words and numbers

  const number = (value) => {
    if (value === null || value === undefined || Number.isNaN(value)) return "missing";
    const size = Math.abs(value), digits = size && size < 1 ? 3 : size < 1000 ? 4 : Math.max(4, Math.ceil(Math.log10(size)));
    return value.toLocaleString("en", { maximumSignificantDigits: Math.min(digits, 15) });
  };
  const many = (count) => count.toLocaleString("en");
  const percent = (share) => {
    const value = 100 * share, near = value > 0 && value < 1 ? "<1" : value > 99 && value < 100 ? ">99" : "";
    return (near || value.toFixed(value < 10 || value > 90 ? 1 : 0).replace(/\.0$/, "")) + "\u00a0%";
  };
  const inPoints = (share) => (Math.abs(share) < 0.0005 ? "<0.1 points" : Math.abs(100 * share).toFixed(1).replace(/\.0$/, "") + " points");
  const apart = (a, b) => {
    if (a === b) return "no difference";
    return (a < b ? "−" : "+") + (kind === "regression" ? number(Math.abs(a - b)) : inPoints(a - b));
  };
  const score = (value) => (kind === "regression" ? number(value) : percent(value));

  function el(name, text, cls) {
    const made = document.createElement(name);
    if (text !== undefined && text !== null) made.textContent = text;
    if (cls) made.className = cls;
    return made;
  }
  function drawn(name, attributes, text) {
    const made = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
    if (text !== undefined) made.textContent = text;
    return made;
  }

  // The axes along which a cell can move: how its value is a number, and a number its value

  const MINUTE = 60000, DAY = 1440 * MINUTE;
  const instant = (text) => Date.parse(text.slice(0, 19) + (text.length > 10 ? "Z" : "T00:00Z"));
  const dateText = (time) => new Date(time).toISOString().slice(0, 19);
  const clock = (minutes) => `${String(Math.floor(minutes / 60)).padStart(2, "0")}:${String(Math.floor(minutes % 60)).padStart(2, "0")}`;
  const AXES = {
    number: { get: (cell) => cell, set: (x) => x, said: number },
    day: {
      get: (cell) => cell && Math.floor(instant(cell) / DAY),
      set: (x, cell) => dateText(x * DAY + (cell ? ((instant(cell) % DAY) + DAY) % DAY : 0)),
      said: (x) => new Date(x * DAY).toLocaleDateString("en", { year: "numeric", month: "short", day: "numeric", timeZone: "UTC" }),
    },
    hour: {
      get: (cell) => cell && (((instant(cell) % DAY) + DAY) % DAY) / MINUTE,
      set: (x, cell) => dateText(Math.floor(instant(cell) / DAY) * DAY + x * MINUTE), said: clock,
    },
    time: { get: (cell) => cell && Number(cell.slice(0, 2)) * 60 + Number(cell.slice(3, 5)), set: (x) => clock(x), said: clock },
  };
  function axesOf(control) {
    if (control.kind === "number") return [{ ...AXES.number, ...ends(control.low, control.high, control.step) }];
    if (control.kind === "time") return [{ ...AXES.time, low: 0, high: 1435, step: 5 }];
    if (control.kind !== "date") return [];
    const days = { ...AXES.day, low: AXES.day.get(control.low), high: AXES.day.get(control.high), step: 1 };
    return control.with_time ? [days, { ...AXES.hour, low: 0, high: 1435, step: 5 }] : [days];
  }
  function ends(low, high, step) {
    const round = (value) => Number(value.toPrecision(12));
    return { low: round(Math.floor(round(low / step)) * step), high: round(Math.ceil(round(high / step)) * step), step };
  }
  const saidCell = (control, cell) => {
    if (cell === null || cell === undefined) return "missing";
    if (control.kind === "number") return number(cell);
    if (control.kind === "date") return AXES.day.said(AXES.day.get(cell)) + (control.with_time ? ", " + clock(AXES.hour.get(cell)) : "");
    return cell === true ? "yes" : cell === false ? "no" : String(cell);
  };

  // Answers

  const positive = task.classes.indexOf(task.positive);
  function answer(values) {
    const found = scorer.answer(values, shown.row.held);
    return { ...found, score: kind === "regression" ? found.number : found.probability[kind === "binary" ? positive : shown.watched] };
  }
  const ownThreshold = () => scorer.said.rule.threshold ?? 0.5;
  function decision(found) {
    if (kind !== "binary") return found.label;
    if (shown.threshold === null) return found.label;
    return found.score >= shown.threshold ? task.positive : task.classes[1 - positive];
  }

  // The row and its controls

  const parts = new Map(); // by column its control, and what shows its value

  function makeControls() {
    const free = controls.filter((one) => one.kind !== "held");
    controls.forEach((control) => {
      const place = free.indexOf(control) >= 0 && free.indexOf(control) < FIRST ? by("controls") : by("more").lastElementChild;
      place.appendChild(makeControl(control));
    });
    const folded = by("more").lastElementChild.children.length;
    by("more").hidden = !folded;
    by("more").firstElementChild.textContent = `${many(folded)} more columns, which move the answer less`;
    if (!by("controls").children.length) by("more").open = true;
  }

  function makeControl(control) {
    const box = el("div", null, "control"), top = el("div", null, "name"), label = el("label", control.column), came = el("small");
    const id = "c" + parts.size;
    label.htmlFor = id;
    top.append(label, came);
    box.append(top);
    const part = { control, box, came, shows: [] };
    parts.set(control.column, part);
    if (control.kind === "held") part.shows.push(shownText(box, control));
    else if (control.kind === "choice") part.shows.push(choice(box, control, id));
    else axesOf(control).forEach((axis, n) => part.shows.push(slider(box, control, axis, n, n ? id + "t" : id)));
    return box;
  }

  function shownText(box, control) {
    const text = el("p", "", "held");
    box.append(text);
    box.querySelector("label").removeAttribute("for");
    return (cell) => (text.textContent = `${cell === null ? "missing" : String(cell).slice(0, 200)} — stays as it came`);
  }

  function choice(box, control, id) {
    const select = el("select"), put = el("div", null, "put");
    select.id = id;
    const options = [...control.options];
    const fill = () => select.replaceChildren(...options.map((one, n) => new Option(saidCell(control, one), n)), new Option("missing", -1));
    fill();
    select.addEventListener("change", () => move(control.column, Number(select.value) < 0 ? null : options[select.value], 0));
    select.addEventListener("focus", () => watch(control.column, 0));
    put.append(select);
    box.append(put);
    return (cell) => {
      if (cell !== null && !options.includes(cell)) { options.push(cell); fill(); }
      select.value = cell === null ? -1 : options.indexOf(cell);
    };
  }

  function slider(box, control, axis, n, id) {
    const put = el("div", null, n ? "put two" : "put"), range = el("input"), own = exactInput(control, axis, n), beyond = el("p", "", "beyond");
    Object.assign(range, { type: "range", id, min: axis.low, max: axis.high, step: axis.step });
    if (n) range.setAttribute("aria-label", control.column + ": time of day");
    range.addEventListener("input", () => move(control.column, axis.set(Number(range.value), shown.values[control.column]), n));
    range.addEventListener("focus", () => watch(control.column, n));
    put.append(range, own.box);
    box.append(put, beyond);
    return (cell) => {
      const x = cell === null ? null : axis.get(cell);
      range.disabled = n > 0 && cell === null;
      range.value = x === null ? (axis.low + axis.high) / 2 : x;
      range.setAttribute("aria-valuetext", x === null ? "missing" : axis.said(x));
      own.show(x);
      beyond.textContent = x !== null && control.kind !== "time" && n === 0 && (x < axis.low || x > axis.high) ? "Beyond what training had: the model has not seen such values." : "";
    };
  }

  // Beside a slider: a box for the exact number, of dates and times what the slider says
  function exactInput(control, axis, n) {
    if (control.kind !== "number") {
      const output = el("output");
      return { box: output, show: (x) => (output.textContent = x === null ? "missing" : axis.said(x)) };
    }
    const input = el("input");
    Object.assign(input, { type: "number", step: "any", inputMode: "decimal", placeholder: "missing" });
    input.setAttribute("aria-label", control.column + ", exactly; empty is missing");
    input.addEventListener("input", () => { if (!input.validity.badInput) move(control.column, input.value === "" ? null : Number(input.value), n); });
    input.addEventListener("focus", () => watch(control.column, n));
    return { box: input, show: (x) => { if (document.activeElement !== input || Number(input.value) !== x) input.value = x === null ? "" : Number(x.toPrecision(12)); } };
  }

  function move(column, cell, axis) {
    shown.values[column] = cell;
    shown.watching = { column, axis };
    draw();
  }
  function watch(column, axis) {
    if (shown.watching.column === column && shown.watching.axis === axis) return;
    shown.watching = { column, axis };
    draw();
  }

  function take(place) {
    const row = rows[place], first = controls.find((one) => one.kind !== "held") || controls[0];
    const kept = shown ? { watching: shown.watching, threshold: shown.threshold } : { watching: { column: first.column, axis: 0 }, threshold: null };
    shown = { place, row, values: { ...row.values }, watched: 0, ...kept };
    shown.before = answer(row.values);
    if (kind === "multiclass") {
      shown.watched = task.classes.indexOf(shown.before.label);
      shown.before = answer(row.values);
    }
    by("row").value = place;
    by("about").textContent = aboutRow(row);
    draw();
  }

  function aboutRow(row) {
    const truth = kind === "regression" ? number(row.truth) : row.truth;
    const tested = kind === "regression" ? number(row.tested) : kind === "binary" ? `${percent(row.tested[positive])} for ${task.positive}` : `${percent(row.tested[task.classes.indexOf(row.truth)])} for ${row.truth}`;
    const since = content.refitted ? " The model has been fitted once more since, on this row too." : "";
    return `Held-out row ${many(row.row)}. What happened: ${task.target} = ${truth}. In the test the model said ${tested}.${since}`;
  }

  // What is shown

  let waiting = 0, telling = 0;
  function draw() {
    if (!waiting) waiting = requestAnimationFrame(() => { waiting = 0; drawNow(); });
  }

  function drawNow() {
    const start = performance.now(), now = answer(shown.values);
    for (const [column, part] of parts) {
      const came = shown.row.values[column], cell = shown.values[column];
      part.shows.forEach((show) => show(cell));
      part.box.classList.toggle("changed", cell !== came);
      part.came.textContent = cell !== came ? "came: " + saidCell(part.control, came) : "";
    }
    drawAnswer(now);
    drawCurve(now);
    drawWhy();
    drawMoved(now);
    by("reset").disabled = !changed().length;
    window.whatIf.milliseconds = performance.now() - start;
    clearTimeout(telling);
    telling = setTimeout(() => (by("told").textContent = told(now)), 250);
  }
  const changed = () => controls.filter((one) => shown.values[one.column] !== shown.row.values[one.column]);

  function told(now) {
    const said = [];
    if (kind === "binary") {
      const line = shown.threshold ?? ownThreshold();
      said.push(`The answer is ${decision(now)}: the threshold is ${percent(line)}.`);
    }
    if (changed().length) said.push(`As it came: ${kind === "multiclass" ? shown.before.label + ", " : ""}${score(shown.before.score)}. Your changes: ${apart(now.score, shown.before.score)}.`);
    return said.join(" ");
  }

  function drawAnswer(now) {
    const big = el("b", kind === "multiclass" ? now.label : score(now.score));
    const small = { regression: `predicted ${task.target}`, binary: `is the probability of ${task.target} = ${task.positive}`,
      multiclass: `is the answer for ${task.target}` }[kind];
    by("said").replaceChildren(big, document.createTextNode(small));
    by("short").textContent = `${big.textContent} ${small}`;
    by("scale").replaceChildren(kind === "multiclass" ? classBars(now) : track(now));
    drawSure(now);
  }

  function track(now) {
    const [low, high] = kind === "binary" ? [0, 1] : content.held_out.range, made = el("div", null, "track");
    const at = (value) => Math.max(0, Math.min(100, (100 * (value - low)) / (high - low || 1))) + "%";
    const put = (name, cls, left, width) => {
      const mark = el(name, null, cls);
      mark.style.left = left;
      if (width !== undefined) mark.style.width = width;
      made.append(mark);
      return mark;
    };
    if (kind === "binary") put("i", "", 0, at(now.score));
    else {
      const band = sureOf(now);
      if (band) { const from = at(band[0]); put("i", "band", from, parseFloat(at(band[1])) - parseFloat(from) + "%"); }
      put("i", "dot", at(now.score));
    }
    if (changed().length) put("u", "came", at(shown.before.score)).title = "as it came";
    if (kind === "binary") {
      const line = shown.threshold ?? ownThreshold();
      put("u", "", at(line));
      put("s", line < 0.12 ? "start" : line > 0.88 ? "end" : "", line < 0.12 || line > 0.88 ? "" : at(line)).textContent = "threshold " + percent(line);
    } else {
      put("s", "start", "").textContent = number(low);
      put("s", "end", "").textContent = number(high);
    }
    made.setAttribute("role", "img");
    made.setAttribute("aria-label", `${score(now.score)} on a scale from ${score(low)} to ${score(high)}`);
    return made;
  }

  function classBars(now) {
    const order = task.classes.map((_, n) => n).sort((a, b) => now.probability[b] - now.probability[a]);
    const some = task.classes.length > 8 ? order.slice(0, 8) : task.classes.map((_, n) => n);
    return bars(some.map((n) => ({ name: task.classes[n], share: now.probability[n], own: task.classes[n] === now.label, text: percent(now.probability[n]) })));
  }
  function bars(lines) {
    const made = el("div", null, "bars");
    for (const { name, share, own, text } of lines) {
      const span = el("span", name, own ? "own" : ""), bar = el("div"), fill = el("i", null, own ? "own" : "");
      span.title = name;
      fill.style.width = Math.max(0, Math.min(100, 100 * share)) + "%";
      bar.append(fill);
      made.append(span, bar, el("em", text, own ? "own" : ""));
    }
    return made;
  }

  // How sure: what the answers of the folds tell (helpers/answers)
  const level = () => Number(by("level").value);
  function sureOf(now) {
    return certainty && kind === "regression" ? Answers.interval(certainty, scorer.features(shown.values, shown.row.held), now.number, level()) : null;
  }
  function drawSure(now) {
    if (!certainty) return;
    const band = sureOf(now), set = band ? [] : Answers.classSet(certainty, now.probability, level()).map((n) => task.classes[n]);
    by("sure-said").textContent = !band ? set.join(", ") : band.every(Number.isFinite) ? `${number(band[0])} to ${number(band[1])}` : "too few rows to tell";
  }

  // The answer along the column that is being moved

  function drawCurve(now) {
    const part = parts.get(shown.watching.column), control = part.control, axes = axesOf(control);
    const what = { regression: `predicted ${task.target}`, binary: `probability of ${task.positive}`, multiclass: `probability of ${task.classes[shown.watched]}` }[kind];
    by("caption").textContent = control.kind === "held" ? "" : `If only ${control.column} were different: ${what}`;
    if (control.kind === "held") by("curve").replaceChildren();
    else if (axes.length) by("curve").replaceChildren(curve(control, axes[shown.watching.axis] || axes[0], now));
    else by("curve").replaceChildren(optionBars(control));
  }

  const widthOf = (id) => Math.max(220, by(id).clientWidth || 460);
  const along = (column, cell) => answer({ ...shown.values, [column]: cell });

  function optionBars(control) {
    const own = shown.values[control.column], options = control.options.slice(0, BARS);
    if (!options.includes(own)) options.push(own);
    const found = options.map((one) => ({ name: saidCell(control, one), own: one === own, score: along(control.column, one).score }));
    const [low, high] = kind === "regression" ? content.held_out.range : [0, 1], base = Math.min(low, ...found.map((one) => one.score));
    const most = Math.max(high, ...found.map((one) => one.score)) - base || 1;
    return bars(found.map((one) => ({ ...one, share: (one.score - base) / most, text: score(one.score) })));
  }

  function curve(control, axis, now) {
    const cell = shown.values[control.column], here = cell === null ? null : axis.get(cell), column = control.column;
    const low = here === null ? axis.low : Math.min(axis.low, here), high = here === null ? axis.high : Math.max(axis.high, here);
    const xs = new Set(here === null ? [] : [here]);
    for (let n = 0; n < POINTS; n++) {
      const x = low + ((high - low) * n) / (POINTS - 1);
      xs.add(control.kind === "number" && !control.whole ? x : Math.round(x));
    }
    const line = [...xs].sort((a, b) => a - b).map((x) => [x, x === here ? now.score : along(column, axis.set(x, cell ?? control.low)).score]);
    const W = widthOf("curve"), H = 190, L = 52, R = 12, T = 12, B = 26, scores = line.map((one) => one[1]);
    let bottom = Math.min(...scores), top = Math.max(...scores);
    const least = kind === "regression" ? Math.max(Math.abs(top) * 0.02, 1e-9) : 0.1;
    if (top - bottom < least) { const middle = (top + bottom) / 2; bottom = middle - least / 2; top = middle + least / 2; }
    if (kind !== "regression") { const shift = bottom < 0 ? -bottom : top > 1 ? 1 - top : 0; bottom += shift; top += shift; }
    const px = (x) => L + ((W - L - R) * (x - low)) / (high - low || 1), py = (y) => H - B - ((H - T - B) * (y - bottom)) / (top - bottom || 1);
    const svg = drawn("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": `${by("caption").textContent}: from ${score(scores[0])} at ${axis.said(low)} to ${score(scores.at(-1))} at ${axis.said(high)}; ${score(now.score)} now` });
    for (const y of [bottom, (bottom + top) / 2, top]) {
      svg.append(drawn("line", { class: "grid", x1: L, x2: W - R, y1: py(y), y2: py(y) }), drawn("text", { x: L - 6, y: py(y) + 4, "text-anchor": "end" }, score(y)));
    }
    [low, (low + high) / 2, high].forEach((x, n) => svg.append(drawn("text", { x: px(x), y: H - 6, "text-anchor": ["start", "middle", "end"][n] }, axis.said(control.kind === "number" && !control.whole ? x : Math.round(x)))));
    if (kind === "binary") {
      const limit = shown.threshold ?? ownThreshold();
      if (limit > bottom && limit < top) svg.append(drawn("line", { class: "line", x1: L, x2: W - R, y1: py(limit), y2: py(limit) }));
    }
    svg.append(drawn("path", { d: "M" + line.map(([x, y]) => `${px(x).toFixed(1)} ${py(y).toFixed(1)}`).join("L") }));
    const came = shown.row.values[column], from = came === null ? null : axis.get(came);
    if (from !== null && from !== here && from >= low && from <= high) svg.append(drawn("circle", { class: "came", cx: px(from), cy: py(along(column, axis.set(from, cell ?? came)).score), r: 5 }));
    if (here !== null) svg.append(drawn("circle", { cx: px(here), cy: py(now.score), r: 6 }));
    return svg;
  }

  // Why: what each column adds to the answer, from a base; exact (helpers/answers)

  function reasonsFor(values, held) {
    const { log, base, added } = Answers.reasons(scorer.said.model, scorer.features(values, held), why.mean), columns = new Float64Array(why.columns.length);
    why.origins.forEach((own, feature) => own.forEach((column) => (columns[column] += added[feature] / own.length)));
    if (!why.turned) return { base, columns };
    return { base: log ? -base : 1 - base, columns: columns.map((one) => -one) };
  }

  const REASONS = 5;
  function drawWhy() {
    if (!why) return;
    const found = reasonsFor(shown.values, shown.row.held), order = [...found.columns.keys()].sort((a, b) => Math.abs(found.columns[b]) - Math.abs(found.columns[a]));
    const first = order.slice(0, REASONS), rest = order.slice(REASONS), others = rest.reduce((sum, n) => sum + found.columns[n], 0);
    const most = Math.max(Math.abs(others), ...first.map((n) => Math.abs(found.columns[n])), 1e-12);
    const lines = first.map((n) => [why.columns[n] + ": " + saidCell(parts.get(why.columns[n]).control, shown.values[why.columns[n]]), found.columns[n]]);
    if (rest.length) lines.push([`${many(rest.length)} other columns`, others]);
    const box = el("div", null, "reasons");
    for (const [name, value] of lines) {
      const bar = el("div"), fill = el("i", null, value < 0 ? "down" : "up"), span = el("span", name);
      span.title = name;
      fill.style.width = (50 * Math.abs(value)) / most + "%";
      bar.append(fill);
      box.append(span, bar, el("em", (value < 0 ? "−" : "+") + whySaid(Math.abs(value))));
    }
    by("why").replaceChildren(el("p", whyHead(found.base) + ". Columns that say the same share it.", "note"), box);
  }
  const whySaid = (value) => (why.scale === "probability" ? inPoints(value) : why.scale === "log odds" ? value.toFixed(2) : number(value));
  function whyHead(base) {
    if (kind === "regression") return `Why: from ${number(base)}, the mean of training, each column adds`;
    if (why.scale === "probability") return `Why: from ${percent(base)}, the usual probability of ${task.positive}, each column adds`;
    return `Why: from usual odds of ${task.positive} (${percent(1 / (1 + Math.exp(-base)))}) each column adds, in log odds (0.7 doubles the odds)`;
  }

  // What each change did: the answer with that one column put back
  function drawMoved(now) {
    const some = changed();
    if (!some.length) return by("moved").replaceChildren();
    const table = el("table"), head = el("tr");
    ["changed", "without this change"].forEach((text) => { const th = el("th", text); th.scope = "col"; head.append(th); });
    table.append(head);
    for (const control of some) {
      const without = along(control.column, shown.row.values[control.column]).score, line = el("tr");
      line.append(el("td", `${control.column}: ${saidCell(control, shown.row.values[control.column])} → ${saidCell(control, shown.values[control.column])}`), el("td", `${score(without)} (${apart(without, now.score)})`));
      table.append(line);
    }
    by("moved").replaceChildren(table);
  }

  // Two classes: the threshold, the costs, and what they make of held-out rows

  let held = null;
  const median = (text, other) => (Number.isFinite(Number(text)) && text !== "" && Number(text) >= 0 ? Number(text) : other);
  function counted(threshold) {
    const found = { tp: 0, fp: 0, fn: 0, tn: 0 };
    held.chance.forEach((chance, n) => found[chance >= threshold ? (held.yes[n] ? "tp" : "fp") : held.yes[n] ? "fn" : "tn"]++);
    return found;
  }
  const costsNow = () => [median(by("cost-fp").value, content.costs[0]), median(by("cost-fn").value, content.costs[1])];
  const costOf = (found, [fp, fn]) => (100 * (found.fp * fp + found.fn * fn)) / held.chance.length;

  function drawDeciding() {
    const threshold = shown.threshold ?? ownThreshold(), found = counted(threshold), costs = costsNow(), all = held.chance.length;
    by("threshold").value = threshold;
    by("threshold-said").textContent = percent(threshold);
    for (const name of ["tp", "fp", "fn", "tn"]) {
      const words = { tp: "true positives", fp: "false positives", fn: "false negatives", tn: "true negatives" }[name];
      by(name).replaceChildren(document.createTextNode(many(found[name])), el("small", `${words}, ${percent(found[name] / all)}`));
    }
    const said = found.tp + found.fp, were = found.tp + found.fn;
    by("matrix-said").textContent = `Of ${many(said)} rows answered ${task.positive}, ${said ? percent(found.tp / said) : "none"} were (precision); of ${many(were)} that were, ${were ? percent(found.tp / were) : "none"} are found (recall).`;
    by("cost").textContent = `These errors cost ${number(costOf(found, costs))} per 100 rows.`;
    const grid = Array.from({ length: 101 }, (_, n) => n / 100), line = grid.map((one) => costOf(counted(one), costs));
    const best = grid[line.indexOf(Math.min(...line))];
    by("cheapest").textContent = `On these rows a threshold of ${percent(best)} is cheapest: ${number(Math.min(...line))} per 100 rows. Chosen on the rows that it is judged on, it looks a little better here than it will be.`;
    by("take").onclick = () => setThreshold(best);
    by("costs").replaceChildren(costCurve(grid, line, threshold, costOf(found, costs)));
  }

  function costCurve(grid, line, threshold, cost) {
    const W = widthOf("costs"), H = 150, L = 52, R = 12, T = 10, B = 24, top = Math.max(...line, 1e-9);
    const px = (x) => L + (W - L - R) * x, py = (y) => H - B - ((H - T - B) * y) / top;
    const svg = drawn("svg", { viewBox: `0 0 ${W} ${H}`, role: "img", "aria-label": "Cost per 100 rows at each threshold" });
    for (const y of [0, top / 2, top]) svg.append(drawn("line", { class: "grid", x1: L, x2: W - R, y1: py(y), y2: py(y) }), drawn("text", { x: L - 6, y: py(y) + 4, "text-anchor": "end" }, number(y)));
    [0, 0.5, 1].forEach((x, n) => svg.append(drawn("text", { x: px(x), y: H - 5, "text-anchor": ["start", "middle", "end"][n] }, n === 1 ? "threshold 50 %" : percent(x))));
    svg.append(drawn("path", { d: "M" + line.map((y, n) => `${px(grid[n]).toFixed(1)} ${py(y).toFixed(1)}`).join("L") }), drawn("circle", { cx: px(threshold), cy: py(cost), r: 6 }));
    return svg;
  }

  function setThreshold(value) {
    shown.threshold = value;
    drawDeciding();
    draw();
  }

  async function makeDeciding() {
    if (kind !== "binary") return;
    held = await Scorer.unpack(content.held_out.answers);
    const no = task.classes[1 - positive], yes = task.positive;
    for (const [id, text] of Object.entries({ "says-no": `answered ${no}`, "says-yes": `answered ${yes}`, "was-no": `was ${no}`, "was-yes": `was ${yes}` })) by(id).textContent = text;
    const thinned = content.tested_rows > held.chance.length ? `${many(held.chance.length)} of the ${many(content.tested_rows)} held-out rows, evenly spaced` : `All ${many(held.chance.length)} held-out rows`;
    by("tested").textContent = `${thinned}, as the model of the test answered them, before its last fit.`;
    by("cost-fp").value = content.costs[0];
    by("cost-fn").value = content.costs[1];
    by("threshold").addEventListener("input", () => setThreshold(Number(by("threshold").value)));
    by("own").onclick = () => setThreshold(null);
    for (const id of ["cost-fp", "cost-fn"]) by(id).addEventListener("input", drawDeciding);
    by("deciding").hidden = false;
    drawDeciding();
  }

  // The page checks that its model answers as the pipeline did when the page was made
  function trouble() {
    const far = (a, b) => Math.abs(a - b) > 1e-9 * Math.max(1, Math.abs(b));
    const isOff = (row) => {
      const found = scorer.answer(row.values, row.held);
      if (kind === "regression") return far(found.number, row.expected) || (row.sure && bandOf(row, found).some((end, n) => far(end, row.sure[n])));
      const set = row.sure && Answers.classSet(certainty, found.probability, CHECKED_AT).join();
      return row.expected.some((wanted, n) => far(found.probability[scorer.said.places[n]], wanted)) || (row.sure && set !== row.sure.join());
    };
    const isOffWhy = (row, n) => {
      const found = reasonsFor(row.values, row.held);
      return far(found.base, why.base) || found.columns.some((one, column) => Math.abs(one - why.expected[n * why.columns.length + column]) > 1e-6 * Math.max(1, Math.abs(why.base)));
    };
    return rows.some((row, n) => row.expected !== null && (isOff(row) || (why && isOffWhy(row, n))));
  }
  const bandOf = (row, found) => Answers.interval(certainty, scorer.features(row.values, row.held), found.number, CHECKED_AT);

  function sayTrouble(text) {
    by("trouble").textContent = text;
    by("trouble").hidden = false;
  }

  function keepWidths() {
    let width = innerWidth;
    addEventListener("resize", () => {
      if (innerWidth === width) return;
      width = innerWidth;
      draw();
      if (held) drawDeciding();
    });
  }

  function makeRows() {
    const groups = { surprising: "Surprising: far from what happened", undecided: "Undecided: two answers nearly as likely", typical: "Typical: from the lowest answer to the highest" };
    for (const [name, label] of Object.entries(groups)) {
      const group = el("optgroup");
      group.label = label;
      rows.forEach((row, n) => { if (row.kind === name) group.append(new Option(rowLabel(row), n)); });
      if (group.children.length) by("row").append(group);
    }
    by("row").addEventListener("change", () => take(Number(by("row").value)));
    by("before").addEventListener("click", () => take((shown.place + rows.length - 1) % rows.length));
    by("after").addEventListener("click", () => take((shown.place + 1) % rows.length));
    by("reset").addEventListener("click", () => take(shown.place));
  }
  function rowLabel(row) {
    const truth = kind === "regression" ? number(row.truth) : row.truth;
    const said = kind === "regression" ? number(row.tested) : kind === "binary" ? `${percent(row.tested[positive])} ${task.positive}` : `${task.classes[row.tested.indexOf(Math.max(...row.tested))]}, ${percent(Math.max(...row.tested))}`;
    return `row ${many(row.row)}: said ${said}, was ${truth}`;
  }

  function saySmall() {
    const small = content.small;
    if (!small) return;
    const far = kind === "regression" ? `${number(small.mean)} on average and at most ${number(small.most)}` : `${inPoints(small.mean)} on average and at most ${inPoints(small.most)}`;
    const same = small.same === undefined ? "" : ` Both decide alike in ${percent(small.same)} of the rows.`;
    by("small").textContent = `${small.why} stand in for it here. On ${many(small.rows)} held-out rows the two answer ${far} (in 95 of 100 rows) apart.${same} For exact answers: pipeline predict.`;
    by("small").hidden = false;
  }

  try {
    window.whatIf = { milliseconds: null };
    scorer = await Scorer.open(content.scorer);
    Object.assign(window.whatIf, { scorer, rows, content, move: (column, cell) => { move(column, cell, 0); drawNow(); return window.whatIf.milliseconds; } });
    if (content.certainty) {
      certainty = await Scorer.unpack(content.certainty);
      by("sure").hidden = false;
      by("sure-what").textContent = kind === "regression" ? "Interval that holds the truth in" : "Set that holds the truth in";
      by("sure").title = content.certainty.assumption;
      by("level").addEventListener("change", draw);
    }
    if (content.why) why = await Scorer.unpack(content.why);
    if (trouble()) return sayTrouble("The model in this page does not answer as the deployed one does, so it is not shown. Open the page in another browser, or make it again: pipeline run --stages 7.");
    makeControls();
    makeRows();
    saySmall();
    keepWidths();
    by("page").hidden = false;
    take(0);
    await makeDeciding();
    window.whatIf.ready = true;
  } catch (error) {
    sayTrouble(`The model in this page can't be run here (${error.message}): a browser of 2023 or later can.`);
    throw error;
  }
})();
