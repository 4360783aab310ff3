"""``convergent env``: the environments of framework versions, such as ``torch==2.12.1``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from convergent.harness.envs.store import Environment


@click.group(
    "env",
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="\b\nExamples:\n"
    "  convergent env add jax==0.9.2 torch==2.12.1\n"
    "  convergent env add tensorflow-cpu==2.17.1 --python 3.12 --with 'numpy<2'\n"
    "  convergent run --backend jax==0.9.2:jit --suite smoke\n"
    "  convergent env remove --all",
)
def command() -> None:
    """Build, list, update and remove environments of framework versions.

    A variant such as jax==0.9.2 runs in an environment of its own, which a run builds where there
    is none. They lie in the user's cache directory (XDG_CACHE_HOME moves it).
    """


@command.command("add")
@click.argument("names", metavar="NAME==VERSION...", nargs=-1, required=True)
@click.option("--python", default="", help="The Python to use: a path or 3.12.  [default: this]")
@click.option("--with", "extra", multiple=True, help="Install this too, such as numpy<2; repeat.")
@click.option(
    "-c", "--constraint", type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A constraints file, as pip takes it.",
)  # fmt: skip
@click.option(
    "--installer", type=click.Choice(("auto", "uv", "pip")), default="auto",
    help="uv, or pip with its settings.  [default: uv, where pip has no settings]",
)  # fmt: skip
def add(
    names: tuple[str, ...],
    python: str,
    extra: tuple[str, ...],
    constraint: Path | None,
    installer: str,
) -> None:
    """Build an environment for each version."""
    from convergent.harness.envs import build

    limits = _text(constraint) if constraint else ""
    wishes = [
        build.wish(name, python=python, extra=extra, constraint=limits, installer=installer)
        for name in names
    ]
    for wish in wishes:
        _say(build.add(wish, click.echo))


@command.command("list")
@click.option("-v", "--verbose", is_flag=True, help="With every package.")
def list_(verbose: bool) -> None:
    """List the environments, their Python and their size."""
    from convergent.harness.envs import store

    found, rest = store.every(), store.unfinished()
    for environment in found:
        _say(environment)
        for name, version in environment.packages.items() if verbose else ():
            click.echo(f"    {name}=={version}")
    for path in rest:
        click.echo(
            f"{path.name}: unfinished, {_mebibytes(store.size(path))}; convergent env update "
            f"{path.name} begins anew, convergent env remove {path.name} removes it"
        )
    total = sum(environment.size for environment in found)
    click.echo(f"{len(found)} in {store.root()}: {_mebibytes(total)}")


@command.command("remove")
@click.argument("names", metavar="NAME==VERSION...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
def remove(names: tuple[str, ...], every: bool) -> None:
    """Remove environments; one that a run uses stays."""
    from convergent.harness.envs import store

    for requirement in _asked(names, every=every, word="remove"):
        freed = store.remove(requirement)
        click.echo(f"removed {requirement}: {_mebibytes(freed)}")


@command.command("update")
@click.argument("names", metavar="NAME==VERSION...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All of them.")
def update(names: tuple[str, ...], every: bool) -> None:
    """Build environments anew, with the newest of what the framework depends on."""
    from convergent.harness.envs import build

    for requirement in _asked(names, every=every, word="update"):
        _say(build.update(requirement, click.echo))


def _asked(names: tuple[str, ...], *, every: bool, word: str) -> list[str]:
    """Return the requirements that are named and there. Raises ``UsageError`` for another one."""
    from convergent.harness.envs import build, store

    there = [e.requirement for e in store.every()] + [path.name for path in store.unfinished()]
    if every:
        return there
    if not names:
        raise click.UsageError(f"say which to {word}, or --all; see convergent env list")
    asked = [build.wish(name).requirement for name in names]
    for requirement in asked:
        if requirement not in there:
            raise click.UsageError(
                f"there is no environment of {requirement}; see convergent env list"
            )
    return asked


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise click.UsageError(f"{path} is no text file of constraints") from error


def _say(environment: Environment) -> None:
    numpy = environment.packages.get("numpy", "?")
    click.echo(
        f"{environment.requirement}: Python {environment.python_version}, NumPy {numpy}, "
        f"{len(environment.packages)} packages, {_mebibytes(environment.size)}, "
        f"by {environment.installer}"
    )


def _mebibytes(size: int) -> str:
    return f"{size / 2**20:,.0f} MiB"
