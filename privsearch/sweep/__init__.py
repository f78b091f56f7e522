"""From a sweep to recorded results."""
