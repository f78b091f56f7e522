"""The other sides of the rows, as a competent user writes them from a library's tutorials."""
