"""The causes that a diagnosis can name, as tables: ``python -m convergent.reports.diagnoses``."""

from __future__ import annotations

from convergent.harness.diagnose import THEMES


def tables() -> str:
    """Return a Markdown table per theme."""
    parts = []
    for theme in THEMES:
        title = (theme.__doc__ or "").partition("\n")[0].rstrip(".")
        rows = [f"| {name} | {meaning} |" for name, meaning in theme.NAMES.items()]
        parts.append(
            "\n".join([f"### {title}\n", "| cause | meaning |", "| --- | --- |", *rows, ""])
        )
    return "\n".join(parts)


if __name__ == "__main__":
    print(tables(), end="")  # noqa: T201 - a script's output
