// ---- The paper's figures and tables ----

function paperSection() {
  const { figures, tables: found, missing } = page.paper;
  return section("paper", "In the layout of the paper",
    el("p", {}, "Moshruba et al. 2025. Beside the attack's AUC stands its excess over the placebo: the same attack on examples that no network was trained on."),
    figures.map(({ title, alt, svg: image }) => el("figure", { class: "sheet" },
      el("img", { src: `data:image/svg+xml;base64,${image}`, alt }), el("figcaption", {}, title))),
    found.map(({ title, caption, header, rows }) => el("article", {}, el("h3", {}, title), simpleTable(header, rows, title, { class: "numbers" }), el("p", { class: "note" }, caption))),
    missing.length ? el("details", { open: !figures.length }, el("summary", {}, "What is not here, and why"), paragraphs(missing)) : null);
}
