"""Wrong sweep files, data and study directories, each to be written and tried on the command line."""

import io
import pickle
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
from builders import make_completed, make_failed
from PIL import Image

from privsearch.api.study import Study
from privsearch.spec.sweep_file import MAX_BYTES, read_sweep
from privsearch.study.record import RecordWriter

GOOD: Final = """\
name: good
datasets: [iris]
grids:
  first:
    model: [ann, snn]
    weight_bit_width: [null, 4]
recipe:
  epochs: 3
objectives: {test_accuracy: maximize, svm.auc: minimize}
"""

TABLE: Final = "[{name: mine, path: mine.csv, label: y}]"
"""The datasets of a sweep with a table."""


@dataclass(frozen=True)
class Case:
    """Something wrong.

    Attributes:
        what: is wrong with it.
        files: what is written, by path; None where it is taken away.
        words: the command line, run where the files are.
    """

    what: str
    files: dict[str, str | bytes | None] = field(default_factory=dict)
    words: tuple[str, ...] = ("plan", "sweep.yaml")


def text(what: str, content: str | bytes) -> Case:
    """A sweep file that holds this."""
    return Case(what, {"sweep.yaml": content})


def change(what: str, old: str, new: str) -> Case:
    """The good sweep file with a change."""
    assert old in GOOD
    return text(what, GOOD.replace(old, new, 1))


def more(what: str, line: str) -> Case:
    """The good sweep file with more in it."""
    return text(what, f"{GOOD}{line}\n")


def option(what: str, *words: str) -> Case:
    """The good sweep file with options behind it."""
    return Case(what, {"sweep.yaml": GOOD}, ("plan", "sweep.yaml", *words))


def table(what: str, content: str | bytes | None, fields: str = "label: kind", name: str = "mine.csv") -> Case:
    """A sweep of a table that holds this, with these fields in its entry."""
    files = {} if content is None else {name: content}
    return Case(what, {"sweep.yaml": GOOD.replace("[iris]", f"[{{name: mine, path: {name}, {fields}}}]"), **files})


def arrays(what: str, content: bytes | None = None, fields: str = "", recipe: str = "", **named: Any) -> Case:
    """A sweep of an NPZ file that holds this, with these fields in its entry, and these in its recipe."""
    if content is None:
        buffer = io.BytesIO()
        np.savez(buffer, **named)
        content = buffer.getvalue()
    sweep = GOOD.replace("[iris]", f"[{{name: mine, path: mine.npz{fields}}}]").replace(
        "epochs: 3", f"epochs: 3{recipe}"
    )
    return Case(what, {"sweep.yaml": sweep, "mine.npz": content})


def pictures(what: str, fields: str = "", **images: np.ndarray) -> Case:
    """A sweep of a folder of images, five of each class, that holds these too, by their classes."""
    usual = {f"{folder}/{k}.png": np.full((6, 6), 40 * k, np.uint8) for folder in "ab" for k in range(5)}
    named = {f"photos/{path}": png(image) for path, image in usual.items()}
    named |= {f"photos/{folder}/more.png": png(image) for folder, image in images.items()}
    return Case(what, {"sweep.yaml": GOOD.replace("[iris]", f"[{{name: photos, path: photos/{fields}}}]"), **named})


def png(image: np.ndarray) -> bytes:
    """An image as a file has it."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "PNG")
    return buffer.getvalue()


def study(what: str, *words: str, **files: str | bytes | None) -> Case:
    """A study in `study/` with files changed, or taken away; `__` in a name stands for its dot."""
    changed = {f"study/{name.replace('__', '.')}": content for name, content in files.items()}
    return Case(what, changed, words)


def write(case: Case, folder: Path) -> None:
    """Write what a case is about; beside it lies the study that some of them change."""
    (folder / "sweep.yaml").write_text(GOOD)
    begun = Study(folder / "study")
    begun.begin(read_sweep(folder / "sweep.yaml"), {"a" * 16: "iris", "b" * 16: "iris", "c" * 16: "iris"}, {})
    with RecordWriter(begun.record_path) as record:
        for result in (make_completed(), make_failed(), make_completed("c" * 16, model="snn")):
            record.append(result)
    for name, content in case.files.items():
        if content is None:
            (folder / name).unlink()
        else:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)


SEQUENCES: Final = np.random.default_rng(0).normal(size=(10, 4, 3))


def gapped() -> np.ndarray:
    """Inputs over time with a step of NaN before the last one."""
    x = SEQUENCES.copy()
    x[3, 1] = np.nan
    return x


X: Final = np.arange(30.0).reshape(10, 3)
Y: Final = np.arange(10) % 2
ROWS: Final = "".join(f"{i},{i / 2},{'ab'[i % 2]}\n" for i in range(10))


def bomb() -> bytes:
    """A small archive whose directory says that it unpacks to more than four gigabytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for name in ("x.npy", "y.npy"):
            file.writestr(name, b"0" * 16)
    content = bytearray(buffer.getvalue())
    for member in (content.index(b"PK\x01\x02"), content.rindex(b"PK\x01\x02")):
        content[member + 24 : member + 28] = (2**32 - 2).to_bytes(4, "little")
    return bytes(content)


