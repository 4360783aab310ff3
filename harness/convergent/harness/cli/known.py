"""``convergent known``: ledgers of known divergences."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, get_args

import click

from convergent.harness.cli import UNAVAILABLE, choose, known_add, known_confirm

if TYPE_CHECKING:
    from convergent.harness.known.file import File
    from convergent.harness.known.standing import Found

AMISS, NOTHING = 1, 5
_FILE = click.argument("path", metavar="[FILE]", required=False, type=choose.FILE)
_VARIANT = click.option(
    "--backend", "--variant", "variants", multiple=True,
    help="Run these entries alone; with a version or an interpreter, there; repeat.",
)  # fmt: skip
_TIMEOUT = click.option(
    "--timeout", default=120.0, type=choose.SECONDS, help="Seconds a check.  [default: 120]"
)


@click.group("known")
def command() -> None:
    """Check, confirm, add to or prune a ledger of known divergences.

    A ledger is a TOML file of divergences that are explained: which checks, which versions, why,
    and where it is discussed. Without FILE it is the one that comes with convergent.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)


@command.command(
    "check",
    epilog="\b\nExamples:\n  convergent known check --backend torch\n"
    "  convergent known check known.toml --no-run",
)
@_FILE
@_VARIANT
@click.option("--no-run", "unrun", is_flag=True, help="See whether the file is valid, no more.")
@_TIMEOUT
@click.pass_context
def check(
    ctx: click.Context, path: Path | None, variants: tuple[str, ...], unrun: bool, timeout: float
) -> None:
    """See whether a ledger is valid, and whether each entry is still true.

    The example of every entry that is about the installed frameworks is run. Exit 1 if one no
    longer diverges as its entry says, 4 if the file is not valid.
    """
    from convergent.harness.known import standing
    from convergent.harness.known.file import File

    ledger = File(path)
    if unrun:
        standing.select(ledger.entries, variants)
        click.echo(f"{ledger.path} is valid: {_many(len(ledger.entries), 'entry', 'entries')}")
        return
    found = list(_shown(ledger, variants, timeout))
    _tell(found)
    ctx.exit(_code(found, len(ledger.entries)))


@command.command("prune", epilog="\b\nExample:\n  convergent known prune known.toml --dry-run")
@_FILE
@_VARIANT
@click.option("--dry-run", is_flag=True, help="Say what would be taken out, and leave the file.")
@_TIMEOUT
@click.pass_context
def prune(
    ctx: click.Context, path: Path | None, variants: tuple[str, ...], dry_run: bool, timeout: float
) -> None:
    """Take the entries out of a ledger whose example no longer diverges.

    All else stays as it is: comments, order and spaces, entries of other versions, of frameworks
    that are not installed, and those that depend on the processor.
    """
    from convergent.harness.known import edit
    from convergent.harness.known.file import File

    ledger = File(path)
    ledger.refuse_pruning()
    found = list(_shown(ledger, variants, timeout))
    stale = [one for one in found if one.standing == "stale"]
    _tell(found)
    if stale and not dry_run:
        edit.prune(ledger.path, ledger.text, {one.number for one in stale})
    for one in stale:
        said = "would be taken out" if dry_run else "taken out"
        click.echo(_plain(f"{said}: {_place(ledger, one)}"))
        click.echo(ledger.text_of(one.number), nl=False)
        if hint := _hint(one):
            click.echo(hint)
    if not stale:
        click.echo(f"nothing to take out of {ledger.path}")
    ctx.exit(_code(found, len(ledger.entries), pruned=True))


def _shown(ledger: File, variants: tuple[str, ...], timeout: float) -> Iterator[Found]:
    """Run the examples and yield what became of each entry, told as it is found."""
    from convergent.harness.known import standing

    for one in standing.examine(standing.select(ledger.entries, variants), timeout):
        if one.standing != "not installed":
            click.echo(_plain(f"{one.standing:<13}  {_place(ledger, one)}"))
        if one.said and one.standing != "not installed":
            click.echo(_plain(f"{'':<13}  {one.said}"))
        yield one


def _place(ledger: File, one: Found) -> str:
    place = ledger.place(one.number)
    return f"entry {one.number}, line {place.line()}: {one.entry.shown_in} {one.entry.example}"


def _tell(found: list[Found]) -> None:
    """Say how many entries stand how."""
    from convergent.harness.known.standing import Standing

    count = Counter(one.standing for one in found)
    said = [f"{count[word]} {word}" for word in get_args(Standing) if count[word]]
    click.echo(f"{_many(len(found), 'entry', 'entries')}: {', '.join(said) or 'none'}")
    absent = {
        one.entry.variant.partition(":")[0] for one in found if one.standing == "not installed"
    }
    for backend in sorted(absent):
        click.echo(_plain(f"{backend} is not installed; {_way(backend)}"))


def _way(backend: str) -> str:
    from convergent.backends import registry

    if backend in registry.names():
        return choose.way(backend)
    return "no backend has that name"


def _hint(one: Found) -> str:
    """Say that an entry may still be true of other versions than the one it was run with."""
    from convergent.harness.known import draft

    if one.entry.versions in {draft.around(one.version), f"=={one.version}"}:
        return ""
    versions = one.entry.versions or "all versions"
    return (
        f"it was about {versions} and does not hold for {one.version}: "
        "if it does for others, put it back and narrow its versions"
    )


def _code(found: list[Found], entries: int, *, pruned: bool = False) -> int:
    if any(one.is_amiss and not (pruned and one.standing == "stale") for one in found):
        return AMISS
    if any(one.standing == "not run" for one in found):
        return UNAVAILABLE
    if entries and all(one.standing == "not installed" for one in found):
        click.echo("nothing was run")
        return NOTHING
    return 0


command.add_command(known_add.command)
command.add_command(known_confirm.command)


def _many(count: int, one: str, several: str) -> str:
    return f"{count} {one if count == 1 else several}"


def _plain(text: str) -> str:
    from convergent.reports.terminal import plain

    return plain(text)
