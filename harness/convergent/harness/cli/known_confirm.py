"""``convergent known confirm``: every entry of a ledger by its stand-alone script, on the day."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, get_args

import click

from convergent.harness.cli import UNAVAILABLE, choose

if TYPE_CHECKING:
    from convergent.harness.known.file import File
    from convergent.harness.known.log import Standing
    from convergent.harness.known.standing import Asked

UNSHOWN, NOTHING = 1, 5


@click.command(
    "confirm",
    epilog="\b\nExamples:\n  convergent known confirm -o docs/findings\n"
    "  convergent known confirm --backend torch --entry 3 -o docs/findings\n"
    "  convergent known confirm known.toml --resume",
)
@click.argument("path", metavar="[FILE]", required=False, type=choose.FILE)
@click.option(
    "--backend", "--variant", "variants", multiple=True,
    help="These entries alone; with a version or an interpreter, there; repeat.",
)  # fmt: skip
@click.option("--entry", "names", multiple=True, metavar="N|SLUG",
              help="This entry alone, by its number or its name in the log; repeat.")  # fmt: skip
@click.option("-o", "--output", "folder", default="convergent-findings", type=choose.FILE,
              help="Where the log is kept.  [default: convergent-findings]")  # fmt: skip
@click.option("--everywhere", is_flag=True,
              help="Run each script under every version that has an environment too.")  # fmt: skip
@click.option("--resume", is_flag=True, help="Leave out what was asked today.")
@click.option("--timeout", default=120.0, type=choose.SECONDS,
              help="Seconds for a check or a script.  [default: 120]")  # fmt: skip
@click.pass_context
def command(ctx: click.Context, /, **given: Any) -> None:
    """Confirm a ledger's entries by stand-alone scripts, and keep both as a log.

    Each entry's example is run, written as a script that needs the framework and NumPy alone, and
    that is run in a clean process. An entry about versions of the past is confirmed in the
    environment of one, and its script run under the installed version too. Exit 1 if an entry was
    not shown.
    """
    from convergent.harness.known.file import File
    from convergent.harness.known.slug import slugs

    ledger = File(given["path"])
    names = slugs(ledger.entries)
    asked = _asked(ledger, names, given)
    if not asked:
        click.echo("nothing is selected; loosen --backend or --entry")
        ctx.exit(NOTHING)
    found = _confirmed(ledger, names, asked, given)
    ctx.exit(_code(found))


def _asked(ledger: File, names: list[str], given: dict[str, Any]) -> list[Asked]:
    """Return the entries that are to be confirmed."""
    from convergent.harness.known import standing

    numbers = set()
    for name in given["names"]:
        if name in names:
            numbers.add(names.index(name) + 1)
        elif name.isascii() and name.isdecimal() and 1 <= int(name[:9]) <= len(names):
            numbers.add(int(name[:9]))
        else:
            raise click.UsageError(
                f"{ledger.path} has no entry {name!r}; they are numbered from 1 to {len(names)}, "
                "and named in confirmed.json"
            )
    chosen = standing.select(ledger.entries, given["variants"])
    return [one for one in chosen if not numbers or one.number in numbers]


def _confirmed(
    ledger: File, names: list[str], asked: list[Asked], given: dict[str, Any]
) -> list[Standing]:
    """Confirm entries, tell of each and write it down; return how they stand."""
    from convergent.harness.known.confirm import confirm
    from convergent.harness.known.folder import Folder

    folder = Folder(given["folder"])
    due = asked
    if given["resume"]:
        due = [one for one in asked if not folder.has(names[one.number - 1], one.entry)]
        click.echo(f"{len(asked) - len(due)} of {len(asked)} were asked today")
    found: list[Standing] = []
    for made in confirm(due, given["timeout"], everywhere=given["everywhere"]):
        entry, record = ledger.entries[made.number - 1], made.record
        line = ledger.place(made.number).line()
        place = f"entry {made.number}, line {line}: {record.variant} {record.check}"
        _say(f"{record.standing:<21}  {place}")
        for said in (record.said, record.unwritten, record.diagnosis):
            if said:
                _say(f"{'':<21}  {said}")
        for version, ended in record.elsewhere.items():
            within = " (within the versions of the entry)" if entry.speaks_of(version) else ""
            _say(f"{'':<21}  {version}: {ended}{within}")
        if not folder.take(names[made.number - 1], entry, made):
            _say(f"{'':<21}  kept as it was confirmed before")
        found.append(record.standing)
    if len(asked) == len(ledger.entries):
        for slug in folder.drop_others(names):
            _say(f"{'no entry any more':<21}  {slug}")
    _tell(found)
    click.echo(_plain(f"log: {folder.log}"))
    return found


def _tell(found: list[Standing]) -> None:
    from convergent.harness.known.log import Standing as Words

    count = Counter(found)
    said = [f"{count[word]} {word}" for word in get_args(Words) if count[word]]
    many = f"{len(found)} {'entry' if len(found) == 1 else 'entries'}"
    click.echo(f"{many}: {', '.join(said) or 'none'}")


def _code(found: list[Standing]) -> int:
    if "not shown" in found:
        return UNSHOWN
    return UNAVAILABLE if "not run" in found else 0


def _say(text: str) -> None:
    click.echo(_plain(text))


def _plain(text: str) -> str:
    from convergent.reports.terminal import plain

    return plain(text)
