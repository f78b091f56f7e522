"""privsearch: train and attack every model of a sweep; keep the accuracy-privacy Pareto front.

The Python calls that docs/api.md describes. Each is imported when it is first used, so that `import privsearch` and
`privsearch --help` need not wait for what it needs.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    # The public names, each with its home: type checkers read this list, and so does the program, in `_HOMES`.
    from privsearch.analysis.tasks import Task as Task
    from privsearch.api.datasets import fetch_datasets as fetch_datasets
    from privsearch.api.documents import write_cards as write_cards
    from privsearch.api.documents import write_pdf as write_pdf
    from privsearch.api.examples import init_sweeps as init_sweeps
    from privsearch.api.live import serve_study as serve_study
    from privsearch.api.live import watch_study as watch_study
    from privsearch.api.networks import audit_network_file as audit_network_file
    from privsearch.api.networks import audit_networks as audit_networks
    from privsearch.api.outputs import OutputsAudit as OutputsAudit
    from privsearch.api.outputs import audit_outputs as audit_outputs
    from privsearch.api.outputs import draw_halves as draw_halves
    from privsearch.api.plugins import register_attack as register_attack
    from privsearch.api.plugins import register_dataset as register_dataset
    from privsearch.api.plugins import register_model as register_model
    from privsearch.api.studies import audit_study as audit_study
    from privsearch.api.studies import check_study as check_study
    from privsearch.api.studies import compare_with_paper as compare_with_paper
    from privsearch.api.studies import diff_trials as diff_trials
    from privsearch.api.studies import explain_study as explain_study
    from privsearch.api.studies import export_trial as export_trial
    from privsearch.api.studies import pick_trials as pick_trials
    from privsearch.api.studies import remake_outputs as remake_outputs
    from privsearch.api.studies import write_paper_tables as write_paper_tables
    from privsearch.api.studies import write_plots as write_plots
    from privsearch.api.study import Study as Study
    from privsearch.api.study import load_study as load_study
    from privsearch.api.sweeps import SweepOutcome as SweepOutcome
    from privsearch.api.sweeps import attack_study as attack_study
    from privsearch.api.sweeps import plan_sweep as plan_sweep
    from privsearch.api.sweeps import run_sweep as run_sweep
    from privsearch.api.sweeps import run_trial as run_trial
    from privsearch.api.trackers import LogReport as LogReport
    from privsearch.api.trackers import log_study as log_study
    from privsearch.api.views import plot_front as plot_front
    from privsearch.api.views import write_report as write_report
    from privsearch.attacks import AttackView as AttackView
    from privsearch.data import list_datasets as list_datasets
    from privsearch.data.describe import describe_file as describe_file
    from privsearch.data.directory import use_data_directory as use_data_directory
    from privsearch.errors import PrivsearchError as PrivsearchError
    from privsearch.models.load import load_network as load_network
    from privsearch.spec import SweepSpec as SweepSpec
    from privsearch.spec import TrialSpec as TrialSpec
    from privsearch.spec.schema import sweep_schema as sweep_schema
    from privsearch.study.network_archive import load_networks as load_networks
    from privsearch.study.result import Completed as Completed
    from privsearch.study.result import Failed as Failed
    from privsearch.sweep.plan import Plan as Plan

    __version__: str

_HOMES = {
    alias.name: node.module
    for node in ast.walk(ast.parse(Path(__file__).read_text(encoding="utf-8")))
    if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("privsearch.")
    for alias in node.names
}
__all__ = sorted(_HOMES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("privsearch")
    if name not in _HOMES:
        raise AttributeError(f"module 'privsearch' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
