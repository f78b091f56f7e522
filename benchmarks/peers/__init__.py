"""What a competent user writes from a library's tutorials: the other sides of the rows."""
