// ---- The page ----

/** The document that is shown. */
let page = null;

/** What the reader has chosen; a new document does not change it. */
const state = { pins: {}, pairs: {}, trial: null, attack: null };

/** Draw a document; may be called again with a newer one. */
function render(found) {
  page = found;
  const main = document.getElementById("main");
  const focused = document.activeElement?.id;
  forgetCharts(main);
  forgetTables(main);
  const sections = [verdictSection(), askedSection(), frontSection(), leakageSection(), importancesSection(), growthSection(), paperSection(), trialSection(), failuresSection(), provenanceSection()].filter(Boolean);
  const links = sections.map(({ id, firstChild }) => el("a", { href: `#${id}` }, firstChild.textContent));
  document.getElementById("top").replaceChildren(
    el("div", { class: "head" }, el("h1", {}, page.name), themeToggle()),
    el("p", { class: "note" }, `Accuracy of trained networks, and what membership inference attacks learn from them. Made ${page.made}.`),
    el("nav", { "aria-label": "Sections" }, links));
  main.replaceChildren(...sections);
  document.getElementById("bottom").replaceChildren(
    el("p", { class: "note" }, "privsearch, after Moshruba et al. 2025. Charts: plotly.js; tables: DataTables (both MIT). This file is complete in itself and loads nothing from the network."));
  applyTheme();
  buildTables();
  showTrial();
  if (focused) document.getElementById(focused)?.focus({ preventScroll: true });
}

window.privsearch = { render };
const embedded = JSON.parse(document.getElementById("document").textContent);
if (embedded) {
  render(embedded);
  root.dataset.drawn = "yes";
}