SWEEP_FILES: Final = (
    text("an empty file", ""),
    text("nothing but a comment", "# later\n"),
    text("a list", "- name: good\n"),
    change("a NUL in a dataset's path", "[iris]", '[{name: mine, path: "a\\0b.csv", label: kind}]'),
    change("half a character in a dataset's path", "[iris]", '[{name: mine, path: "a\\ud800.csv", label: kind}]'),
    more("a NUL in the storage", 'storage: "a\\0b"'),
    text("a word", "quickstart\n"),
    text("a binary file", b"\x89PNG\r\n\x1a\n\0\0"),
    text("text of another encoding", "name: caf\xe9\n".encode("latin-1")),
    text("a control character", GOOD + "# \x07\n"),
    text("a tab", GOOD.replace("  first:", "\tfirst:")),
    text("a bracket that is not closed", "name: [good\n"),
    change("a quote that is not closed", "name: good", 'name: "good'),
    text("a quote that another one closes", GOOD.replace("name: good", 'name: "good') + 'storage: "kept"\n'),
    text("a colon too many", GOOD.replace("name: good", "name: good: better")),
    text("a key twice", GOOD + "name: better\n"),
    text("two documents", GOOD + "---\n" + GOOD),
    text("an anchor", GOOD.replace("[ann, snn]", "&models [ann, snn]")),
    text("a name behind a question mark", "name: p\n? datasets\n: [iris]\n"),
    text("an alias", GOOD.replace("[ann, snn]", "*models")),
    text("a bomb of aliases", "a: &a [1, 1]\nb: &b [*a, *a]\nc: [*b, *b]\n"),
    text("a merge key", GOOD.replace("model: [ann, snn]", "<<: {model: [ann]}")),
    text("a call of Python", GOOD + "seed: !!python/object/apply:os.system [touch PWNED]\n"),
    text("a name of Python", GOOD.replace("name: good", "name: !!python/name:os.system")),
    text("brackets, a hundred thousand deep", "name: " + "[" * 100_000 + "\n"),
    text("a key that is a list", GOOD + "? [a, b]\n: 1\n"),
    text("an integer of 401 digits", GOOD + f"seed: 1{'0' * 400}\n"),
    text("more values than a sweep can have", GOOD + f"attacks: [{'svm,' * 20_000}]\n"),
    text("a large file", "#" * (MAX_BYTES + 1)),
    Case("no file", {}, ("plan", "sweeep.yaml")),
    Case("a directory", {}, ("plan", "study")),
    change("several mistakes", "[iris]\ngrids:", "[irs]\nseed: one\ngridz:"),
    more("a hundred mistakes", f"attacks: [{', '.join(['svn'] * 100)}]"),
)

