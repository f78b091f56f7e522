// ---- What was asked, which axes matter, and how to reproduce it ----

function askedSection() {
  const { counts, facts } = page.asked;
  const tiles = Object.entries(counts).filter(([name, count]) => count || name === "asked for" || name === "completed");
  const runs = page.provenance.runs;
  const machines = [...new Set(runs.map(({ machine }) => machine).filter(Boolean))];
  const all = [...facts, ...(machines.length ? [{ name: machines.length > 1 ? "Machines" : "Machine", said: machines }] : [])];
  return section("asked", "What was asked",
    el("ul", { class: "tiles", "aria-label": "Trials" }, tiles.map(([name, count]) => el("li", {}, el("b", {}, String(count)), ` ${name === "asked for" ? `trial${count === 1 ? "" : "s"} asked for` : name}`))),
    el("dl", {}, all.flatMap(({ name, said }) => [el("dt", {}, name), el("dd", {}, said.map((line) => el("div", {}, line)))])));
}

function importancesSection() {
  const known = page.importances.filter(({ charts: found }) => found.length);
  if (!known.length) return null;
  return section("importances", "Which axes matter",
    el("p", {}, "How much each axis decides which configurations are good, as a share of the effect of all axes, with 95 % intervals. Where the point lies left of the vertical mark, which is what chance alone gives, the axis may have no effect at all."),
    known.map(({ title, charts: found }) => el("article", {}, el("h3", {}, title), el("div", { class: "pair" }, found.map(importanceChart)))));
}

function importanceChart({ title, rows }) {
  const order = rows.axis.map((_, i) => i).sort((a, b) => rows.importance[a] - rows.importance[b]);
  const of = (column) => order.map((i) => rows[column][i]);
  const names = of("axis").map(plain);
  const [least, most] = [of("low"), of("high")];
  const alt = `Importance for ${title}: ${[...order].reverse().map((i) => `${rows.axis[i]} ${fraction(rows.importance[i])}${rows.importance[i] <= rows.chance[i] ? " (within chance)" : ""}`).join(", ")}.`;
  const chart = figure(alt, () => [[
    { x: of("chance"), y: names, mode: "markers", name: "chance level", marker: { symbol: "line-ns-open", size: 18, color: colour("ink-soft"), line: { width: 2 } }, hovertemplate: "chance level %{x:.3f}<extra></extra>" },
    {
      x: of("importance"), y: names, mode: "markers", name: "importance", marker: { symbol: "square", size: 9, color: colour("accent") },
      error_x: { type: "data", symmetric: false, array: of("importance").map((v, i) => most[i] - v), arrayminus: of("importance").map((v, i) => v - least[i]), thickness: 1.5, width: 4, color: colour("accent") },
      text: of("n"), hovertemplate: "%{y} %{x:.3f}, of %{text} configurations<extra></extra>",
    },
  ], layout(axis("importance (share)", { rangemode: "tozero" }), { ...axis(""), type: "category", automargin: false }, { margin: { l: 150, r: 14, t: 10, b: 48 } })], { height: 130 + 32 * names.length });
  return el("div", {}, el("h4", {}, `For ${title}`), chart);
}

function provenanceSection() {
  const { sweep, commands, runs, num_runs: numRuns, how, environments, mixture } = page.provenance;
  const origins = Object.entries(environments);
  return section("again", "How to reproduce these numbers",
    el("p", {}, how),
    el("pre", { tabindex: 0, "aria-label": "Commands" }, commands.join("\n")),
    mixture ? el("p", { class: "warning" }, `The results were computed in different environments: ${mixture}.`) : null,
    el("h3", {}, "Sweep"), el("pre", { tabindex: 0, "aria-label": "Sweep file" }, sweep),
    el("h3", {}, numRuns === 1 ? "The run" : `Runs: ${numRuns}`),
    runs.map((run) => el("dl", { class: "run" }, Object.entries(run).filter(([, value]) => value).flatMap(([name, value]) => [el("dt", {}, capital(name)), el("dd", {}, value)]))),
    origins.length ? [el("h3", {}, "Environments of the results"), simpleTable(["trials", "environment"], origins.map(([name, count]) => [String(count), name]), "Environments of the results")] : null);
}
