"""Wrong sweep files and records, made from right ones; whoever drives the dice decides which."""

import json
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any, Final, Protocol

from bad_input import GOOD
from builders import make_completed, make_failed

from privsearch.spec.plain_yaml import parse
from privsearch.study.record import Record, read_record

SEEDS: Final = (
    GOOD,
    "name: p\ndatasets: [digits, {name: mine, path: mine.csv, label: y}]\n"
    "protocol: [paper, {kind: halves, networks: 8}]\n"
    "grids: {g: {model: snn, act_bit_width: [null, 4], threshold: [0.5, 1e0], num_steps: 5}}\n"
    "recipe: {overrides: {digits: {epochs: 1}}}\nattacks: [svm, {kind: lira, mode: offline}, rmia]\n",
)
FRAGMENTS: Final = (
    *(
        "\t",
        "\n",
        "\r",
        "\0",
        "\x85",
        "\u2028",
        "\ufeff",
        ":",
        ": ",
        "-",
        "- ",
        "?",
        "? ",
        "#",
        " #",
        "&a ",
        "*a",
        "!",
        "!!",
    ),
    *(
        "!!python/object:os.system ",
        "!!int ",
        "%YAML 1.1\n---\n",
        "---\n",
        "...\n",
        "<<: ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "'",
        '"',
    ),
    *("|\n", ">\n", "null", "~", "true", ".nan", "-.inf", "1e999", "0x", "0o8", "0xff", "1_0", "9" * 120, "2026-99-99"),
    *("../", "\\", '"\\x1b[31m"', "model:", "grids:", "datasets:", "iris", "ann", "a" * 300, "\ud7ff", "\U0001f600"),
)
ODD_VALUES: Final = (
    *(None, True, 0, -1, 3.5, 2**63, 10**40, 1e-300, "", "4", "iris", "snn", "halves", "svm", "worst.auc", "../x"),
    *([], [[]], [None], {}, {"kind": "rmia", "a": 2}, {"name": "m", "path": "m.npz"}, {"model": ["ann"]}, "\x1b[0m"),
)
ODD_NUMBERS: Final = (
    *(0, -1, 1, 7, -5, 2**31, 2**63, 2**70, 10**30, 10**40, int("9" * 99), 0.5, 1.5, -0.0, 1e-300, 5e-324, 1e308),
    *(-1e308, 1 + 1e-6, 0.999999, True, None, "0.5", [], {}),
)
"""What stands in the place of a number; JSON has no other that is not finite."""

ODD_CELLS: Final = (
    *("", " ", "0", "-0", "1e400", "-1e308", "5e-324", "9" * 400, "1_000", "0x1F", "1,5", "NA", "nan", "inf", "True"),
    *("'", '"', "=1+1", "\x00", "\x1b[0m", "\ufeff", "1;2", "1 2", "\u0661", "1e", "--1", "12:30", "2026-01-02"),
)
TABLE: Final = "x,y,kind\n" + "".join(f"{i},{i / 2},{'ab'[i % 2]}\n" for i in range(12))
NUMBERS: Final[dict[str, Any]] = {
    "name": "n",
    "datasets": ["iris"],
    "protocol": [{"kind": "paper", "replicates": 2, "shadow_fraction": 0.8, "placebo_cuts": 2, "resplit": False}],
    "grids": {
        "g": {
            "model": ["ann", "snn"],
            "act_bit_width": [4],
            "threshold": [0.5, 1.0],
            "num_steps": [5],
            "beta": [0.9],
            "epochs": [1],
            "batch_size": [32],
            "learning_rate": [0.01],
            "width": [0.5],
        }
    },
    "recipe": {"weight_decay": 0.1, "train_size": 60, "test_size": 20, "overrides": {"iris": {"epochs": 2}}},
    "search": {
        "trials": 9,
        "minutes": 5.0,
        "until": {"growth": 0.01, "in_trials": 20},
        "parallel": 2,
        "sampler": {"kind": "tpe", "startup_trials": 5},
        "space": {
            "model": ["snn"],
            "beta": {"low": 0.5, "high": 0.9, "step": 0.1},
            "epochs": {"low": 1, "high": 20},
            "learning_rate": {"low": 0.001, "high": 0.1, "log": True},
        },
        "constraints": {"test_accuracy": ">= 0.5"},
    },
    "resources": {"cpu": 1.0, "gpu": 0.0, "max_concurrent": 2},
    "retries": 1,
    "timeout": 60.0,
    "checkpoint_minutes": 5.0,
    "seed": 3,
}
"""A sweep of numbers of every kind."""

