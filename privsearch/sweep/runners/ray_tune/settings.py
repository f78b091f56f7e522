"""Ray's settings. Import this file before Ray, which reads some of them when it is imported."""

import os
from typing import Final

SETTINGS: Final = {
    "RAY_AIR_NEW_OUTPUT": "0",  # the older reporter can be silenced, the newer one cannot
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # keeps a warning about CUDA_VISIBLE_DEVICES away
    "RAY_DEDUP_LOGS": "0",
    # After a minute, the default, Ray would end this process, which notices a lost Ray itself (heartbeat.py). Ray's own
    # workers wait as long for a Ray that went as they started, and must not do so for good.
    "RAY_gcs_rpc_server_reconnect_timeout_s": "100",
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",  # under `uv run`, Ray would build the environment again for each worker
    "RAY_USAGE_STATS_ENABLED": "0",
    "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # otherwise five files a trial
    "TUNE_DISABLE_SIGINT_HANDLER": "1",  # Ctrl-C reaches us as KeyboardInterrupt
    "TUNE_GLOBAL_CHECKPOINT_S": "100000",  # the record is what a sweep resumes from
}

os.environ.update(SETTINGS)
