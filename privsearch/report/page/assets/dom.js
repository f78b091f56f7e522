// ---- Elements and words ----

/** An element with attributes, listeners (`onclick`), and children: nodes, or texts, which never become markup. */
function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

/** A text as plotly shows it, which reads some tags and entities. */
function plain(text) {
  return String(text).replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

const MISSING = "–";

function isNumber(value) {
  return typeof value === "number";
}

/** A number with three decimals as the terminal writes it: midway between two to the even one, and no zero with a minus. */
function fixed(value) {
  const below = Math.floor(value * 1000);
  const midway = Number.isInteger(value * 16) && value * 1000 - below === 0.5;
  const text = (midway ? (below + Math.abs(below % 2)) / 1000 : value).toFixed(3);
  return text === "-0.000" ? "0.000" : text;
}

/** A fraction with three digits; all else as it is. */
function fraction(value, signed = false) {
  if (!isNumber(value)) return value ?? MISSING;
  const text = fixed(value);
  return (signed && !text.startsWith("-") ? "+" : "") + text.replace("-", "−");
}

/** A number of any size, short. */
function amount(value) {
  if (!isNumber(value)) return value ?? MISSING;
  return Math.abs(value) >= 100 ? value.toFixed(0) : String(Number(value.toPrecision(3)));
}

/** A mean with what is known of its spread: an interval, or else a standard deviation. */
function measured(rows, column, i, signed = false) {
  const value = rows[column]?.[i];
  if (!isNumber(value)) return MISSING;
  const [low, high, sd] = ["low", "high", "sd"].map((part) => rows[`${column}_${part}`]?.[i]);
  const written = fraction(value, signed);
  if (isNumber(low) && isNumber(high)) return `${written} [${fraction(low, signed)}, ${fraction(high, signed)}]`;
  return isNumber(sd) ? `${written} ± ${fraction(sd)}` : written;
}

/** How many decimals the numbers of a column are shown with, so that the least of them has two digits. */
const decimals = new WeakMap();

function decimalsOf(values) {
  if (!decimals.has(values)) {
    const least = values.filter(isNumber).reduce((low, value) => Math.min(low, value), 100);
    decimals.set(values, least >= 100 ? 0 : least >= 1 ? 1 : 2);
  }
  return decimals.get(values);
}

function formatted(rows, column, i) {
  if (column === "seconds") return isNumber(rows[column][i]) ? rows[column][i].toFixed(decimalsOf(rows[column])) : MISSING;
  if (column === "proposal") return isNumber(rows[column][i]) ? String(rows[column][i]) : MISSING;
  if (column === "front_probability") return isNumber(rows[column][i]) ? rows[column][i].toFixed(2) : MISSING;
  if (column.endsWith("epsilon_low")) return isNumber(rows[column][i]) ? rows[column][i].toFixed(2) : MISSING;
  if (column.endsWith("epsilon_ceiling")) return isNumber(rows[column][i]) ? rows[column][i].toFixed(1) : MISSING;
  return measured(rows, column, i, isExcess(column));
}

function isExcess(column) {
  return column.includes("excess_");
}

/** `~` for an AUC or an excess whose 95 % interval contains what guessing gives, `!` for one whose interval lies below; else nothing. */
function guessMark(rows, column, i) {
  const [low, high] = ["low", "high"].map((end) => rows[`${column}_${end}`]?.[i]);
  if (!isNumber(low) || !isNumber(high) || !(isAuc(column) || isExcess(column))) return "";
  const guess = isExcess(column) ? 0 : 0.5;
  return high < guess ? "!" : low <= guess ? "~" : "";
}

/** A number as a table shows it, its mark before it. */
function marked(rows, column, i) {
  return guessMark(rows, column, i) + formatted(rows, column, i);
}

function isAuc(column) {
  return column === "auc" || column.endsWith(".auc");
}

const MARKS = "~ marks an AUC whose 95 % interval contains 0.5, which is what guessing gives, and an excess whose interval contains 0; ! marks one whose whole interval lies below that.";

const SIGNED_WHOLE = /^([+−-]?)(\d+)(?=$|\.\d|[\s[,±])/;

/** For each text of a column that begins with a number, what would have to stand before it to bring its decimal point below the others'. */
function paddings(texts) {
  const parts = texts.map((text) => (typeof text === "string" ? text.match(SIGNED_WHOLE) : null));
  const found = parts.filter(Boolean);
  const isSigned = found.some(([, sign]) => sign);
  const digits = found.reduce((most, [, , whole]) => Math.max(most, whole.length), 0);
  return parts.map((part) => (part ? (isSigned && !part[1] ? "−" : "") + "0".repeat(digits - part[2].length) : ""));
}

/** Texts of one column, those that begin with a number behind an unseen padding. */
function aligned(texts) {
  return paddings(texts).map((pad, i) => {
    const text = typeof texts[i] === "string" ? texts[i].replace(/^-(?=\d)/, "−") : texts[i];
    return pad ? [el("span", { class: "pad", "data-pad": pad }), text] : text;
  });
}

function capital(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Tell a reader who hears the page what has changed. */
function announce(text) {
  document.getElementById("live").textContent = text;
}

function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...children);
}

function paragraphs(texts, attributes = { class: "note" }) {
  return texts.filter(Boolean).map((text) => el("p", attributes, text));
}

/** A table that is small enough to be read as it is. */
function simpleTable(header, rows, caption, attributes = {}) {
  const cells = (tag, values) => values.map((value) => el(tag, tag === "th" ? { scope: "col" } : {}, value ?? MISSING));
  const columns = header.map((_, k) => aligned(rows.map((row) => row[k])));
  return scroller(caption,
    el("table", attributes,
      el("caption", { class: "quiet" }, caption),
      el("thead", {}, el("tr", {}, cells("th", header))),
      el("tbody", {}, rows.map((_, i) => el("tr", {}, cells("td", columns.map((column) => column[i])))))));
}

function select(id, label, options, chosen, onchange) {
  const control = el("select", { id, onchange: (event) => onchange(event.target.value) });
  for (const { value, text, group } of options) {
    let parent = control;
    if (group) {
      parent = [...control.children].find((child) => child.label === group);
      if (!parent) control.append((parent = el("optgroup", { label: group })));
    }
    parent.append(el("option", { value, selected: value === chosen }, text));
  }
  return el("label", { class: "choice", for: id }, `${label} `, control);
}
