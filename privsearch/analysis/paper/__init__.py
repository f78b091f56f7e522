"""The published numbers, and a study held against them."""
