// ---- Tables that sort and filter (DataTables) ----

/** The tables that are shown, by name, and how each was left, which a new document does not change. */
const tables = new Map();
const tableStates = new Map();
const PAGE_LENGTH = 15;
const PRINTED_ROWS = 60;

/** What a filter asks of a number: `> 0.9`, `0.5..0.6`, or how it begins. */
function numberTest(text) {
  text = text.replace("≥", ">=").replace("≤", "<=").replaceAll("−", "-");
  const compared = text.match(/^(<=|>=|<|>|=)\s*(-?[\d.]+(?:e-?\d+)?)$/i);
  if (compared) {
    const bound = Number(compared[2]);
    const holds = { "<": (v) => v < bound, ">": (v) => v > bound, "<=": (v) => v <= bound, ">=": (v) => v >= bound, "=": (v) => v === bound };
    return (value) => isNumber(value) && holds[compared[1]](value);
  }
  const between = text.match(/^(-?[\d.]+)\s*\.\.\s*(-?[\d.]+)$/);
  if (between) return (value) => isNumber(value) && value >= Number(between[1]) && value <= Number(between[2]);
  return (value) => isNumber(value) && value.toFixed(3).startsWith(text);
}

function textTest(text) {
  const words = text.toLowerCase().split(/\s+/);
  return (value) => words.every((word) => String(value ?? "").toLowerCase().includes(word));
}

/** A filter that some rows of a column pass: a bound near the middle of its numbers, or the beginning of its first text. */
function suggestion({ key: column, kind, value, low }, rows) {
  const values = rows.map(value).filter((v) => v !== null && v !== undefined && v !== "");
  if (!values.length) return "";
  if (kind !== "number") return column === "trial_id" ? values[0].slice(0, 4) : values[0].split(" ").slice(0, 2).join(" ");
  const sorted = values.filter(isNumber).sort((a, b) => a - b);
  const [middle, spread] = [sorted[Math.floor(sorted.length / 2)], sorted.at(-1) - sorted[0]];
  const scale = 10 ** Math.min(3, Math.max(0, 1 - Math.floor(Math.log10(spread || 1))));
  const bound = (low ? Math.ceil(middle * scale) : Math.floor(middle * scale)) / scale;
  return `${low ? "≤" : "≥"} ${String(bound).replace("-", "−")}`;
}

function escaped(text) {
  return plain(text).replace(/"/g, "&quot;");
}

/**
 * A table of many rows.
 *
 * columns: {key, label, kind, help?, low?, value(i), shown(i) -> text, mark?(i) -> text, node?(i)}; rows: the places of its
 * rows. `low`: small numbers are the good ones.
 */
function bigTable(name, caption, columns, rows, { order = [], drawn = () => {} } = {}) {
  const state = tableStates.get(name) ?? { filters: {}, order };
  tableStates.set(name, state);
  const titles = el("tr", {}, columns.map(({ key: column, label, help }) => el("th", { scope: "col", title: help, class: `col-${column}` }, label)));
  const filters = el("tr", { class: "filters" }, columns.map((column, place) => el("td", { class: column.kind }, column.node ? null : filterField(column, place))));
  const node = el("table", { class: "big" }, el("caption", { class: "quiet" }, caption), el("thead", {}, titles, filters));
  const box = el("div", { class: "table-box" }, scroller(caption, node));
  let tests = [];
  let table = null;

  function filterField(heading, place) {
    const { key: column, label, kind, choices } = heading;
    const set = (value) => {
      state.filters[column] = value.trim();
      readFilters();
      table.draw();
      announce(`${table.rows({ search: "applied" }).count()} of ${rows.length} rows`);
    };
    const attributes = { "aria-label": `Filter ${label}`, "data-filter": column };
    if (choices) {
      const options = ["", ...choices].map((c) => el("option", { value: c, selected: c === (state.filters[column] ?? "") }, c || "all"));
      return el("select", { ...attributes, onchange: (event) => set(event.target.value) }, options);
    }
    return el("input", {
      ...attributes, type: "search", size: kind === "number" ? 6 : column === "trial_id" ? 6 : 10, value: state.filters[column] ?? "",
      placeholder: suggestion(heading, rows), oninput: (event) => set(event.target.value), "data-place": place,
    });
  }

  function readFilters() {
    tests = [];
    columns.forEach(({ key: column, kind, value, choices }) => {
      const text = state.filters[column];
      if (!text) return;
      const test = kind === "number" ? numberTest(text) : choices ? (v) => v === text : textTest(text);
      tests.push((i) => test(value(i)));
    });
  }

  function build() {
    for (const column of columns) if (column.kind === "number") column.pads = new Map(paddings(rows.map(column.shown)).map((pad, k) => [rows[k], pad]));
    table = new DataTable(node, {
      data: rows.map((i) => [i]),
      columns: columns.map(({ key: column, kind, value, shown, mark, node: made, pads }) => ({
        data: 0,
        type: kind === "number" ? "num" : "string",
        orderable: !made,
        className: `${kind} col-${column}`,
        render: (i, purpose) => {
          if (made) return purpose === "display" ? made(i) : "";
          if (purpose === "display") return (mark ? `<span class="mark">${escaped(mark(i))}</span>` : "") + (pads?.get(i) ? `<span class="pad" data-pad="${pads.get(i)}"></span>` : "") + escaped(shown(i));
          // DataTables makes elements of texts to find out what they say, where they seem to hold markup.
          return kind === "number" ? value(i) ?? -Infinity : escaped(value(i) ?? "");
        },
      })),
      autoWidth: false, order: state.order, titleRow: 0, pageLength: PAGE_LENGTH, deferRender: true,
      language: { emptyTable: "nothing to show", zeroRecords: "no row fits the filters", info: "_START_ to _END_ of _TOTAL_", infoFiltered: "(of _MAX_)", infoEmpty: "0 of 0" },
      layout: { topStart: null, topEnd: null, bottomStart: "info", bottomEnd: rows.length > PAGE_LENGTH ? "paging" : null },
    });
    table.search.fixed("filters", (_text, [i]) => tests.every((test) => test(Number(i))));
    table.on("order", () => { state.order = table.order(); });
    table.on("draw", drawn);
    readFilters();
    table.draw();
  }

  tables.set(name, { box, build, get table() { return table; }, redraw: () => table?.rows().invalidate().draw(false) });
  return box;
}

/** DataTables measures what it draws, so tables are built once they stand in the page. */
function buildTables() {
  for (const { box, build, table } of tables.values()) if (!table && box.isConnected) build();
}

function forgetTables(within) {
  for (const [name, { box, table }] of tables) {
    if (within.contains(box)) { table?.destroy(); tables.delete(name); }
  }
}

function lengthenTables() {
  for (const { table } of tables.values()) table?.page.len(PRINTED_ROWS).draw();
}

function shortenTables() {
  for (const { table } of tables.values()) table?.page.len(PAGE_LENGTH).draw();
}
