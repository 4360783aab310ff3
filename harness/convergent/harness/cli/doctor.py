"""``convergent doctor``: the machine, and each framework as a worker really loads it."""

from __future__ import annotations

import click

from convergent.backends import registry
from convergent.cases.errors import BackendUnavailable
from convergent.harness import environment
from convergent.harness.cli import choose
from convergent.harness.worker.client import Client


@click.command("doctor", epilog="\b\nExample:\n  convergent doctor")
@click.pass_context
def command(ctx: click.Context) -> None:
    """Show the machine and what each backend has loaded."""
    click.echo(f"convergent {environment.version()}")
    _table(environment.describe())
    failed = False
    for name in registry.names():
        click.echo()
        if registry.version(name) is None:
            click.echo(f"{name}: not installed; {choose.way(name)}")
            continue
        failed |= not _probe(name)
    ctx.exit(3 if failed else 0)


def _probe(name: str) -> bool:
    """Start a worker of the backend and print what it says; ``False`` if it does not start."""
    backend = registry.get(name)
    try:
        client = Client(name)
    except BackendUnavailable as error:
        click.echo(f"{name}: installed, but does not load: {error}")
        return False
    click.echo(f"{name}: loaded in {client.start_seconds:.1f} s")
    _table(client.loaded)
    client.close()
    ops: dict[str, list[str]] = {}
    for method in backend.methods().values():
        ops.setdefault(method.op, []).append(method.name)
    _table({op: ", ".join(names) for op, names in ops.items()})
    for mode in backend.modes:
        click.echo(f"  mode {mode.name}: {mode.meaning}")
    for gap in backend.gaps:
        given = ", ".join(gap.when) + (f" unless {', '.join(gap.unless)}" if gap.unless else "")
        click.echo(f"  cannot: {' '.join(gap.methods)} ({given or 'always'}): {gap.reason}")
    return True


def _table(values: dict[str, object]) -> None:
    width = max(map(len, values), default=0) + 2
    for key, value in values.items():
        said = ", ".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else value
        click.echo(f"  {key:{width}}{said}")
