// ---- Following a study: ask whoever serves this page what is new, and draw that ----

const ASK_MS = 2000;
const FIRST_MS = 200; // while the first document is made
const REST_MS = 10000;
const RETRY_MOST_MS = 30000;
const TYPING_MS = 1500;
const DEFER_MOST_MS = 15000;
const SAY_MS = 20000;

const following = { state: "", drawn: "", page: "", lost: 0, dueSince: 0, lastAt: null, reachedAt: null, said: "", saidAt: 0, touchedAt: 0, pressed: false, timer: 0, counts: null };

const words = el("span", { id: "followed" }, "Reading the study");
const ago = el("span", { id: "ago" });
const bar = el("div", { class: "follow", id: "follow" }, words, ago);
document.getElementById("top").after(bar);

async function fetched(path, within) {
  const answer = await fetch(path, { cache: "no-cache", signal: AbortSignal.timeout(within) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  return answer.json();
}

async function ask() {
  clearTimeout(following.timer);
  let wait = ASK_MS;
  try {
    const status = await fetched("status.json", 10000);
    following.page ||= status.page;
    if (status.page !== following.page) return void location.reload();
    if (status.document && status.document !== following.drawn) wait = await follow(status);
    following.lost = 0;
    following.reachedAt = new Date();
    tell(status);
    if (status.state === "over") return;
    if (!status.document && !status.problem && status.state !== "waiting") wait = FIRST_MS;
    if (status.state === "resting" && status.whole && status.document === following.drawn) wait = REST_MS;
  } catch (error) {
    tellLost(error);
    wait = Math.min(RETRY_MOST_MS, ASK_MS * 2 ** following.lost);
    following.lost += 1;
  }
  following.timer = setTimeout(ask, document.hidden ? Math.max(wait, REST_MS) : wait);
}

/** Fetch and draw what is new, unless the reader is at something; returns when to ask again, in ms. */
async function follow(status) {
  following.dueSince ||= Date.now();
  if (isBusy() && Date.now() - following.dueSince < DEFER_MOST_MS && status.state !== "over") return 500;
  const found = await fetched("document.json", 60000);
  renderKept(found);
  following.drawn = status.document;
  following.counts = { done: status.done, asked: status.asked };
  following.dueSince = 0;
  document.querySelector("#bottom p").textContent = "privsearch, after Moshruba et al. 2025. Charts: plotly.js; tables: DataTables (both MIT). Served on this machine alone.";
  root.dataset.drawn = status.document;
  return ASK_MS;
}

/** Whether the reader is in the middle of something that a new drawing would disturb. */
function isBusy() {
  return following.pressed || Date.now() - following.touchedAt < TYPING_MS || document.querySelector(".hoverlayer .hovertext") !== null || document.activeElement?.localName === "select";
}

function tell({ state, study, problem, seconds_since: seconds, ...newest }) {
  const { done, asked } = following.counts ?? newest; // what is shown, where the reader is still at something
  const counts = `${done} of ${asked} trials`;
  const said = {
    waiting: `Waiting: no sweep has begun in ${study} yet`,
    running: asked === null ? "live: reading the study" : `live: ${counts}`,
    resting: asked === null ? "Reading the study" : done === asked ? `The sweep has ended: ${counts}` : `No sweep is running: ${counts}. Run the same command again to continue it`,
    over: `The sweep has ended: ${counts}. This page stays as it is; privsearch report ${study} writes it as a file`,
  }[state];
  following.lastAt = state === "running" && seconds !== null ? Date.now() - 1000 * seconds : null;
  show(problem ? "problem" : state, problem ? `${said}. Not up to date: ${problem}` : said);
  document.title = `${asked === null || state !== "running" ? "" : `(${done}/${asked}) `}${page?.name ?? study} – privsearch`;
  if (!page) showNothingYet(said, problem);
}

function tellLost(error) {
  following.lastAt = null;
  const network = error instanceof TypeError || error.name === "TimeoutError";
  if (!network) console.error(error);
  const at = following.reachedAt?.toLocaleTimeString();
  const shown = page && at ? ` What is shown is as of ${at}.` : "";
  show("gone", `${network ? "The server has stopped" : `This could not be drawn (${error.message})`}.${shown} Run privsearch watch to serve it again`);
}

function show(state, said) {
  bar.dataset.state = state;
  words.textContent = said;
  tick();
  const whole = said + ago.textContent;
  const changed = state !== following.state;
  if (changed || (said !== following.said && Date.now() - following.saidAt > SAY_MS)) {
    Object.assign(following, { state, said, saidAt: Date.now() });
    announce(whole);
  }
}

function showNothingYet(said, problem) {
  const nothing = section("nothing", "Nothing to show yet", paragraphs([`${said}.`, problem, "This page draws itself as soon as there is something."], {}));
  document.getElementById("main").replaceChildren(nothing);
}

/** How long ago the last trial was, without asking. */
function tick() {
  const seconds = following.lastAt === null ? null : Math.max(0, Math.round((Date.now() - following.lastAt) / 1000));
  const span = seconds < 100 ? `${seconds} s` : seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
  ago.textContent = seconds === null ? "" : `, last ${span} ago`;
}

addEventListener("input", () => { following.touchedAt = Date.now(); }, true);
addEventListener("pointerdown", () => { following.pressed = true; }, true);
for (const name of ["pointerup", "pointercancel", "blur"]) addEventListener(name, () => { following.pressed = false; }, true);
document.addEventListener("visibilitychange", () => { if (!document.hidden && following.state !== "over") ask(); });
setInterval(tick, 1000);
ask();
