"""Values as files: Markdown, CSV and LaTeX."""
