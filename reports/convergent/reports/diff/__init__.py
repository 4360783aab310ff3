"""Comparisons of two runs, as text, JSON, Markdown and HTML."""
