// ---- Fronts: the points, two of them side by side, and the table of all ----

const MOST_BARS = 300;
const TAKEN = "what privsearch pick takes";
const BARS = { interval: "95 % interval of the mean", sd: "± standard deviation over the targets" };

function frontSection() {
  const parts = page.tasks.map(taskPart);
  return section("fronts", "Fronts",
    el("p", {}, "Each point is a configuration. Hover over it to see its numbers. Click it, or press its button in the table, to pin it; pin a second one to compare the two. A second click unpins it."),
    page.tasks.some(({ objectives }) => objectives.some(({ column }) => isAuc(column) || isExcess(column))) ? el("p", { class: "note" }, `In the tables, ${MARKS}`) : null,
    page.tasks.some(({ taken }) => taken) ? el("p", { class: "note" }, `* marks ${TAKEN}.`) : null,
    parts.length ? parts : el("p", {}, "No trial has finished yet."));
}

function pinsOf(task) {
  return (state.pins[task.name] ?? []).filter((id) => task.rows.trial_id.includes(id));
}

function taskPart(task) {
  const part = el("article", { class: "task", id: `front-${task.name}`, "data-task": task.name }, el("h3", {}, task.title), el("p", { class: "counts" }, `${task.counts}.`));
  if (task.num_candidates) {
    if (task.objectives.length > 2) part.append(pairChoice(task));
    const chart = figure(frontAlt(task), () => frontChart(task), {
      height: 460,
      onclick: (points) => { const point = points.find(({ customdata }) => isNumber(customdata)); if (point) togglePin(task, point.customdata); },
    });
    part.append(chart, frontKey(task), el("div", { class: "compare", "data-compare": task.name }, compared(task)));
  } else {
    part.append(el("p", {}, `No trial has completed with ${task.objectives.map(({ label }) => label).join(" and ")}, so there is no front.`));
  }
  if (task.rows.trial_id.length) part.append(pointsTable(task));
  part.append(el("details", {}, el("summary", {}, "How to read this"), paragraphs(task.notes)));
  return part;
}

/** The two objectives that are shown, the first along x. */
function shownPair(task) {
  const [x, y] = state.pairs[task.name] ?? [0, 1];
  return [task.objectives[x], task.objectives[y] ?? task.objectives[0]];
}

function pairChoice(task) {
  const options = task.objectives.map(({ label }, value) => ({ value: String(value), text: label }));
  const choose = (place) => (value) => {
    const pair = [...(state.pairs[task.name] ?? [0, 1])];
    pair[place] = Number(value);
    state.pairs[task.name] = pair;
    redrawCharts();
  };
  const [x, y] = state.pairs[task.name] ?? [0, 1];
  return el("p", { class: "choices" },
    select(`x-${task.name}`, "Across", options, String(x), choose(0)), select(`y-${task.name}`, "Up", options, String(y), choose(1)));
}

function candidates(task) {
  return Array.from({ length: task.num_candidates }, (_, i) => i);
}

function onFront(task) {
  return candidates(task).filter((i) => task.rows.on_front[i]);
}

function frontAlt(task) {
  const front = onFront(task).map((i) => `${task.rows.configuration[i]} (${task.objectives.map((o) => `${o.label} ${fraction(task.rows[o.column][i])}`).join(", ")})`);
  const more = front.length > 12 ? ` and ${front.length - 12} more` : "";
  return `Scatter plot of ${task.num_candidates} configurations, ${task.objectives.map((o) => o.label).join(" against ")}. On the front: ${front.slice(0, 12).join("; ")}${more}. All are in the table below.`;
}

function frontChart(task) {
  const { rows } = task;
  const [x, y] = shownPair(task);
  const shapes = [x, y].filter((objective) => isGuessShown(task, objective)).map((objective) => guessLine(objective, objective === x ? "x" : "y"));
  const traces = [3, 2, 1, 0].flatMap((tier) => Object.keys(page.models).map((model) => pointTrace(task, x, y, model, tier)));
  if (task.objectives.length === 2) traces.unshift(frontLine(task, x, y));
  const taken = candidates(task).filter((i) => isTaken(task, i));
  traces.push({
    x: taken.map((i) => rows[x.column][i]), y: taken.map((i) => rows[y.column][i]), mode: "markers", hoverinfo: "skip", name: "taken",
    marker: { symbol: "square-open", size: 20, color: colour("ink"), line: { width: 1.5 } },
  });
  const pinned = pinsOf(task).map((id) => rows.trial_id.indexOf(id));
  traces.push({
    x: pinned.map((i) => rows[x.column][i]), y: pinned.map((i) => rows[y.column][i]), text: pinned.map((_, n) => `<b>${"AB"[n]}</b>`),
    mode: "markers+text", textposition: "top center", textfont: { size: 16 }, hoverinfo: "skip", name: "pinned",
    marker: { symbol: "circle-open", size: 22, color: colour("ink"), line: { width: 2.5 } },
  });
  return [traces.filter((trace) => trace.x.length), layout(axis(x.axis, { range: rangeOf(task, x) }), axis(y.axis, { range: rangeOf(task, y) }), { shapes })];
}

