// ---- What every attack found ----

function leakageSection() {
  const parts = page.tasks.filter(({ leakage }) => leakage.headings.length).map(leakagePart);
  return section("leakage", "Leakage, attack by attack",
    el("p", {}, "AUC and rates are means over the targets with 95 % intervals; an AUC of 0.5 is guessing. ~ marks what lies within the noise floor, where guessing keeps the AUC of one target in 95 % of cases."),
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
    if (of[heading.key]) return of[heading.key](i);
    const guess = heading.key === "auc" && Math.abs(rows.auc[i] - 0.5) <= rows.noise_floor[i] ? "~ " : "";
    return guess + cell(rows, heading, i);
  };
  const columns = leakage.headings.map((heading) => ({
    ...heading, value: of[heading.key] ?? ((i) => rows[heading.key]?.[i]), shown: (i) => said(heading, i),
    ...(heading.key === "attack" ? { choices: rows.attacks } : {}),
  }));
  return el("article", {}, el("h3", {}, task.title),
    bigTable(`leakage ${task.name}`, `Attacks on ${task.title}`, columns, rows.row.map((_, i) => i)),
    paragraphs([leakage.left_out]),
    el("details", {}, el("summary", {}, "How to read this"), paragraphs(leakage.notes)));
}
