// ---- Charts ----

/** What is drawn: by its node, how to draw it again. */
const charts = new Map();
const PAPER_WIDTH = 660;

const CONFIG = {
  displaylogo: false,
  responsive: true,
  modeBarButtons: [["toImage", "zoom2d", "pan2d", "resetScale2d"]],
};

function axis(title, more = {}) {
  return {
    title: { text: plain(title), standoff: 8 }, automargin: true, zeroline: false, linecolor: colour("ink-soft"), showline: true,
    gridcolor: colour("grid"), ticks: "outside", tickcolor: colour("ink-soft"), ...more,
  };
}

function layout(x, y, more = {}) {
  return {
    xaxis: x, yaxis: y, showlegend: false, hovermode: "closest", margin: { l: 56, r: 14, t: 30, b: 48 },
    paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
    font: { family: "system-ui, sans-serif", size: 13, color: colour("ink") },
    hoverlabel: { bgcolor: colour("card"), bordercolor: colour("ink-soft"), font: { color: colour("ink") }, align: "left" },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: colour("ink-soft"), activecolor: colour("ink") },
    ...(printing ? { width: PAPER_WIDTH, autosize: false } : { autosize: true }),
    ...more,
  };
}

/** A figure: a chart, drawn by `draw() -> [traces, layout]`, with the words for whoever does not see it. */
function figure(alt, draw, { caption = null, height = 440, onclick = null } = {}) {
  const plot = el("div", { class: "plot", role: "img", "aria-label": alt, style: `height:${height}px` });
  charts.set(plot, { draw, onclick, drawn: false });
  return el("figure", {}, plot, caption ? el("figcaption", {}, caption) : null);
}

function drawChart(plot) {
  const chart = charts.get(plot);
  if (!chart || !plot.isConnected) return;
  Plotly.react(plot, ...chart.draw(), CONFIG);
  if (!chart.drawn && chart.onclick) plot.on("plotly_click", (event) => chart.onclick(event.points));
  chart.drawn = true;
}

function redrawCharts() {
  for (const plot of charts.keys()) drawChart(plot);
}

function forgetCharts(within) {
  for (const plot of charts.keys()) {
    if (within.contains(plot)) { Plotly.purge(plot); charts.delete(plot); }
  }
}

function modelName(model) {
  return page.models[model]?.name ?? model;
}

/** A model's marker: filled, hollow or faint. Plotly's names. */
function marker(model, tier) {
  const { colour: fill, symbol } = page.models[model] ?? { colour: colour("ink-soft"), symbol: "square" };
  if (tier === 0) return { symbol, size: 12, color: fill, opacity: 1, line: { width: 1, color: colour("ink") } };
  if (tier === 3) return { symbol: "x-thin-open", size: 8, color: fill, opacity: isDark() ? 1 : 0.8, line: { width: 1.5 } };
  if (tier === 1) return { symbol: `${symbol}-open`, size: 10, color: fill, opacity: 1, line: { width: 2 } };
  return { symbol, size: 7, color: fill, opacity: isDark() ? 0.7 : 0.45 };
}

const SVG = "http://www.w3.org/2000/svg";

function svg(tag, attributes) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
}

const CROSS = "M4 4L12 12M12 4L4 12";
const SHAPES = { circle: "M8 3a5 5 0 1 0 .01 0z", "triangle-up": "M8 2.5L13.5 13H2.5z", square: "M3 3h10v10H3z", diamond: "M8 1.5L14.5 8L8 14.5L1.5 8z", "triangle-down": "M8 13.5L2.5 3h11z", cross: "M6 2h4v4h4v4h-4v4H6v-4H2V6h4z" };

/** What stands in a key: a marker, a line, a bar or the frame around a marker. */
function swatch({ symbol, tier, line, dash, bar, frame }) {
  const picture = svg("svg", { width: 18, height: 16, viewBox: "0 0 16 16", "aria-hidden": "true", class: "swatch" });
  if (line) picture.append(svg("path", { d: "M0 8h16", stroke: line, "stroke-width": 2, "stroke-dasharray": dash ?? "none" }));
  if (bar) picture.append(svg("path", { d: "M8 1v14M5 1h6M5 15h6", stroke: "currentColor", "stroke-width": 1.2 }));
  if (frame) picture.append(svg("path", { d: "M1 1h14v14H1z", fill: "none", stroke: "currentColor", "stroke-width": 1.5 }));
  if (symbol) {
    const fill = symbol.colour ?? "currentColor";
    picture.append(svg("path", {
      d: tier === 3 ? CROSS : SHAPES[symbol.symbol ?? "square"], stroke: tier === 1 ? fill : "currentColor", "stroke-width": tier === 2 ? 0 : tier === 1 ? 1.8 : 1,
      fill: tier === 1 ? "none" : fill, opacity: tier === 2 ? 0.4 : 1,
    }));
  }
  return picture;
}

function key(entries) {
  return el("ul", { class: "key", "aria-label": "Key" }, entries.map((entry) => el("li", {}, swatch(entry), ` ${entry.text}`)));
}
