// ---- What a new document must not take from the reader: the place, the focus, what is open, zoomed or turned to ----

const HOLDERS = "[data-task], section, header";
const UNDER_THE_BAR = 60;

/** How to find a node again after the page was drawn anew; null where it has no place of its own. */
function addressOf(node) {
  const holder = node?.closest(HOLDERS);
  if (!holder) return null;
  const within = holder.dataset.task ? `[data-task="${CSS.escape(holder.dataset.task)}"]` : holder.id ? `#${CSS.escape(holder.id)}` : null;
  if (!within) return null;
  if (node === holder) return { within };
  const { trial, filter } = node.dataset;
  const own = node.id ? `#${CSS.escape(node.id)}` : trial ? `[data-trial="${CSS.escape(trial)}"]` : filter ? `[data-filter="${CSS.escape(filter)}"]` : node.classList.length ? `${node.localName}.${CSS.escape(node.classList[0])}` : node.localName;
  return { within, own, place: [...holder.querySelectorAll(own)].indexOf(node) };
}

function nodeAt(address) {
  if (!address) return null;
  const holder = document.querySelector(address.within);
  return address.own ? holder?.querySelectorAll(address.own)[address.place] ?? null : holder;
}

/** For each of some nodes its address and what `read` finds of it, where it finds something. */
function noted(selector, read) {
  return [...document.querySelectorAll(selector)].flatMap((node) => {
    const found = read(node);
    return found === null ? [] : [[addressOf(node), found]];
  });
}

/** How charts were drawn, to tell which ones the reader has zoomed since. */
let ranges = new Map();

function rangesOf({ _fullLayout: found }) {
  return found?.xaxis ? { "xaxis.range": [...found.xaxis.range], "yaxis.range": [...found.yaxis.range] } : null;
}

function noteRanges() {
  ranges = new Map([...charts.keys()].map((plot) => [plot, JSON.stringify(rangesOf(plot))]));
}

function zoomOf(plot) {
  const now = rangesOf(plot);
  return now && ranges.has(plot) && ranges.get(plot) !== JSON.stringify(now) ? now : null;
}

/** What stands at the top of the window: the last part of the page that begins above it. */
function placeOfReader() {
  const above = [...document.querySelectorAll("main section, main article, main h3")].filter((node) => node.getBoundingClientRect().top <= UNDER_THE_BAR);
  const address = addressOf(above.at(-1));
  return scrollY > 0 && address ? { address, top: above.at(-1).getBoundingClientRect().top } : null;
}

/** Draw a newer document, and leave all else as it was. */
function renderKept(found) {
  const place = placeOfReader();
  const y = scrollY;
  const focused = addressOf(document.activeElement);
  const caret = document.activeElement?.selectionStart ?? null;
  const open = noted("main details[open]", () => true);
  const scrolled = noted("main .scroll, main pre", (node) => (node.scrollLeft || node.scrollTop ? [node.scrollLeft, node.scrollTop] : null));
  const zoomed = noted("main .plot", zoomOf);
  const turned = [...tables].map(([name, { table }]) => [name, table?.page() ?? 0]);
  render(found);
  noteRanges();
  for (const [name, number] of turned) if (number) tables.get(name)?.table?.page(number).draw(false);
  for (const [address] of open) nodeAt(address)?.setAttribute("open", "");
  for (const [address, [left, top]] of scrolled) nodeAt(address)?.scrollTo(left, top);
  for (const [address, range] of zoomed) {
    const plot = nodeAt(address);
    if (plot) Plotly.relayout(plot, range);
  }
  const node = nodeAt(focused);
  node?.focus({ preventScroll: true });
  if (caret !== null) node?.setSelectionRange?.(caret, caret);
  scrollTo({ top: y, behavior: "instant" });
  const anchor = place && nodeAt(place.address);
  if (anchor) scrollBy({ top: anchor.getBoundingClientRect().top - place.top, behavior: "instant" });
}
