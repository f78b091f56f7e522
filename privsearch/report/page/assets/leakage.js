// ---- What every attack found ----

function leakageSection() {
  const parts = page.tasks.filter(({ leakage }) => leakage.headings.length).map(leakagePart);
  return section("leakage", "Leakage, attack by attack",
    el("p", {}, `Means over the targets, with 95 % intervals in brackets. ${MARKS}`),
    parts.length ? parts : el("p", {}, "No attack has a number yet."));
}

function leakagePart(task) {
  const { leakage } = task;
  const { rows } = leakage;
  const of = {
    configuration: (i) => task.rows.configuration[rows.row[i]],
    attack: (i) => rows.attacks[rows.attack[i]],
  };
  const said = (heading, i) => {
    if (heading.key === "attack" && rows.strongest[i]) return `${of.attack(i)} (${rows.strongest[i]})`;
    return of[heading.key]?.(i) ?? cell(rows, heading, i);
  };
  const columns = leakage.headings.map((heading) => ({
    ...heading, value: of[heading.key] ?? ((i) => rows[heading.key]?.[i]), shown: (i) => said(heading, i),
    low: isLow(heading.key),
    ...(heading.key === "attack" ? { choices: rows.attacks } : {}),
    ...(isAuc(heading.key) || isExcess(heading.key) ? { mark: (i) => guessMark(rows, heading.key, i) } : {}),
  }));
  return el("article", {}, el("h3", {}, task.title), el("p", { class: "counts" }, `${leakage.sample}.`),
    bigTable(`leakage ${task.name}`, `Attacks on ${task.title}`, columns, rows.row.map((_, i) => i)),
    paragraphs([...leakage.groups, leakage.left_out]),
    el("details", {}, el("summary", {}, "How to read this"), paragraphs(leakage.notes)));
}