FIELDS: Final = (
    change("a misspelt field", "grids:", "gridz:"),
    more("a field of nothing", "budget: 3"),
    change("a field that is missing", "name: good\n", ""),
    change("no grids", GOOD[GOOD.index("grids:") : GOOD.index("recipe:")], ""),
    change("grids of another type", GOOD[GOOD.index("  first:") : GOOD.index("recipe:")], "  - first\n"),
    more("a search of nothing", "search: {}"),
    more("a search without an end", "search: {space: {model: ann}}"),
    more("a sampler that is none", "search: {trials: 9, sampler: nsga4, space: {model: ann}}"),
    more(
        "a sampler's option that is none", "search: {trials: 9, sampler: {kind: tpe, startup: 3}, space: {model: ann}}"
    ),
    more("a search for half a trial", "search: {trials: 0.5, space: {model: ann}}"),
    more("a space without a model", "search: {trials: 9, space: {epochs: [1, 2]}}"),
    more("a space of an unknown axis", "search: {trials: 9, space: {model: ann, epoch: 2}}"),
    more("a range with its ends swapped", "search: {trials: 9, space: {model: snn, beta: {low: 0.9, high: 0.8}}}"),
    more("a range beyond its axis", "search: {trials: 9, space: {model: snn, beta: {low: 0.9, high: 1.8}}}"),
    more("a range of names", "search: {trials: 9, space: {model: {low: ann, high: snn}}}"),
    more("a range without its end", "search: {trials: 9, space: {model: snn, beta: {low: 0.9, hihg: 1.0}}}"),
    more("half a step", "search: {trials: 9, space: {model: snn, num_steps: {low: 5, high: 9, step: 0.5}}}"),
    more("an idle axis of a search", "search: {trials: 9, space: {model: ann, beta: 0.9}}"),
    more(
        "brute force on a range",
        "search: {trials: 9, sampler: brute_force, space: {model: snn, beta: {low: 0.8, high: 1}}}",
    ),
    more(
        "brute force on a billion values",
        "search: {trials: 9, sampler: brute_force, space: {model: ann, epochs: {low: 1, high: 1000000000}}}",
    ),
    more("gp with conditions", "search: {trials: 9, sampler: gp, space: {model: [ann, snn], beta: [0.8, 0.9]}}"),
    more(
        "a constraint on no column", 'search: {trials: 9, space: {model: ann}, constraints: {tset_accuracy: ">= 0.9"}}'
    ),
    more("a constraint that is none", "search: {trials: 9, space: {model: ann}, constraints: {test_accuracy: high}}"),
    more(
        "a range with more steps than can be tried",
        "search: {trials: 9, space: {model: snn, beta: {low: 0.5, high: 1, step: 1e-300}}}",
    ),
    more("a range to 2**63", "search: {trials: 9, space: {model: ann, epochs: {low: 1, high: 9223372036854775808}}}"),
    more("a value twice in a space", "search: {trials: 9, space: {model: [ann, ann]}}"),
    more("a constraint that always holds", 'search: {trials: 9, space: {model: ann}, constraints: {svm.auc: "<= 55"}}'),
    more(
        "a constraint without quotes", "search: {trials: 9, space: {model: ann}, constraints: {test_accuracy: >= 0.9}}"
    ),
    more("a constraint of nothing", "search: {trials: 9, space: {model: ann}, constraints: {test_accuracy: null}}"),
    more("a constraint in percent", 'search: {trials: 9, space: {model: ann}, constraints: {test_accuracy: ">= 90"}}'),
    more("a constraint beyond all", 'search: {trials: 9, space: {model: ann}, constraints: {svm.auc: "< 0"}}'),
    more(
        "a subsample that a search cannot take",
        "search: {trials: 9, space: {model: ann, train_size: {low: 2, high: 50}}}",
    ),
    change("an empty mapping of grids", GOOD[GOOD.index("grids:") : GOOD.index("recipe:")], "grids: {}\n"),
    change("a grid that is a list", GOOD[GOOD.index("  first:") : GOOD.index("recipe:")], "  first: [1]\n"),
    change("a grid without a model", "    model: [ann, snn]\n", ""),
    change("a name that leaves the directory", "name: good", "name: ../../etc/passwd"),
    change("a name with a slash", "name: good", "name: a/b"),
    change("a name of dots", "name: good", "name: .."),
    change("a name with an escape sequence", "name: good", r'name: "\e[31mred"'),
    change("a name of 300 characters", "name: good", f"name: {'n' * 300}"),
    change("a name that is a number", "name: good", "name: 2026"),
    change("a grid's name with a slash", "  first:", "  ../first:"),
    change("a grid's name with markup", "  first:", '  "<script>":'),
    change("a misspelt axis", "weight_bit_width:", "wieght_bits:"),
    change("an axis that is a number", "weight_bit_width:", "3:"),
    change("an axis without values", "[ann, snn]", "[]"),
    change("a model that is none", "[ann, snn]", "[ann, snm]"),
    change("a model that is true", "[ann, snn]", "[true]"),
    change("half a bit", "[null, 4]", "[null, 3.5]"),
    change("too many bits", "[null, 4]", "[16]"),
    change("a negative width", "[null, 4]", "[-4]"),
    change("bits in words", "[null, 4]", "[four]"),
    change("a threshold that is not a number", "weight_bit_width: [null, 4]", "threshold: [.nan]"),
    change("an infinite threshold", "weight_bit_width: [null, 4]", "threshold: [.inf]"),
    change("a threshold without activations", "weight_bit_width: [null, 4]", "threshold: [0.5]"),
    change("time steps without a spiking network", "model: [ann, snn]", "model: ann\n    num_steps: [5]"),
    change("a range of membranes beyond its rest", "weight_bit_width: [null, 4]", "state_range: [[-1, 1.2], [0.5, 1]]"),
    change("a range of membranes with one end", "weight_bit_width: [null, 4]", "state_range: [-1]"),
    change("privacy in a number", "weight_bit_width: [null, 4]", "dp: [null, 3]"),
    change("privacy with a misspelt field", "weight_bit_width: [null, 4]", "dp: [{epsilom: 3}]"),
    change("privacy of nothing", "weight_bit_width: [null, 4]", "dp: {delta: 1e-5}"),
    change("privacy given twice", "weight_bit_width: [null, 4]", "dp: {epsilon: 3, noise_multiplier: 1}"),
    change("privacy beyond all bounds", "epochs: 3", "dp: {epsilon: 1e9}"),
    change("a delta that lets an example out", "weight_bit_width: [null, 4]", "dp: [{epsilon: 3, delta: 0.01}]"),
    change("privacy of gradients of 16 bits", "weight_bit_width: [null, 4]", "dp: {epsilon: 3}\n    precision: bf16"),
    more("privacy that a search chooses", "search: {trials: 9, space: {model: ann, dp: [null, {epsilon: 3}]}}"),
    change("ranges of another kind", "[iris]", TABLE.replace("}]", ", scaling: {kind: standard, low: 0, high: 1}}]")),
    change("a range that is no range", "[iris]", TABLE.replace("}]", ", scaling: {low: 1, high: 0}}]")),
    change("a range for too few columns", "[iris]", TABLE.replace("}]", ", scaling: {low: [0, 0], high: [1, 1, 1]}}]")),
    change(
        "public ranges of what is fitted",
        "[iris]",
        TABLE.replace("}]", ", missing: impute, scaling: {low: 0, high: 1}}]"),
    ),
    change("membranes where there are none", "weight_bit_width: [null, 4]", "state_gradient: straight_through"),
    change("a misspelt surrogate gradient", "weight_bit_width: [null, 4]", "surrogate_gradient: fast_sigmoyd"),
    change("no epochs", "epochs: 3", "epochs: 0"),
    change("epochs in words", "epochs: 3", "epochs: three"),
    change("a huge learning rate", "epochs: 3", "learning_rate: 1e999"),
    change("a learning rate that no weight survives", "epochs: 3", "learning_rate: 1e308"),
    change("a learning rate that moves no weight", "epochs: 3", "learning_rate: 5e-324"),
    change("epochs of 99 digits", "epochs: 3", f"epochs: {'9' * 99}"),
    change("a batch of more than all examples there are", "weight_bit_width: [null, 4]", f"batch_size: [1{'0' * 30}]"),
    change(
        "a threshold that is nothing in 32 bits",
        "weight_bit_width: [null, 4]",
        "act_bit_width: 4\n    threshold: 1e-300",
    ),
    change("a width of nothing", "epochs: 3", "width: 1e-300"),
    change("a value twice in a grid", "[null, 4]", "[null, 4, 4]"),
    change("a number that others read otherwise", "epochs: 3", "epochs: 012"),
    change("a number with an underscore too many", "epochs: 3", "epochs: 1__0"),
    change("a misspelt recipe field", "epochs: 3", "epocs: 3"),
    change("a recipe that is a list", "  epochs: 3", "  - epochs"),
    change("an override of no dataset", "epochs: 3", "overrides: {irs: {epochs: 1}}"),
    change("an override that is a number", "epochs: 3", "overrides: {iris: 3}"),
    change("a sample larger than the data", "epochs: 3", "train_size: 1000"),
    change("no datasets", "[iris]", "[]"),
    change("a dataset that is none", "[iris]", "[cifar-10]"),
    change("a dataset twice", "[iris]", "[iris, iris]"),
    change("a dataset that is a number", "[iris]", "[3]"),
    change("a dataset without a name", "[iris]", "[{path: a.csv, label: y}]"),
    change("a dataset named like a path", "[iris]", "[{name: a/../b, path: a.npz}]"),
    change("a dataset named like a script", "[iris]", "[{name: <script>alert(1)</script>, path: a.npz}]"),
    change("a dataset named like a formula", "[iris]", '[{name: "=cmd|calc", path: a.npz}]'),
    change("a dataset named like a built-in one", "[iris]", "[{name: iris, path: mine.csv, label: y}]"),
    change("a dataset of a plugin that was not named", "[iris]", "[our_cohort]"),
    change("a table of another kind", "[iris]", "[{name: a, path: a.xlsx, label: y}]"),
    change("a CSV without a label", "[iris]", "[{name: a, path: a.csv}]"),
    change("a dataset of another kind", "[iris]", "[{name: a, path: a.hdf5}]"),
    change("a direction that is none", "maximize", "maximise"),
    change("four objectives", "{test", "{train_accuracy: maximize, seconds: minimize, test"),
    change("an objective that is no column", "svm.auc", "lira.auc"),
    change("epsilon where membership is not random", "svm.auc", "svm.epsilon_low"),
    more("a protocol that is none", "protocol: halvs"),
    more("a protocol that is a number", "protocol: 5"),
    more("a protocol with an odd number of networks", "protocol: {kind: halves, networks: 5}"),
    more("a race backwards", "protocol: {kind: halves, networks: {from: 8, to: 4}}"),
    more("a race that misses its end", "protocol: {kind: paper, replicates: {from: 3, to: 10}}"),
    more("a race by parts of blocks", "protocol: {kind: halves, networks: {from: 8, to: 32, step: 4}}"),
    more("a race without an end", "protocol: {kind: halves, networks: {from: 4}}"),
    more("a misspelt field of a race", "protocol: {kind: halves, networks: {from: 4, to: 8, minuts: 5}}"),
    more("blocks of unequal sizes", "protocol: {kind: halves, networks: 10, networks_per_attack: 4}"),
    more("a misspelt field of a protocol", "protocol: [paper, {kind: halves, netwrks: 8}]"),
    more("a choice of splits in words", "protocol: {kind: paper, resplit: always}"),
    more("a protocol twice", "protocol: [paper, paper]"),
    more("an audit of one run with canaries alone", "protocol: {kind: one_run, canaries: true}\nattacks: [loss]"),
    more("an audit of one run without examples", "protocol: {kind: one_run, audited_fraction: 0}\nattacks: [loss]"),
    more("views that nobody asks about", "protocol: {kind: halves, dropout_queries: 3}"),
    more("an attack that is none", "attacks: [svm, lirra]"),
    more("an attack that the protocol cannot carry", "attacks: [svm, lira]"),
    more("an attack that learns from what nobody is judged on", "attacks: [svm, quantile_regression]"),
    more("a misspelt field of an attack", "protocol: halves\nattacks: [svm, {kind: lira, mod: online}]"),
    more("an attack's number out of bounds", "protocol: halves\nattacks: [svm, {kind: rmia, a: -1}]"),
    more("a switch in words", "keep_signals: maybe"),
    more("a race that keeps nothing", "protocol: {kind: halves, networks: {from: 4, to: 8}}\nkeep_signals: false"),
    more("a negative seed", "seed: -1"),
    more("a misspelt resource", "resources: {gpus: 1}"),
    more("more cores than a machine has", "resources: {cpu: 1e9}"),
    more("a resource without a name", "resources: {custom: {'': 1}}"),
    more("costs without a source", "energy: {flat: {mac: 3.1}}"),
    more("a misspelt table of costs", "energy: {flatt: {mac: 3.1}}"),
    more("a misspelt cost", "energy: {memory: {acces: 13.2, source: a chip}}"),
    more("a cost below nothing", "energy: {bits: {int32_add: -0.1, source: a chip}}"),
    more("a source that is none", "energy: {flat: {mac: 3.1, source: ''}}"),
    change("a firing rate of conventional networks", "svm.auc: min", "firing_rate: min"),
    more("a share of a GPU that is none", "resources: {gpu: 1e-300}"),
    more("a shadow of nothing", "protocol: {kind: paper, shadow_fraction: 1e-300}"),
    more("a shadow without an example", "protocol: {kind: paper, shadow_fraction: 0.003}"),
    change(
        "an audit of too few examples",
        "objectives: {test_accuracy: maximize, svm.auc: minimize}",
        "protocol: {kind: one_run, audited_fraction: 0.01}\nattacks: [loss]",
    ),
    more("no cores", "resources: {cpu: 0}"),
    more("checkpoints all the time", "checkpoint_minutes: 0"),
    more("checkpoints in words", "checkpoint_minutes: hourly"),
    more("checkpoints said with true", "checkpoint_minutes: true"),
    change(
        "a product of 10^12 points",
        "    weight_bit_width: [null, 4]\n",
        "".join(
            f"    {axis}: [{', '.join(f'{i / 1000}' for i in range(1, 1001))}]\n"
            for axis in ("beta", "learning_rate", "weight_decay", "threshold")
        )
        + "    act_bit_width: 4\n",
    ),
)

