"""What a person reads: tables and plots, drawn from the results table."""
