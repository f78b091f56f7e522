// ---- The verdict on each task, and the key to the names of configurations ----

function verdictSection() {
  const { tasks, judged, notation } = page.verdict;
  return section("verdict", "Verdict",
    tasks.length ? el("ul", { class: "verdicts" }, tasks.map(({ title, sentence }) => el("li", {}, el("b", {}, frontLink(title)), " ", el("span", {}, sentence)))) : null,
    tasks.length ? el("p", { class: "note" }, el("b", {}, "Key. "), notation) : null,
    el("p", { class: tasks.length ? "note" : null }, judged));
}

/** The title of a task, as a link to its front. */
function frontLink(title) {
  const task = page.tasks.find((found) => found.title === title);
  return task ? el("a", { href: `#front-${encodeURIComponent(task.name)}` }, title) : title;
}
