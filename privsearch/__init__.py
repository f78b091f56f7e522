"""privsearch: train and attack every model of a sweep; keep the accuracy-privacy Pareto front.

The Python calls that docs/api.md describes. Each is imported when it is asked for, so that `import privsearch` and
`privsearch --help` need not wait for what it needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from privsearch.api.choosing import export_trial, pick_trials
    from privsearch.api.reading import (
        audit_study,
        check_study,
        compare_with_paper,
        diff_trials,
        explain_study,
        fetch_datasets,
        plot_front,
        remake_outputs,
        serve_study,
        write_paper_tables,
        write_plots,
        write_report,
    )
    from privsearch.api.running import attack_study, plan_sweep, run_sweep, run_trial
    from privsearch.attacks import AttackView
    from privsearch.data import list_datasets
    from privsearch.data.directory import use_data_directory
    from privsearch.errors import PrivsearchError
    from privsearch.front import Contest
    from privsearch.network_archive import load_networks
    from privsearch.networks import load_network
    from privsearch.plan import Plan
    from privsearch.register import register_attack, register_dataset, register_model
    from privsearch.result import Completed, Failed
    from privsearch.spec import SweepSpec, TrialSpec
    from privsearch.store import Study, load_study
    from privsearch.sweep import SweepOutcome

_HOMES: Final = {
    "api.choosing": ("export_trial", "pick_trials"),
    "api.reading": (
        *("audit_study", "check_study", "compare_with_paper", "diff_trials", "explain_study", "fetch_datasets"),
        *("plot_front", "remake_outputs", "serve_study", "write_paper_tables", "write_plots", "write_report"),
    ),
    "api.running": ("attack_study", "plan_sweep", "run_sweep", "run_trial"),
    "attacks": ("AttackView",),
    "data": ("list_datasets",),
    "data.directory": ("use_data_directory",),
    "errors": ("PrivsearchError",),
    "front": ("Contest",),
    "network_archive": ("load_networks",),
    "networks": ("load_network",),
    "plan": ("Plan",),
    "register": ("register_attack", "register_dataset", "register_model"),
    "result": ("Completed", "Failed"),
    "spec": ("SweepSpec", "TrialSpec"),
    "store": ("Study", "load_study"),
    "sweep": ("SweepOutcome",),
}
_HOME_OF: Final = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "AttackView",
    "Completed",
    "Contest",
    "Failed",
    "Plan",
    "PrivsearchError",
    "Study",
    "SweepOutcome",
    "SweepSpec",
    "TrialSpec",
    "attack_study",
    "audit_study",
    "check_study",
    "compare_with_paper",
    "diff_trials",
    "explain_study",
    "export_trial",
    "fetch_datasets",
    "list_datasets",
    "load_network",
    "load_networks",
    "load_study",
    "pick_trials",
    "plan_sweep",
    "plot_front",
    "register_attack",
    "register_dataset",
    "register_model",
    "remake_outputs",
    "run_sweep",
    "run_trial",
    "serve_study",
    "use_data_directory",
    "write_paper_tables",
    "write_plots",
    "write_report",
]


def __getattr__(name: str) -> Any:
    """A public name, from the module that it lives in."""
    if name not in _HOME_OF:
        raise AttributeError(f"module 'privsearch' has no attribute {name!r}")
    return getattr(import_module(f"privsearch.{_HOME_OF[name]}"), name)


def __dir__() -> list[str]:
    """The public names, which a notebook completes."""
    return sorted({*globals(), *__all__})