OPTIONS: Final = (
    option("a value that breaks a rule", "--set", "recipe.epochs=x"),
    option("a setting of no field", "--set", "recipe.epocs=1"),
    option("a setting that makes a field that is none", "--set", "a.b.c=1"),
    option("a setting without a value", "--set", "recipe"),
    option("a setting within a list", "--set", "datasets.0=iris"),
    option("a setting that is no YAML", "--set", "seed=["),
    option("a setting that is a call of Python", "--set", "seed=!!python/object/apply:os.system [touch PWNED]"),
    Case("a trial that is none", {}, ("trial", "sweep.yaml", "0123")),
    Case("an attack that is none, on a study", {}, ("attack", "study", "--attack", "lirra")),
    Case("an attack with a misspelt field", {}, ("attack", "study", "--attack", "{kind: lira, mod: x}")),
    Case("an attack that is no YAML", {}, ("attack", "study", "--attack", "[")),
    Case("an attack of no name", {}, ("attack", "study", "--attack", "")),
    Case("an attack that the study cannot carry", {}, ("attack", "study", "--attack", "lira")),
    Case("an attack that the study lacks, for its tables", {}, ("tables", "study", "--attack", "lira")),
    Case("a trial that is none, to compare", {}, ("diff", "study", "zzz")),
    Case("a name that no configuration has", {}, ("diff", "study", "ANN w9")),
    Case("a dataset without the trial", {}, ("export", "study", "ANN", "--dataset", "irsi")),
    Case("a network trained in two ways", {}, ("export", "study", "a", "--train", "--retrain")),
    Case("data that have changed, to train on all", {}, ("export", "study", "a", "--retrain")),
    Case("a folder of something else", {"to/README.md": "mine"}, ("export", "study", "a", "--to", "to")),
    Case("a spiking network as ONNX", {}, ("export", "study", "c", "--format", "onnx")),
    Case("a spiking network for NIR", {}, ("export", "study", "c", "--format", "nir")),
    Case("a decimal comma", {}, ("pick", "study", "--min-accuracy", "0,9")),
    Case("a percentage", {}, ("diff", "study", "a", "--equivalent-within", "2%")),
    Case("a trial that failed, to compare", {}, ("diff", "study", "b")),
    Case("a column that is none", {}, ("diff", "study", "a", "--column", "svm.acu")),
    Case("a margin in percent", {}, ("diff", "study", "a", "--equivalent-within", "2")),
    Case("nothing to compare at equal accuracy", {}, ("diff", "study", "a", "--at-equal-accuracy")),
    Case("a trial without a frontier", {}, ("diff", "study", "a", "c", "--at-equal-accuracy")),
    Case(
        "a plugin that ends the program", {"mine.py": "raise SystemExit"}, ("plan", "sweep.yaml", "--plugin", "mine.py")
    ),
    Case("an address of nothing", {}, ("sweep", "sweep.yaml", "--address", "")),
    Case("workers for the runner that has none", {}, ("sweep", "sweep.yaml", "--runner", "inline", "--workers", "2")),
    Case("a dataset that cannot be fetched", {}, ("data", "fetch", "cifar-10")),
    Case("a built-in sweep whose name is mistyped", {}, ("plan", "quikstart")),
    Case("an example of no name", {}, ("init", "quikstart")),
    Case("an example where another file is", {"sweeps/search.yaml": "name: mine"}, ("init", "quickstart", "search")),
    Case("examples below a file", {"sweeps": "text"}, ("init", "quickstart")),
)

