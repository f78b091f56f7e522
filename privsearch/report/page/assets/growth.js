// ---- How the hypervolume grew ----

function growthSection() {
  const known = page.growth.filter(({ rows }) => rows.number.length);
  if (!known.length) return null;
  return section("growth", "Growth of the fronts",
    el("p", {}, "The hypervolume is the share of all possible outcomes that some configuration reaches or beats. Each dot is a trial that added to it."),
    el("div", { class: "pair" }, known.map((found) => el("div", {}, el("h3", {}, found.title), growthChart(found)))));
}

function growthChart({ title, words, along, num_trials: count, rows }) {
  const { number, hypervolume } = rows;
  const last = hypervolume.at(-1);
  // From the first front on: its size is most of what there is, and the growth would not be seen below it.
  const room = 0.08 * (last - hypervolume[0] || 0.1 * last);
  const hovers = number.map((n, i) => `<b>${plain(page.words[rows.trial_id[i]] ?? rows.trial_id[i])}</b><br>hypervolume ${hypervolume[i].toFixed(4)} after ${n}`);
  const alt = `Hypervolume of ${title} after each of ${count} trials. ${words}`;
  return figure(alt, () => [[
    { x: [0, ...number, count], y: [0, ...hypervolume, last], mode: "lines", hoverinfo: "skip", name: "hypervolume", line: { color: colour("accent"), width: 1.5, shape: "hv" } },
    { x: number, y: hypervolume, mode: "markers", name: "grew", marker: { size: 8, color: colour("accent") }, hovertext: hovers, hoverinfo: "text" },
  ], layout(axis(along, { range: [0, count + 1] }), axis("hypervolume (share)", { range: [hypervolume[0] - room, last + room] }))], { caption: words, height: 300 });
}
