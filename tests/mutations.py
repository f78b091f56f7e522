"""Wrong sweep files and records, made from right ones; whoever drives the dice decides which."""

import json
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
