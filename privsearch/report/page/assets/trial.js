// ---- One trial: how its networks learnt, and the ROC curves of its attacks ----

function trialSection() {
  const ids = page.curves.trials.map(({ trial_id: id }) => id);
  const node = section("training", "Training and ROC curves of one trial");
  if (!ids.length) node.append(el("p", {}, "No trial has completed yet."));
  else {
    if (!ids.includes(state.trial)) state.trial = page.roc.trials[0]?.trial_id ?? ids[0];
    const options = ids.map((value) => ({ value, text: `${page.words[value].split(": ").slice(1).join(": ")} (${value.slice(0, 8)})`, group: page.words[value].split(": ")[0] }));
    node.append(el("p", { class: "choices" }, select("trial", "Trial", options, state.trial, chooseTrial)), el("div", { id: "one-trial" }));
    node.append(...paragraphs([page.curves.left_out, ...page.roc.left_out]));
  }
  return node;
}

function chooseTrial(id) {
  state.trial = id;
  const control = document.getElementById("trial");
  if (control) control.value = id;
  showTrial();
}

function showTrial() {
  const holder = document.getElementById("one-trial");
  if (!holder) return;
  forgetCharts(holder);
  const found = page.curves.trials.find(({ trial_id: id }) => id === state.trial);
  holder.replaceChildren(...(found ? [trainingPart(found), rocPart()] : [el("p", {}, "The curves of this trial were left out to keep the page small.")]));
  for (const plot of holder.querySelectorAll(".plot")) drawChart(plot);
}

/** The model of a trial, which decides its colour. */
function modelOf(id) {
  for (const { rows } of page.tasks) {
    const place = rows.trial_id.indexOf(id);
    if (place >= 0) return rows.model[place];
  }
  return "";
}

function modelColour(id) {
  return page.models[modelOf(id)]?.colour ?? colour("ink");
}

const SHADOW_DASH = "dot";

function trainingPart({ trial_id: id, targets, networks }) {
  if (!networks.some(({ loss }) => loss.length)) return el("p", {}, "These networks were trained elsewhere; how they learnt is not known.");
  const shadows = networks.some(({ name }) => name.startsWith("shadow"));
  const chart = (field, title, more) => figure(trainingAlt(networks, field, title), () => [
    networks.map(({ name, [field]: values }) => ({
      x: values.map((_, epoch) => epoch + 1), y: values, name, mode: values.length > 1 ? "lines" : "markers",
      line: name.startsWith("shadow") ? { color: colour("ink-soft"), dash: SHADOW_DASH, width: 1.5 } : { color: modelColour(id), width: 2 },
      marker: { color: name.startsWith("shadow") ? colour("ink-soft") : modelColour(id) },
      hovertemplate: `${plain(name)}<br>epoch %{x}: %{y:.4f}<extra></extra>`,
    })),
    layout(axis("epoch"), axis(title, more), {}),
  ], { height: 330 });
  return el("div", {},
    el("h3", {}, "Training"),
    el("div", { class: "pair" }, chart("loss", "training loss (nats)", { rangemode: "tozero" }), chart("accuracy", "training accuracy (fraction)", {})),
    key([{ line: modelColour(id), text: `${targets} (${modelName(modelOf(id))})` }, ...(shadows ? [{ line: "currentColor", dash: "2 2", text: "shadows" }] : [])]));
}

function trainingAlt(networks, field, title) {
  const last = networks.map(({ [field]: values }) => values.at(-1)).filter(isNumber);
  const epochs = Math.max(...networks.map(({ [field]: values }) => values.length));
  return `${capital(title)} of ${networks.length} networks over ${epochs} epochs; in the last one from ${fraction(Math.min(...last))} to ${fraction(Math.max(...last))}.`;
}

function rocPart() {
  const found = page.roc.trials.find(({ trial_id: id }) => id === state.trial);
  if (!found?.attacks.length) {
    return el("div", {}, el("h3", {}, "ROC"), el("p", {}, "There are no ROC curves of this trial here; the reason stands below."));
  }
  const names = found.attacks.map(({ attack }) => attack);
  if (!names.includes(state.attack)) state.attack = names[0];
  const chosen = found.attacks.find(({ attack }) => attack === state.attack);
  const choice = select("attack", "Attack", names.map((value) => ({ value, text: value })), state.attack, (value) => { state.attack = value; showTrial(); document.getElementById("attack").focus(); });
  return el("div", {}, el("h3", {}, "ROC"), el("p", { class: "choices" }, choice),
    figure(rocAlt(chosen), () => rocChart(chosen), { height: 460, caption: `One line for each target, with ${countsOf(chosen, "members")} members and ${countsOf(chosen, "non_members")} non-members. Both axes are logarithmic. The left counts most: there an attacker accuses few people, and is right.` }),
    key([{ line: modelColour(state.trial), text: "targets" }, { line: "currentColor", dash: "3 2", text: "guessing" }]));
}

/** How many members, or non-members, the targets have: one number, or the fewest and the most. */
function countsOf({ targets }, kind) {
  const counts = targets.map(({ [kind]: accused }) => accused.at(-1)); // at the last point all are accused
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  return fewest === most ? `${fewest}` : `${fewest} to ${most}`;
}

/** The true positive rate of one curve at a false positive rate. */
function rateAt({ members, non_members: others }, fpr) {
  const [m, n] = [members.at(-1), others.at(-1)]; // at the last point all are accused
  const places = others.map((count, i) => (count / n <= fpr ? i : -1)).filter((i) => i >= 0);
  return places.length ? members[places.at(-1)] / m : 0;
}

function rocAlt(chosen) {
  const rates = [0.01, 0.1].map((fpr) => `${fraction(mean(chosen.targets.map((curve) => rateAt(curve, fpr))))} of the members are found where ${fpr} of the non-members are accused`);
  return `ROC curves of the attack ${chosen.attack} on ${chosen.targets.length} targets, on logarithmic axes; on average ${rates.join(", ")}.`;
}

function rocChart({ targets }) {
  const least = 0.5 / Math.max(...targets.map(({ non_members: others }) => others.at(-1)));
  const lowest = Math.min(least, 0.5 / Math.max(...targets.map(({ members }) => members.at(-1))));
  const lines = targets.map(({ members, non_members: others }, k) => {
    const [m, n] = [members.at(-1), others.at(-1)];
    const points = members.map((count, i) => [Math.max(others[i] / n, least), count / m]).filter(([, tpr]) => tpr > 0);
    return {
      x: points.map(([fpr]) => fpr), y: points.map(([, tpr]) => tpr), mode: "lines", line: { color: modelColour(state.trial), width: 1.8 },
      opacity: targets.length > 4 ? 0.6 : 0.9, hovertemplate: `target ${k + 1}<br>FPR %{x:.2g}, TPR %{y:.2g}<extra></extra>`,
    };
  });
  const diagonal = { x: [lowest, 1], y: [lowest, 1], mode: "lines", hoverinfo: "skip", line: { color: colour("ink"), dash: "dash", width: 1.2 } };
  const log = { type: "log", exponentformat: "power", dtick: 1, minor: { ticks: "outside", ticklen: 3, dtick: "D1", showgrid: false } };
  const range = (low) => [Math.log10(low), 0.02];
  return [[diagonal, ...lines], layout(
    axis("false positive rate (fraction)", { ...log, range: range(least) }), axis("true positive rate (fraction)", { ...log, range: range(lowest) }))];
}
