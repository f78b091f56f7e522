"""A study as one page that needs no network: one JSON document, and the script that draws everything from it."""