function isTaken(task, i) {
  return task.rows.trial_id[i] === task.taken;
}

/** The ends of a configuration's error bar. */
function barEnds(_task, { bars: [lows, highs] }, i) {
  return [lows[i], highs[i]];
}

/** The lowest and the highest end of a bar. */
function spanOf(task, objective) {
  const ends = candidates(task).flatMap((i) => barEnds(task, objective, i));
  return ends.reduce(([least, most], end) => [Math.min(least, end), Math.max(most, end)], [Infinity, -Infinity]);
}

/** What guessing gives is drawn unless it lies so far away that it would squeeze the points. */
function isGuessShown(task, objective) {
  if (!isNumber(objective.guess)) return false;
  const [low, high] = spanOf(task, objective);
  return Math.max(low - objective.guess, objective.guess - high) <= high - low;
}

/** From the lowest to the highest end of a bar, and guessing, with some room. */
function rangeOf(task, objective) {
  const span = spanOf(task, objective);
  if (isGuessShown(task, objective)) span.push(objective.guess);
  const [low, high] = [Math.min(...span), Math.max(...span)];
  const room = 0.06 * (high - low) || 0.05;
  return [low - room, high + room];
}

/** The outcomes that some configuration reaches or beats end here. */
function frontLine(task, x, y) {
  const { rows } = task;
  const points = onFront(task).sort((a, b) => rows[x.column][a] - rows[x.column][b]);
  return {
    x: points.map((i) => rows[x.column][i]), y: points.map((i) => rows[y.column][i]), mode: "lines", hoverinfo: "skip", name: "front",
    line: { color: colour("ink-soft"), width: 1.5, shape: x.direction === "maximize" ? "vh" : "hv" },
  };
}

function guessLine({ guess }, along) {
  const other = along === "x" ? "y" : "x";
  return { type: "line", line: { color: colour("ink-soft"), width: 1.5, dash: "dot" }, layer: "below", [`${along}0`]: guess, [`${along}1`]: guess, [`${other}0`]: 0, [`${other}1`]: 1, [`${other}ref`]: "paper" };
}

function pointTrace(task, x, y, model, tier) {
  const { rows } = task;
  const own = candidates(task).filter((i) => rows.model[i] === model && rows.tier[i] === tier);
  const bars = (objective) => ({
    type: "data", symmetric: false, thickness: 1,
    array: own.map((i) => barEnds(task, objective, i)[1] - rows[objective.column][i]), arrayminus: own.map((i) => rows[objective.column][i] - barEnds(task, objective, i)[0]),
    width: 0, color: faded(page.models[model].colour, (isDark() ? [0.9, 0.7, 0.5, 0.3] : [0.8, 0.5, 0.25, 0.25])[tier]),
    visible: task.num_candidates <= MOST_BARS || tier === 0,
  });
  return {
    x: own.map((i) => rows[x.column][i]), y: own.map((i) => rows[y.column][i]), error_x: bars(x), error_y: bars(y),
    mode: "markers", name: plain(model), marker: marker(model, tier), customdata: own, hovertext: own.map((i) => hoverText(task, i)), hoverinfo: "text",
  };
}

function faded(hex, alpha) {
  const [red, green, blue] = [1, 3, 5].map((start) => parseInt(hex.slice(start, start + 2), 16));
  return `rgba(${red},${green},${blue},${alpha})`;
}