DATA: Final = (
    table("no table", None),
    table("an empty table", ""),
    table("a table of a header", "x,y,kind\n"),
    table("a table with a row too long", "x,y,kind\n" + ROWS + "1,2,a,4\n"),
    table("a table with rows too short", "x,y,kind\n" + ROWS + "1,2\n3\n"),
    table("a table that names its delimiter", "sep=,\nx,y,kind\n" + ROWS),
    table("a table below a comment", "# by hand\nx,y,kind\n" + ROWS),
    table("a table with points between thousands", "x;kind\n" + "1.000,5;a\n2;b\n" * 9),
    table("thousands that are none", "x;kind\n" + "1.5;a\n2.25;b\n" * 9, "label: kind, thousands: '.'"),
    table("one mark for thousands and decimals", "x;kind\n1;a\n", "label: kind, thousands: ',', decimal: ','"),
    table("a binary table", b"\x89PNG\xff\xfe"),
    table("a table without its label", "x,y,kinds\n" + ROWS),
    table("a table without numbers", "x,y,kind\n" + ROWS + "1,two,a\n"),
    table("a table with a missing number", "x,y,kind\n" + ROWS + ",2,a\n"),
    table("a table with a missing label", "x,y,kind\n" + ROWS + "1,2,\n"),
    table("a table of one class", "x,y,kind\n" + ROWS.replace("b", "a")),
    table("a table with a number of 400 digits", "x,y,kind\n" + ROWS + f"{'9' * 400},2,a\n"),
    Case(
        "one coin for identical rows",
        {
            "sweep.yaml": GOOD.replace(
                "[iris]", "[{name: mine, path: mine.csv, label: kind, duplicates: group}]\nprotocol: one_run"
            ).replace("svm.auc: minimize}", "loss.auc: minimize}\nattacks: [loss]"),
            "mine.csv": "x,y,kind\n" + ROWS,
        },
    ),
    arrays("images whose channels may be first or last", x=np.zeros((10, 7, 5, 6)), y=Y),
    table("a table with text and missing values", "x,y,kind\n" + ROWS + "1,two,a\n2,three,b\n,4,a\n"),
    table("a table with marks for missing values", "x,y,kind\n" + ROWS + "1,?,a\n2,?,b\n"),
    table("a table with commas of thousands or decimals", "x;y;kind\n" + "1,000;2;a\n1,500;3;b\n" * 9),
    table(
        "a table in UTF-8 that is not",
        b"x,y,kind\n" + "1,2,grün\n".encode("cp1252") * 9,
        "label: kind, encoding: utf-8",
    ),
    table("a table of measurements to tell", "x,kind\n" + "".join(f"{k},{k / 7}\n" for k in range(40))),
    table("a table whose rows all lack something", "x,y,kind\n" + "1,,a\n,2,b\n" * 9, "label: kind, missing: drop"),
    table("a table without the column to drop", "x,y,kind\n" + ROWS, "label: kind, drop: [id]"),
    table("a table whose label is dropped", "x,y,kind\n" + ROWS, "label: kind, drop: [x, kind]"),
    table("a table whose category is named twice", "x,y,kind\n" + ROWS, "label: kind, categorical: [x, x]"),
    table("a table in an encoding that is none", "x,y,kind\n" + ROWS, "label: kind, encoding: klingon"),
    table("a table with two delimiters", "x,y,kind\n" + ROWS, 'label: kind, delimiter: ",;"'),
    table("a table with a way with missing values that is none", "x,y,kind\n" + ROWS, "label: kind, missing: mean"),
    table("a table whose columns are too few", ROWS, "label: kind, columns: [x, kind]"),
    table("a Parquet file that is none", b"PAR1 but not more", name="mine.parquet"),
    table("a Parquet file with a delimiter", b"PAR1", 'label: kind, delimiter: ";"', "mine.parquet"),
    table("a packed table that is not packed", "x,y,kind\n" + ROWS, name="mine.csv.gz"),
    table("a table with a column twice", "x,x,kind\n" + ROWS),
    arrays("an archive of one-hot labels with two ones", x=X, y=np.ones((10, 2), int)),
    arrays("an archive whose array to drop is not there", fields=", drop: [z]", x=X, y=Y),
    arrays("an archive over time whose lengths are too many", x=np.zeros((10, 4, 3)), y=Y, lengths=np.ones(9, int)),
    arrays("an archive over time whose lengths are too long", x=np.zeros((10, 4, 3)), y=Y, lengths=np.full(10, 5)),
    arrays("an archive over time with a gap", fields=", time: true", x=gapped(), y=Y),
    arrays(
        "an archive over time with steps of its own", fields=", time: true", recipe="\n  num_steps: 9", x=SEQUENCES, y=Y
    ),
    change("draws of spikes that are not drawn", "epochs: 3", "epochs: 3\n  encoding_queries: 4"),
    change("changes over time of data without time", "epochs: 3", "epochs: 3\n  encoding: delta"),
    change("a readout of networks without membranes", "model: [ann, snn]", "model: ann\n    readout: [final, mean]"),
    change("a readout that is none", "epochs: 3", "epochs: 3\n  readout: last"),
    change(
        "two attacks that come to the same",
        "epochs: 3",
        "epochs: 3\n  readout: mean\nattacks: [svm, {kind: svm, signals: mean_mem}]",
    ),
    Case(
        "an NPY file without its labels",
        {"sweep.yaml": GOOD.replace("[iris]", "[{name: mine, path: mine.npy}]"), "mine.npy": b""},
    ),
    Case(
        "half a test split",
        {"sweep.yaml": GOOD.replace("[iris]", "[{name: m, path: m.npy, labels: y.npy, test_path: t.npy}]")},
    ),
    pictures("images of two sizes", a=np.zeros((6, 7), np.uint8)),
    pictures("images of two kinds", a=np.zeros((6, 6, 3), np.uint8)),
    pictures("a class of images to drop that is not there", ", drop: [c]"),
    pictures("images of a size that is none", ", size: 3"),
    table("rows of no person", "who,x,kind\n" + "p,1,a\nq,2,b\n" * 5 + ",3,a\n", "label: kind, group: who"),
    table("persons without a column", "who,x,kind\n" + "p,1,a\nq,2,b\n" * 5, "label: kind, group: patient"),
    table("persons who are the classes", "who,x,kind\n" + "p,1,a\nq,2,b\n" * 5, "label: kind, group: kind"),
    table("a class of one person", "who,x,kind\n" + "p,1,a\nq,2,b\nq,3,b\np,4,a\n" * 5, "label: kind, group: who"),
    table("subgroups without a column", "x,kind\n" + "1,a\n2,b\n" * 5, "label: kind, subgroups: sex"),
    table(
        "too many subgroups",
        "x,kind\n" + "".join(f"{k},{'ab'[k % 2]}\n" for k in range(120)),
        "label: kind, subgroups: x",
    ),
    arrays("an archive that is none", b"x,y\n1,2\n"),
    arrays("an empty archive"),
    arrays("an archive of other arrays", xs=X, y=Y),
    arrays("an archive of objects", x=X, y=Y.astype(object)),
    arrays("an archive of unequal lengths", x=X, y=Y[:9]),
    arrays("an archive of text", x=X.astype(str), y=Y),
    arrays("an archive with a NaN", x=np.where(X == 4, np.nan, X), y=Y),
    arrays("an archive of labels that are fractions", x=X, y=Y / 2),
    arrays("an archive that unpacks to gigabytes", bomb()),
)

