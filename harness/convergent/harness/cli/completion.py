"""``convergent completion``: what a shell reads to complete our commands."""

from __future__ import annotations

import click

SHELLS = {
    "bash": 'eval "$(convergent completion bash)"        in ~/.bashrc',
    "zsh": 'eval "$(convergent completion zsh)"         in ~/.zshrc',
    "fish": "convergent completion fish | source         in ~/.config/fish/config.fish",
}


@click.command(
    "completion", epilog="\b\nExamples:\n" + "\n".join(f"  {line}" for line in SHELLS.values())
)
@click.argument("shell", type=click.Choice(tuple(SHELLS)))
def command(shell: str) -> None:
    """Print the lines that make a shell complete commands, options and their values."""
    from click.shell_completion import get_completion_class

    from convergent.harness.cli import group

    made = get_completion_class(shell)
    assert made is not None
    click.echo(made(group, {}, "convergent", "_CONVERGENT_COMPLETE").source())
