"""What the command line does, as calls: one for each command, with its options as arguments (docs/api.md)."""
