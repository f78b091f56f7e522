// ---- What is wider than the page scrolls by itself, says so, and fades at the edges that hide something ----

/** A region of the page that scrolls sideways. */
function scroller(caption, ...children) {
  const holder = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption, onscroll: () => showEdges(holder) }, ...children);
  for (const node of [holder, ...holder.querySelectorAll("table")]) sizes.observe(node);
  return el("div", { class: "edges" }, el("p", { class: "goes-on", "aria-hidden": "true" }, "scroll sideways for more →"), holder);
}

/** Say in `data-more` on which sides of a region there is more. */
function showEdges(holder) {
  const { scrollLeft: left, scrollWidth, clientWidth } = holder;
  const hidden = { left: left > 1, right: left + clientWidth < scrollWidth - 1 };
  holder.parentElement.dataset.more = Object.keys(hidden).filter((side) => hidden[side]).join(" ");
}

const sizes = new ResizeObserver((entries) => {
  for (const { target } of entries) {
    const holder = target.closest(".scroll");
    if (holder?.isConnected) showEdges(holder);
  }
});
