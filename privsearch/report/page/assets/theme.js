// ---- Light, dark, and paper ----

const root = document.documentElement;
const prefersDark = matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function isDark() {
  if (printing) return false;
  return root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
}

function applyTheme() {
  root.classList.toggle("dark", isDark());
  redrawCharts();
  recolourPictures();
  const toggle = document.getElementById("theme");
  if (toggle) toggle.textContent = isDark() ? "Light" : "Dark";
}

function themeToggle() {
  return el("button", {
    id: "theme", type: "button", title: "Switch between light and dark",
    onclick: () => { root.dataset.theme = isDark() ? "light" : "dark"; applyTheme(); },
  }, isDark() ? "Light" : "Dark");
}

/** A colour of the style sheet. */
function colour(name) {
  return getComputedStyle(root).getPropertyValue(`--${name}`).trim();
}

prefersDark.addEventListener("change", applyTheme);
addEventListener("beforeprint", () => { printing = true; applyTheme(); lengthenTables(); });
addEventListener("afterprint", () => { printing = false; applyTheme(); shortenTables(); });