STUDIES: Final = (
    Case("no study", {}, ("front", "nowhere")),
    Case("a study whose name is mistyped", {}, ("front", "stuyd")),
    Case("a folder of studies", {"all/one/sweep.yaml": "", "all/two/sweep.yaml": ""}, ("front", "all")),
    Case("a directory that is no study", {"other/notes.txt": ""}, ("front", "other")),
    Case("a study that is another sweep's", {}, ("plan", "sweep.yaml", "--set", "name=better", "--study", "study")),
    Case("a study among other files", {"other/notes.txt": ""}, ("plan", "sweep.yaml", "--study", "other")),
    Case("a study below a file", {}, ("plan", "sweep.yaml", "--study", "sweep.yaml/study")),
    Case("a data directory that is a file", {}, ("plan", "sweep.yaml", "--data-dir", "sweep.yaml")),
    Case("a data directory below a file", {}, ("plan", "sweep.yaml", "--data-dir", "sweep.yaml/data")),
    Case("a study that is a file", {}, ("plan", "sweep.yaml", "--study", "sweep.yaml")),
    study("a sweep.yaml of garbage", "front", "study", sweep__yaml="{{{"),
    study("an empty sweep.yaml", "front", "study", sweep__yaml=""),
    study("a sweep.yaml of another version", "front", "study", sweep__yaml=GOOD + "format: 7\n"),
    study("no plan.json", "front", "study", plan__json=None),
    study("a plan.json of garbage", "front", "study", plan__json=b"\xff\x00garbage"),
    study("a plan.json of a list", "front", "study", plan__json="[]"),
    study("a plan.json with a dataset that leaves", "front", "study", plan__json='{"trials": {"aaaa": "../../x"}}'),
    study("a plan.json with a trial that leaves", "front", "study", plan__json='{"trials": {"../../a": "iris"}}'),
    study("a record of another program", "front", "study", trials__jsonl='{"run": 1}\n{"run": 2}\n'),
    study("a record that is a binary file", "audit", "study", trials__jsonl=pickle.dumps([b"\n"] * 2)),
    study("nothing recorded, to attack", "attack", "study", "--attack", "loss", trials__jsonl=""),
)