LINES: Final = tuple(
    result.model_dump_json().encode()
    for result in (make_completed(), make_failed(), make_completed("c" * 16, model="snn"))
)
HEALTHY: Final = {"a" * 16, "b" * 16, "c" * 16}


class Dice(Protocol):
    """What chooses: `random.Random`, or a fuzzer's bytes."""

    def randint(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`."""


def mutated_text(dice: Dice, text: str) -> str:
    """A text with up to eight pieces cut, doubled, moved or written into it."""
    for _ in range(dice.randint(1, 8)):
        start = dice.randint(0, len(text))
        end = min(len(text), start + dice.randint(0, 20))
        piece = FRAGMENTS[dice.randint(0, len(FRAGMENTS) - 1)]
        text = (
            text[:start] + text[end:],
            text[:start] + piece + text[start:],
            text[:start] + piece + text[end:],
            text[:end] + text[start:],
            text[:start] + chr(dice.randint(1, 0xD7FF)) + text[end:],
        )[dice.randint(0, 4)]
    return text


def mutated_values(dice: Dice, text: str) -> str:
    """A sweep file, as JSON, with up to three of its values another, repeated, or in another place."""
    document = parse(text).value
    for _ in range(dice.randint(1, 3)):
        parent: Any = document
        key = _chosen(dice, parent)
        while isinstance(parent[key], dict | list) and parent[key] and dice.randint(0, 3):
            parent = parent[key]
            key = _chosen(dice, parent)
        odd = deepcopy(ODD_VALUES[dice.randint(0, len(ODD_VALUES) - 1)])
        parent[key] = (odd, [parent[key], odd], {"kind": parent[key]}, [parent[key]] * 2)[dice.randint(0, 3)]
        if isinstance(parent, dict) and not dice.randint(0, 3):
            parent[str(odd)] = parent.pop(key)
    return json.dumps(document)


def _chosen(dice: Dice, parent: Any) -> Any:
    keys = list(parent) if isinstance(parent, dict) else range(len(parent))
    return keys[dice.randint(0, len(keys) - 1)]


def with_odd_numbers(dice: Dice, document: Any) -> Any:
    """The same document with up to two of its numbers replaced by odd ones."""
    changed = deepcopy(document)
    for _ in range(dice.randint(1, 2)):
        places = list(_numbers(changed))
        parent, key = places[dice.randint(0, len(places) - 1)]
        parent[key] = deepcopy(ODD_NUMBERS[dice.randint(0, len(ODD_NUMBERS) - 1)])
    return changed


def _numbers(node: Any) -> Iterator[tuple[Any, Any]]:
    """Where numbers stand: the lists and mappings that hold them, each with the index or the key."""
    for key, value in node.items() if isinstance(node, dict) else enumerate(node):
        if isinstance(value, dict | list):
            yield from _numbers(value)
        elif isinstance(value, int | float):
            yield node, key


def mutated_table(dice: Dice) -> str:
    """A table with up to three of its cells replaced, cut or doubled."""
    rows = [line.split(",") for line in TABLE.splitlines()]
    for _ in range(dice.randint(1, 3)):
        row = rows[dice.randint(0, len(rows) - 1)]
        place = dice.randint(0, max(0, len(row) - 1))
        odd = ODD_CELLS[dice.randint(0, len(ODD_CELLS) - 1)]
        row[place : place + dice.randint(0, 1)] = ([odd], [], [odd, odd])[dice.randint(0, 2)]
    return "\n".join(",".join(row) for row in rows) + "\n"


def mutated_bytes(dice: Dice, content: bytes) -> bytes:
    """Bytes with up to eight places changed, cut or doubled."""
    for _ in range(dice.randint(1, 8)):
        start = dice.randint(0, len(content))
        end = min(len(content), start + dice.randint(0, 40))
        content = (
            content[:start] + content[end:],
            content[:start] + bytes([dice.randint(0, 255)]) + content[end:],
            content[:end] + content[start:],
            content[:start]
            + (b"null", b"-1", b"1e999", b'"\\u001b"', b"[]", b"\n")[dice.randint(0, 5)]
            + content[end:],
        )[dice.randint(0, 3)]
    return content


def record_with(path: Path, garbage: bytes) -> Record:
    """What is read of a record that has garbage before, between and after its healthy lines."""
    path.write_bytes(b"\n".join([garbage, LINES[0], garbage, LINES[1], LINES[2], garbage]))
    return read_record(path)
