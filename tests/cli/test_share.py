import subprocess
from pathlib import Path

import pytest
from builders import make_completed, make_failed, not_learnt
from command_line import run
from ruamel.yaml import YAML

from privsearch.api.study import Study
from privsearch.report.page import pdf
from privsearch.spec import HalvesProtocol, SweepSpec
from privsearch.study.record import RecordWriter

BEST, WORSE, FAILED, UNLEARNT = "1" * 16, "2" * 16, "3" * 16, "4" * 16


@pytest.fixture
def study(tmp_path: Path, tiny_sweep: SweepSpec) -> Path:
    """Four trials under halves: two whole, one failed, one that has not learnt."""
    halves = HalvesProtocol(networks=4)
    results = [
        make_completed(BEST, protocol=halves, accuracy=0.95),
        make_completed(WORSE, protocol=halves, model="snn"),
        make_failed(FAILED, protocol=halves, weight_bit_width=4),
        not_learnt(make_completed(UNLEARNT, protocol=halves, weight_bit_width=2)),
    ]
    made = Study(tmp_path / "study")
    sweep = SweepSpec.model_validate(tiny_sweep.model_dump() | {"protocol": [halves]})
    made.begin(sweep, {result.trial_id: "iris" for result in results}, {})
    with RecordWriter(made.record_path) as record:
        for result in results:
            record.append(result)
    return made.path


def parts(card: Path) -> tuple[dict, str]:
    """The front matter of a card, and its text."""
    _, front, text = card.read_text(encoding="utf-8").split("---\n", 2)
    return YAML(typ="safe").load(front), text


def test_a_card_has_the_audit_of_its_configuration(study: Path) -> None:
    """Numbers stand with intervals and samples, in words and for Hugging Face's hub, and nobody's row is named."""
    result = run("card", study, "SNN fp32")
    assert result.stdout == f"written: {study}/cards/{WORSE}.md\n"
    front, text = parts(study / "cards" / f"{WORSE}.md")
    (model,) = front["model-index"]
    (measured,) = model["results"]
    assert model["name"] == "SNN fp32 on iris"
    assert (measured["task"]["type"], measured["dataset"]["name"]) == ("tabular-classification", "iris")
    by_name = {metric["name"].partition(" (")[0]: metric for metric in measured["metrics"]}
    assert by_name["Test accuracy"]["value"] == pytest.approx(0.9)
    auc = by_name["AUC of membership inference by worst"]
    assert auc["value"] == pytest.approx(0.55)
    assert "95 % interval 0." in auc["name"]
    assert auc["name"].endswith("4 networks)")
    assert "`svm`, tells members of the training data from others with an AUC of 0.550 [0." in text
    assert "These attacks ran: `svm`." in text
    assert "- An attack that was not run may find more" in text
    assert "iris, protocol halves: " in text.partition("## The choice")[2]
    assert "most exposed examples" not in text
    assert "| ANN fp32 |" not in text


def test_without_a_trial_there_is_a_card_of_what_is_taken(study: Path, tmp_path: Path) -> None:
    """It is that of `pick`, and may go elsewhere."""
    assert run("card", study, "--output", tmp_path / "cards").stdout == f"written: {tmp_path}/cards/{BEST}.md\n"
    assert run("card", study, BEST, "--output", tmp_path / "CARD.md").stdout == f"written: {tmp_path}/CARD.md\n"
    assert (tmp_path / "CARD.md").read_text() == (tmp_path / "cards" / f"{BEST}.md").read_text()
    assert not (study / "cards").exists()


@pytest.mark.parametrize(("trial", "why"), [(FAILED, "but it failed"), (UNLEARNT, "on no front")])
def test_what_was_not_measured_has_no_card(study: Path, trial: str, why: str) -> None:
    """A failed trial and one that has not learnt are refused in a sentence."""
    result = run("card", study, trial)
    assert result.exit_code == 2
    assert why in result.stderr


def test_a_pdf_is_printed_by_a_browser(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The browser is given a page of ours and prints it into the study."""
    seen = []

    def browser(words: list[str], **_: object) -> subprocess.CompletedProcess:
        seen.extend(words)
        to = next(word for word in words if word.startswith("--print-to-pdf=")).partition("=")[2]
        Path(to).write_bytes(b"%PDF-1.4 printed")
        return subprocess.CompletedProcess(words, 0, "", "")

    monkeypatch.setattr(pdf.shutil, "which", lambda name: "/bin/chrome" if name == "google-chrome" else None)
    monkeypatch.setattr(pdf.subprocess, "run", browser)
    assert run("report", study, "--pdf", "--roc", "0").stdout == f"written: {study}/report.pdf\n"
    assert (study / "report.pdf").read_bytes() == b"%PDF-1.4 printed"
    assert seen[0] == "/bin/chrome"
    assert seen[-1].endswith("/report.html")
    assert not (study / "report.html").exists()


def test_without_a_browser_there_is_no_pdf(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has none, or one that prints nothing, is told what to do."""
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    result = run("report", study, "--pdf")
    assert result.exit_code == 2
    assert "Chromium, Chrome or Edge must be installed" in result.stderr
    monkeypatch.setattr(pdf.shutil, "which", lambda _: "/bin/false")
    result = run("report", study, "--pdf", "--roc", "0")
    assert result.exit_code == 2
    assert "/bin/false must print the page, but did not" in result.stderr
    assert not (study / "report.pdf").exists()


@pytest.mark.slow
def test_chromium_prints_every_front(study: Path) -> None:
    """A real browser makes a real PDF of several pages."""
    if pdf.shutil.which("chromium") is None:
        pytest.skip("needs chromium, as of `apt-get install chromium`")
    assert run("report", study, "--pdf").exit_code == 0
    printed = (study / "report.pdf").read_bytes()
    assert printed.startswith(b"%PDF-")
    assert printed.count(b"/Type /Page\n") > 1