function hoverText(task, i) {
  const { rows } = task;
  const shown = task.headings.filter(({ kind, key: column }) => kind === "number" && column !== "front_probability");
  const probability = rows.front_probability[i];
  return [
    `<b>${plain(rows.configuration[i])}</b>`,
    ...(isTaken(task, i) ? [TAKEN] : []),
    ...(isNumber(probability) ? [`on the front with probability ${probability.toFixed(2)}`] : []),
    ...shown.map(({ key: column, label }) => `${plain(label)} ${plain(marked(rows, column, i))}`),
    `trial ${plain(rows.trial_id[i])}`,
  ].join("<br>");
}

function frontKey(task) {
  const tiers = [...new Set(task.rows.tier.filter(isNumber))].sort();
  const models = [...new Set(task.rows.model)].sort();
  const guesses = task.objectives.filter((objective) => isGuessShown(task, objective));
  return key([
    ...models.map((model) => ({ symbol: page.models[model], tier: 0, text: modelName(model) })),
    ...tiers.map((tier) => ({ symbol: {}, tier, text: task.tiers[tier] })),
    ...(task.objectives.length === 2 ? [{ line: "currentColor", text: "front of the means" }] : []),
    ...candidates(task).filter((i) => isTaken(task, i)).map((i) => ({ frame: true, text: `${TAKEN}: ${task.rows.configuration[i]}` })),
    ...guesses.map(({ guess, label }) => ({ line: "currentColor", dash: "2 2", text: `guessing: ${label} ${guess}` })),
    ...task.objectives.filter(({ bar }) => bar).map(({ label, bar }) => ({ bar: true, text: `${label}: ${BARS[bar]}${task.num_candidates > MOST_BARS ? " (of the likely ones)" : ""}` })),
  ]);
}

// Pins

function togglePin(task, i) {
  const id = task.rows.trial_id[i];
  const pins = pinsOf(task);
  const place = pins.indexOf(id);
  if (place >= 0) pins.splice(place, 1);
  else pins.splice(1, pins.length > 1 ? 1 : 0, id);
  state.pins[task.name] = pins;
  announce(`${task.rows.configuration[i]} ${place >= 0 ? "unpinned" : `pinned as ${"AB"[pins.indexOf(id)]}`}`);
  showPins(task);
}

function showPins(task) {
  const part = document.querySelector(`[data-task="${CSS.escape(task.name)}"]`);
  drawChart(part.querySelector(".plot"));
  part.querySelector(".compare").replaceChildren(compared(task));
  markPins(task);
}

function markPins(task) {
  const pins = pinsOf(task);
  for (const button of document.querySelectorAll(`[data-task="${CSS.escape(task.name)}"] button.pin`)) {
    const place = pins.indexOf(button.dataset.trial);
    button.setAttribute("aria-pressed", String(place >= 0));
    button.textContent = place >= 0 ? "AB"[place] : "pin";
  }
}

function pointsTable(task) {
  const { rows } = task;
  const pinColumn = {
    key: "pin", label: "pin", kind: "text", value: () => "", shown: () => "",
    node: (i) => (i < task.num_candidates
      ? el("button", { class: "pin", type: "button", "data-trial": rows.trial_id[i], "aria-pressed": "false", "aria-label": `Pin ${rows.configuration[i]}`, onclick: () => togglePin(task, i) }, "pin")
      : document.createTextNode("")),
  };
  const lows = new Set(task.objectives.filter(({ direction }) => direction === "minimize").map(({ column }) => column));
  const columns = task.headings.map((heading) => ({ ...heading, ...(isAuc(heading.key) || isExcess(heading.key) ? { mark: (i) => guessMark(rows, heading.key, i) } : {}), low: lows.has(heading.key) || isLow(heading.key), value: (i) => rows[heading.key]?.[i], shown: (i) => (heading.key === "trial_id" ? rows.trial_id[i].slice(0, 8) : cell(rows, heading, i)), ...(heading.key === "configuration" ? { mark: (i) => (isTaken(task, i) ? "*" : "") } : {}) }));
  const places = rows.trial_id.map((_, i) => i);
  return bigTable(`points ${task.name}`, `Configurations of ${task.title}`, [pinColumn, ...columns], places, { drawn: () => markPins(task) });
}

/** Columns of which small numbers are the good ones. */
function isLow(column) {
  return column === "seconds" || /(^|[._])(auc|advantage|epsilon|tpr)/.test(column);
}

function cell(rows, { key: column, kind }, i) {
  return kind === "number" ? formatted(rows, column, i) : rows[column]?.[i] ?? MISSING;
}
