"""Private helpers: files, text and signals, free of any knowledge of sweeps."""
