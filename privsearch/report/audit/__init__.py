"""The audit of a study: what each attack found under each protocol, with intervals."""
