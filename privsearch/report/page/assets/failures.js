// ---- What has no numbers, and why ----

function failuresSection() {
  const { failed, num_failed: numFailed, said, dead, at_chance: atChance, waiting, num_waiting: numWaiting } = page.failures;
  const nothing = !numFailed && !said.length && !dead.length && !atChance.length && !numWaiting;
  return section("failures", "Failures and missing numbers",
    nothing ? el("p", {}, "Every trial that was asked for has completed, and every attack could be run.") : null,
    numFailed ? el("h3", {}, `Failed trials: ${numFailed}`) : null,
    failed.map(failedTrial),
    failed.length < numFailed ? el("p", { class: "note" }, `Shown are ${failed.length}; trials.jsonl has all.`) : null,
    dead.length ? [el("h3", {}, "Dead networks"), el("p", {}, "A dead network gives all examples the same outputs, so no attack can learn anything from it. Its trial is on no front."),
      simpleTable(["dataset", "configuration", "dead networks", "trial"], dead.map((d) => [d.dataset, d.configuration, d.networks, d.trial_id]), "Trials with a dead network")] : null,
    atChance.length ? [el("h3", {}, "Networks that have not learnt"), el("p", {}, "In each of these trials some network classifies its own training data no better than always naming the most frequent class would. That such a network leaks nothing proves nothing, so the trials are in no audit and on no front."),
      simpleTable(["dataset", "configuration", "train accuracy", "trial"], atChance.map((d) => [d.dataset, d.configuration, d.train_accuracy, d.trial_id]), "Trials with networks that have not learnt")] : null,
    said.length ? [el("h3", {}, "Attacks and signals"), paragraphs(said, {})] : null,
    numWaiting ? [el("h3", {}, `Not run yet: ${numWaiting}`), el("details", {}, el("summary", {}, "Which"),
      simpleTable(["dataset", "trial"], waiting.map((w) => [w.dataset, w.trial_id]), "Trials that have not been run"),
      waiting.length < numWaiting ? el("p", { class: "note" }, `and ${numWaiting - waiting.length} more`) : null)] : null);
}

function failedTrial(trial) {
  const tried = trial.attempts > 1 ? `tried ${trial.attempts} times, ` : "";
  return el("article", { class: "failure" },
    el("p", {}, el("b", {}, `${trial.dataset}: ${trial.configuration}`), el("br"), `${trial.error}: ${trial.message}`),
    el("p", { class: "note" }, `trial ${trial.trial_id}, ${tried}${amount(trial.seconds)} s on ${trial.host}, ${trial.finished_at}`),
    paragraphs(trial.evidence, { class: "note pre" }),
    trial.traceback ? el("details", {}, el("summary", {}, "Traceback"), el("pre", { tabindex: 0 }, trial.traceback)) : null);
}
