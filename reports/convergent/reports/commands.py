"""The command line as a Markdown page: ``python -m convergent.reports.commands > docs/cli.md``."""

from __future__ import annotations

from collections.abc import Iterator

import click

from convergent.harness import cli

_HEAD = """\
# Command line

This page is made from the commands themselves:
`python -m convergent.reports.commands > docs/cli.md`.

## Exit codes

| code | meaning |
| --- | --- |
| 0 | clean, or known divergences and those of the baseline only |
| 1 | a new divergence, or an entry of the ledger that no longer holds |
| 2 | interrupted, or the disk is full |
| 3 | a variant, or some of its checks, could not be run |
| 4 | usage: an unknown name, a bad case, a file that does not fit |
| 5 | nothing selected |
| 70 | a bug of this tool |
"""


def page() -> str:
    """Return the page: exit codes, then every command with its usage, arguments and options."""
    root = click.Context(cli.group, info_name="convergent")
    parts = [_HEAD]
    for name in cli.COMMANDS:
        command = cli.group.get_command(root, name)
        assert command is not None
        parts += _command(click.Context(command, info_name=name, parent=root), 2)
    return "\n".join(parts)


def _command(ctx: click.Context, level: int) -> Iterator[str]:
    """Yield the section of one command, then those of its own commands."""
    command = ctx.command
    yield f"{'#' * level} {ctx.command_path}\n"
    yield f"```text\n{' '.join([ctx.command_path, *command.collect_usage_pieces(ctx)])}\n```\n"
    yield _paragraphs(command.help or "")
    records = (parameter.get_help_record(ctx) for parameter in command.params)
    rows = [record for record in records if record and record[1]]
    if rows:
        yield "| option | meaning |\n| --- | --- |"
        yield "\n".join(f"| `{_cell(said)}` | {_text(meaning)} |" for said, meaning in rows) + "\n"
    if command.epilog:
        yield f"```text\n{command.epilog.replace(chr(8), '').strip()}\n```\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(ctx):
            inner = command.get_command(ctx, name)
            assert inner is not None
            yield from _command(click.Context(inner, info_name=name, parent=ctx), level + 1)


def _paragraphs(text: str) -> str:
    """Return a docstring's paragraphs, each on a line of its own."""
    lines = "\n".join(line.strip() for line in text.replace("\b", "").splitlines())
    return "\n\n".join(_text(" ".join(part.split())) for part in lines.split("\n\n")) + "\n"


def _text(said: str) -> str:
    """Return text that Markdown takes as it is."""
    for sign in "\\`*_<>[]|":
        said = said.replace(sign, f"\\{sign}")
    return " ".join(said.split())


def _cell(said: str) -> str:
    return said.replace("|", "\\|")


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - a script's output
