"""Values as figures."""
