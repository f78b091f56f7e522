// ---- Two configurations side by side ----

function compared(task) {
  const places = pinsOf(task).map((id) => task.rows.trial_id.indexOf(id));
  if (!places.length) return el("p", { class: "note nothing" }, "Nothing is pinned. Pin two configurations to compare them.");
  const [a, b] = places;
  const names = places.map((i, n) => el("span", {}, el("b", {}, `${"AB"[n]}: `), task.rows.configuration[i], " ", `(trial ${task.rows.trial_id[i]}, `, curvesLink(task.rows.trial_id[i]), ")"));
  const header = ["", "A", ...(b === undefined ? [] : ["B", "B − A", "95 % interval", "verdict"])];
  const table = simpleTable(header, compareRows(task, a, b), `What is pinned of ${task.title}`, { class: "compared" });
  return el("div", {}, el("p", {}, ...names.flatMap((name) => [name, el("br")])), table, b === undefined
    ? el("p", { class: "note" }, "Pin a second configuration to compare.")
    : el("p", { class: "note" }, "B − A with its 95 % interval: a paired t-test over the targets, not corrected for multiple comparisons; ", el("code", {}, "privsearch diff"), " corrects."));
}

function curvesLink(id) {
  return el("a", { href: "#training", onclick: () => chooseTrial(id) }, "its curves");
}

function compareRows(task, a, b) {
  const { rows } = task;
  const two = b !== undefined;
  const axes = Object.entries(task.axes).map(([name, label]) => {
    const [va, vb] = [a, b].map((i) => axisValue(rows, name, i));
    return [label, va, ...(two ? [vb, va === vb ? "same" : "differs", "", ""] : [])];
  });
  const columns = task.headings.filter(({ kind }) => kind === "number");
  const numbers = columns.map(({ key: column, label }) => [label, marked(rows, column, a), ...(two ? [marked(rows, column, b), ...difference(task, column, a, b)] : [])]);
  const shown = new Set(columns.map(({ key: column }) => column));
  const more = task.paired.filter(({ quantity }) => !shown.has(quantity)).map(({ quantity, label, values }) => {
    const means = [a, b].map((i) => (i === undefined ? null : mean(values[i])));
    return [label, fraction(means[0]), ...(two ? [fraction(means[1]), ...difference(task, quantity, a, b)] : [])];
  });
  return [...axes, ...numbers, ...more];
}

function axisValue(rows, name, i) {
  const value = rows[name]?.[i];
  if (value !== null && value !== undefined) return name === "model" ? modelName(value) : String(value);
  return name.endsWith("bit_width") ? "full precision" : MISSING;
}

function mean(values) {
  return values.every(isNumber) && values.length ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
}

function signedSeconds({ rows }, value) {
  return (value >= 0 ? "+" : "") + value.toFixed(decimalsOf(rows.seconds)).replace("-", "−");
}

/** The difference, its interval and a verdict, as far as they are known. */
function difference(task, column, a, b) {
  const paired = task.paired.find(({ quantity }) => quantity === column);
  if (column === "front_probability" || column === "proposal") return ["", "", ""];
  if (!paired) {
    const [va, vb] = [a, b].map((i) => task.rows[column]?.[i]);
    if (!isNumber(va) || !isNumber(vb)) return [MISSING, "", ""];
    return [column === "seconds" ? signedSeconds(task, vb - va) : fraction(vb - va, true), "", ""];
  }
  // After a race one may have more targets; the first ones are of the same subsets.
  const shared = Math.min(...[a, b].map((i) => paired.values[i].length));
  const differences = paired.values[b].slice(0, shared).map((value, k) => (isNumber(value) && isNumber(paired.values[a][k]) ? value - paired.values[a][k] : null));
  const middle = mean(differences);
  if (middle === null) return [MISSING, "", "number missing: no test"];
  const spread = Math.max(...differences) - Math.min(...differences);
  const factor = paired.factors[shared];
  if (factor === undefined) return [fraction(middle, true), "", "one target: no test"];
  // Numbers have five digits here, so that smaller spreads are none.
  if (spread < 1e-9) return [fraction(middle, true), "", "no spread: no test"];
  const variance = differences.reduce((sum, d) => sum + (d - middle) ** 2, 0) / (differences.length - 1);
  const half = factor * Math.sqrt(variance);
  const significant = Math.abs(middle) > half;
  let verdict = significant ? `B ${middle > 0 ? paired.higher : paired.lower} (significant)` : `not significant (n = ${differences.length})`;
  // The strongest of more attacks is stronger: `privsearch diff` compares those that both sides ran.
  if (paired.choices && paired.choices[a] !== paired.choices[b]) verdict = "other attacks: not like for like";
  return [fraction(middle, true), `[${fraction(middle - half, true)}, ${fraction(middle + half, true)}]`, verdict];
}