_GIVEN: Final[dict[str, Any]] = {
    "logits": np.arange(40.0).reshape(2, 10, 2) % 7,
    "is_member": np.arange(20).reshape(2, 10) % 3 == 0,
    "labels": np.arange(10) % 2,
}


def outputs(what: str, *words: str, **named: Any) -> Case:
    """Outputs of networks that were trained elsewhere with these arrays; None takes one away."""
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in {**_GIVEN, **named}.items() if array is not None})
    return Case(what, {"sweep.yaml": GOOD, "given.npz": buffer.getvalue()}, ("audit", "given.npz", *words))


OUTPUTS: Final = (
    Case("outputs that are no archive", {"given.npz": b"x,y"}, ("audit", "given.npz")),
    Case("outputs that are not there", {}, ("audit", "given.npz")),
    Case("nothing to audit", {}, ("audit",)),
    Case("a study with an option of outputs", {}, ("audit", "study", "--name", "mine")),
    Case("networks without data", {"nets.py": ""}, ("audit", "--networks", "nets.py")),
    Case("data without networks", {}, ("audit", "study", "--data", "mine.npz")),
    outputs("outputs without labels", labels=None),
    outputs("outputs twice", probabilities=_GIVEN["logits"]),
    outputs("outputs with an array of no use", member=_GIVEN["is_member"]),
    outputs("outputs of objects", labels=np.array(["a", 1] * 5, dtype=object)),
    outputs("outputs of a single column", logits=np.zeros((2, 10, 1))),
    outputs("outputs with a NaN", logits=np.where(_GIVEN["logits"] == 3, np.nan, _GIVEN["logits"])),
    outputs("probabilities that add up to more", logits=None, probabilities=_GIVEN["logits"]),
    outputs("members turned", is_member=_GIVEN["is_member"].T),
    outputs("members that are counts", is_member=_GIVEN["is_member"] * 2),
    outputs("outputs for members alone", is_member=np.ones((2, 10), bool)),
    outputs("outputs with other labels than columns", labels=np.arange(10)),
    outputs("outputs with labels that are names", labels=np.array(["a", "b"] * 5)),
    outputs("outputs with a label of no column", labels=np.array(["a", "c"] * 5), classes=np.array(["a", "b"])),
    outputs("outputs with too few subgroups", groups=np.array(["a"] * 9)),
    outputs("outputs with a population of members", population=np.ones(10, bool)),
    outputs("references without members", references=_GIVEN["logits"]),
    outputs("references on other examples", references=np.zeros((2, 9, 2)), reference_is_member=np.ones((2, 9), bool)),
    outputs("coins of no fairness", coins=np.array(1)),
    outputs("coins for too few examples", coins=np.array(True)),
    outputs("outputs under a name that is none", "--name", "../mine"),
    outputs("networks under a name that is none", "--model", "my forest"),
    outputs("outputs with an attack that is none", "--attack", "lra"),
    outputs("outputs for the study of a sweep", "--study", "study"),
)

CASES: Final = (*SWEEP_FILES, *FIELDS, *OPTIONS, *DATA, *STUDIES, *OUTPUTS)
