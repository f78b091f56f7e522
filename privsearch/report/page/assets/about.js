// ---- What was asked, at a glance, what matters, and how to get it again ----

function askedSection() {
  const { verdicts, counts, facts } = page.asked;
  const tiles = Object.entries(counts).filter(([name, count]) => count || name === "asked for" || name === "completed");
  const runs = page.provenance.runs;
  const machines = [...new Set(runs.map(({ machine }) => machine).filter(Boolean))];
  const all = [...facts, ...(machines.length ? [{ name: machines.length > 1 ? "Machines" : "Machine", said: machines }] : [])];
  return section("asked", "Verdict, and what was asked",
    verdicts.length ? el("ul", { class: "verdicts" }, verdicts.map((words) => el("li", {}, words))) : null,
    el("ul", { class: "tiles", "aria-label": "Trials" }, tiles.map(([name, count]) => el("li", {}, el("b", {}, String(count)), ` ${name}`))),
    glance(),
    el("dl", {}, all.flatMap(({ name, said }) => [el("dt", {}, name), el("dd", {}, said.map((line) => el("div", {}, line)))])));
}

/** For each task the best of the front in each objective. */
function glance() {
  const rows = page.tasks.filter(({ num_candidates: n }) => n).map((task) => {
    const front = onFront(task);
    const best = task.objectives.map(({ column, direction }) => {
      const sign = direction === "maximize" ? -1 : 1;
      const i = [...front].sort((a, b) => sign * (task.rows[column][a] - task.rows[column][b]))[0];
      return el("span", {}, task.rows.configuration[i], el("br"), el("small", {}, task.objectives.map((o) => `${o.label} ${fraction(task.rows[o.column][i])}`).join(", ")));
    });
    return [task.title, `${front.length} of ${task.num_candidates}`, ...best];
  });
  if (!rows.length) return null;
  const most = Math.max(...page.tasks.map(({ objectives }) => objectives.length));
  const first = page.tasks[0].objectives;
  const same = page.tasks.every(({ objectives }) => objectives.map(({ column }) => column).join() === first.map(({ column }) => column).join());
  const header = Array.from({ length: most }, (_, k) => (same ? `best ${first[k].label} on the front` : `best in objective ${k + 1}`));
  return simpleTable(["", "on the front", ...header], rows, "The fronts at a glance");
}

function importancesSection() {
  const known = page.importances.filter(({ charts: found }) => found.length);
  if (!known.length) return null;
  return section("importances", "What matters",
    el("p", {}, "How much each axis decides which configurations are good, as a share of what all axes come to. An axis whose point is left of its bar, the chance level, may as well have no effect."),
    known.map(({ title, charts: found }) => el("article", {}, el("h3", {}, title), el("div", { class: "pair" }, found.map(importanceChart)))));
}

function importanceChart({ title, rows }) {
  const order = rows.axis.map((_, i) => i).sort((a, b) => rows.importance[a] - rows.importance[b]);
  const of = (column) => order.map((i) => rows[column][i]);
  const names = of("axis").map(plain);
  const [least, most] = [of("low"), of("high")];
  const alt = `Importance for ${title}: ${[...order].reverse().map((i) => `${rows.axis[i]} ${fraction(rows.importance[i])}${rows.importance[i] <= rows.chance[i] ? " (within chance)" : ""}`).join(", ")}.`;
  return figure(alt, () => [[
    { x: of("chance"), y: names, mode: "markers", name: "chance level", marker: { symbol: "line-ns-open", size: 18, color: colour("ink-soft"), line: { width: 2 } }, hovertemplate: "chance level %{x:.3f}<extra></extra>" },
    {
      x: of("importance"), y: names, mode: "markers", name: "importance", marker: { symbol: "square", size: 9, color: colour("accent") },
      error_x: { type: "data", symmetric: false, array: of("importance").map((v, i) => most[i] - v), arrayminus: of("importance").map((v, i) => v - least[i]), thickness: 1.5, width: 4, color: colour("accent") },
      text: of("n"), hovertemplate: "%{y} %{x:.3f}, of %{text} configurations<extra></extra>",
    },
  ], layout(axis(`importance for ${title} (share)`, { rangemode: "tozero" }), { ...axis(""), type: "category", automargin: false }, { margin: { l: 150, r: 14, t: 30, b: 48 } })], { height: 150 + 32 * names.length });
}

function provenanceSection() {
  const { sweep, commands, runs, num_runs: numRuns, seed, environments, mixture } = page.provenance;
  const origins = Object.entries(environments);
  return section("again", "How to get the same numbers again",
    el("p", {}, `The same sweep, seed (${seed}) and versions on the same kind of processor give the same numbers. Save the sweep below as sweep.yaml, then:`),
    el("pre", { tabindex: 0, "aria-label": "Commands" }, commands.join("\n")),
    mixture ? el("p", { class: "warning" }, `The results were computed in different environments: ${mixture}.`) : null,
    el("h3", {}, "Sweep"), el("pre", { tabindex: 0, "aria-label": "Sweep file" }, sweep),
    el("h3", {}, numRuns === 1 ? "The run" : `Runs: ${numRuns}`),
    runs.map((run) => el("dl", { class: "run" }, Object.entries(run).filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, capital(name)), el("dd", {}, value)]))),
    origins.length ? [el("h3", {}, "What the results were computed under"), simpleTable(["trials", "environment"], origins.map(([name, count]) => [String(count), name]), "Environments of the results")] : null);
}
