// ---- The paper's figures and tables ----

function paperSection() {
  const { figures, tables: found, missing } = page.paper;
  if (!figures.length && !found.length && !missing.length) return null; // nothing was trained here
  return section("paper", "The paper's figures and tables",
    el("p", {}, "As in Moshruba et al. 2025, with the excess over the placebo beside the attack's AUC."),
    figures.map(({ title, alt }, i) => el("figure", { class: "sheet" },
      el("img", { src: pictureOf(i), alt, "data-figure": i }), el("figcaption", {}, title))),
    found.map(({ title, caption, header, rows }) => el("article", {}, el("h3", {}, title), simpleTable(header, rows, title, { class: "numbers" }), el("p", { class: "note" }, caption))),
    missing.length ? el("details", { open: !figures.length }, el("summary", {}, "What is missing, and why"), paragraphs(missing)) : null);
}

/** The greys of the figures, and the colours of the style sheet that take their places in the dark. */
const INKS = { "#000000": "ink", "#ffffff": "card", "#595959": "ink-soft", "#e8e8e8": "line" };

/** The address of a figure's picture, which has no ground of its own, in the light or the dark. */
function pictureOf(i) {
  const { svg: image } = page.paper.figures[i];
  if (!isDark()) return `data:image/svg+xml;base64,${image}`;
  const text = new TextDecoder().decode(Uint8Array.from(atob(image), (character) => character.charCodeAt(0)));
  // What names no colour of its own, such as text, is filled with that of the whole.
  const filled = text.replace("<svg ", `<svg fill="${colour("ink")}" `);
  return `data:image/svg+xml,${encodeURIComponent(filled.replace(/#(?:000000|ffffff|595959|e8e8e8)\b/gi, (found) => colour(INKS[found.toLowerCase()])))}`;
}

function recolourPictures() {
  for (const node of document.querySelectorAll("img[data-figure]")) node.src = pictureOf(Number(node.dataset.figure));
}
