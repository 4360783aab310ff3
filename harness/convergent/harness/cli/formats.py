"""``--format`` as an option of commands that make a run: which formats, and where each goes."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from convergent.reports.formats import Page

NAMES = ("text", "json", "jsonl", "junit", "markdown", "github", "sarif", "html", "badge")
_ENDINGS = {
    ".html": "html",
    ".json": "json",
    ".jsonl": "jsonl",
    ".md": "markdown",
    ".sarif": "sarif",
    ".xml": "junit",
}


class Wanted(NamedTuple):
    """A format, and the file that it goes to where one was named."""

    name: str
    path: Path | None = None

    @property
    def on_terminal(self) -> bool:
        """Whether it goes to standard output."""
        return self.name == "github" and self.path is None


class FormatType(click.ParamType[Wanted]):
    """A format, alone or with its file: ``github``, ``junit=out.xml``."""

    name = "format"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> Wanted:
        """Return the format, or fail for one that is none and a file that can be none."""
        if isinstance(value, Wanted):
            return value
        name, equal, file = value.partition("=")
        if name not in NAMES:
            self.fail(f"{name!r} is none of {', '.join(NAMES)}", param, ctx)
        if not equal:
            return Wanted(name)
        if not file:
            self.fail(f"{value!r} names no file; write {name}=FILE or {name}", param, ctx)
        see_writable(Path(file))
        return Wanted(name, Path(file))

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the formats that begin so."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in NAMES if name.startswith(incomplete)]


OPTION = click.option(
    "--format", "wanted", multiple=True, type=FormatType(), metavar="FORMAT[=FILE]",
    help=f"Write this too: {', '.join(NAMES)}; repeat.  [default file: in the output folder]",
)  # fmt: skip


def of_file(path: Path | None) -> str:
    """Return the format that the end of a file's name stands for; ``text`` where it is none."""
    return _ENDINGS.get(path.suffix.lower(), "text") if path else "text"


def see_writable(path: Path) -> None:
    """See, before any work, that a file can be written to. Raises ``UsageError``."""
    nearest = next((p for p in (path, *path.absolute().parents) if p.exists()), Path("/"))
    if path.is_dir():
        raise click.UsageError(f"{path} is a folder; name a file in it")
    if nearest != path and not nearest.is_dir():
        raise click.UsageError(f"{nearest} is no folder; {path} cannot be written")
    if not os.access(nearest, os.W_OK):
        raise click.UsageError(f"{nearest} may not be written to; name another file than {path}")


def write(page: Page, wanted: Iterable[Wanted], folder: Path) -> list[str]:
    """Write ``page`` in each format that has a file, and return a line for each that says where."""
    from convergent.reports import formats

    said = []
    for name, path in (each for each in wanted if not each.on_terminal):
        file = path or folder / formats.FILES[name]
        formats.write(page, name, file)
        said.append(f"{name}: {file}")
    return said


@contextlib.contextmanager
def unheard(wanted: Iterable[Wanted]) -> Iterator[None]:
    """Let GitHub take no line for a command meanwhile, if annotations come after it.

    Its runner looks for ``##[command]`` anywhere in a line, and a framework's message may hold it.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true" or not any(w.on_terminal for w in wanted):
        yield
        return
    token = uuid.uuid4()
    click.echo(f"::stop-commands::{token}")
    try:
        yield
    finally:
        click.echo(f"::{token}::")


def show(page: Page, wanted: Iterable[Wanted]) -> None:
    """Say what goes to standard output, and tell GitHub where that was asked for."""
    from convergent.reports import formats
    from convergent.reports.formats import github

    for each in wanted:
        if each.on_terminal:
            click.echo(b"".join(formats.render(page, each.name)), nl=False)
        if each.name == "github":
            github.tell(page)
