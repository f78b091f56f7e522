"""Everything in a study that is made from its record, made again."""

import pandas as pd

from privsearch.front import index_results
from privsearch.report.front_plot import write_front_plots
from privsearch.store import Study


def write_outputs(study: Study) -> pd.DataFrame:
    """Write the results table, Optuna's index and the front of each dataset; return the table."""
    frame, objectives = study.frame(), study.sweep().objectives
    study.write_results(frame)
    index_results(study.optuna_storage, frame, objectives)
    write_front_plots(study.fronts, frame, objectives)
    return frame
