// ---- Tables that sort and filter (DataTables) ----

/** The tables that are shown, by name, and how each was left, which a new document does not change. */
const tables = new Map();
const tableStates = new Map();
const PAGE_LENGTH = 15;
const PRINTED_ROWS = 60;

/** What a filter asks of a number: `> 0.9`, `0.5..0.6`, or how it begins. */
function numberTest(text) {
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

function escaped(text) {
  return plain(text).replace(/"/g, "&quot;");
}

/**
 * A table of many rows.
 *
 * columns: {key, label, kind, help?, value(i), shown(i) -> text, node?(i)}; rows: the places of its rows.
 */
function bigTable(name, caption, columns, rows, { order = [], drawn = () => {} } = {}) {
  const state = tableStates.get(name) ?? { filters: {}, order };
  tableStates.set(name, state);
  const titles = el("tr", {}, columns.map(({ key: column, label, help }) => el("th", { scope: "col", title: help, class: `col-${column}` }, label)));
  const filters = el("tr", { class: "filters" }, columns.map((column, place) => el("td", {}, column.node ? null : filterField(column, place))));
  const node = el("table", { class: "big" }, el("caption", { class: "quiet" }, caption), el("thead", {}, titles, filters));
  const holder = el("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption }, node);
  const box = el("div", { class: "table-box" }, holder);
  let tests = [];
  let table = null;

  function filterField({ key: column, label, kind, choices }, place) {
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
      ...attributes, type: "search", size: kind === "number" ? 5 : column === "trial_id" ? 6 : 10, value: state.filters[column] ?? "",
      placeholder: kind === "number" ? "> 0.5" : "filter", oninput: (event) => set(event.target.value), "data-place": place,
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
    table = new DataTable(node, {
      data: rows.map((i) => [i]),
      columns: columns.map(({ key: column, kind, value, shown, node: made }) => ({
        data: 0,
        type: kind === "number" ? "num" : "string",
        orderable: !made,
        className: `${kind} col-${column}`,
        render: (i, purpose) => {
          if (made) return purpose === "display" ? made(i) : "";
          if (purpose === "display") return escaped(shown(i));
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
