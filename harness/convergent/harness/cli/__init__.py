"""The command line: ``convergent run``, ``repro``, ``shrink`` and the other ``COMMANDS``.

Exit codes: 0 clean or only known divergences, 1 new divergence, 2 interrupted or the disk full,
3 a variant could not be run, 4 usage, 5 nothing selected, 70 a bug of this tool.
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import traceback
from typing import Any

import click

from convergent.cases.errors import BackendUnavailable, CannotRecord, ConvergentError

COMMANDS = {
    "run": "Check every method of the installed frameworks and write a report.",
    "report": "Show a run in another format: JUnit, SARIF, Markdown, JSON, ...",
    "merge": "Join the run files of shards, or of several variants, into one.",
    "fuzz": "Check random cases for a while, and shrink what is wrong.",
    "repro": "Run one check again and show what was expected and what came.",
    "shrink": "Find the smallest case that fails as a check does.",
    "explain": "Walk through one case: every result by every method, side by side.",
    "known": "Check, confirm, add to or prune a ledger of known divergences.",
    "baseline": "Save a run's findings, to fail on new ones alone.",
    "list": "List backends, variants, modes, methods, ops, suites, cases or features.",
    "diff": "Compare two runs or two versions: what is new, fixed, drifted, slower.",
    "history": "Show how verdicts and error ratios went over many runs.",
    "support": "Show what each method can do, what not, and why.",
    "env": "Build, list, update and remove environments of framework versions.",
    "completion": "Print what makes bash, zsh or fish complete commands.",
    "doctor": "Show the machine and what each backend has loaded.",
}
INTERRUPTED, UNAVAILABLE, USAGE, INTERNAL = 2, 3, 4, 70


class _Lazy(click.Group):
    """Imports a command's module only when the command is used: ``--help`` is instant."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"convergent.harness.cli.{name}")
        command = module.command
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def _version(ctx: click.Context, _parameter: click.Parameter, asked: bool) -> None:
    if asked:
        from convergent.harness import environment

        click.echo(f"convergent {environment.version()}")
        ctx.exit()


@click.command(
    cls=_Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="\b\nExamples:\n"
    "  convergent run                  what is installed, the suite ci, a report\n"
    "  convergent run --suite smoke -x a minute; stop at the first finding\n"
    "  convergent run --backend torch --op backprop_input --dtype float16\n"
    "  convergent repro torch conv/native conv2d:i9x10_c4_k3_o6_s2_pSAME\n"
    "\nExit codes: 0 clean, 1 new divergence, 2 interrupted, 3 a variant could not be run, "
    "4 usage, 5 nothing selected, 70 a bug of this tool.",
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show it."
)
def group() -> None:
    """Check whether the frameworks' convolutions converge.

    Runs every way in which TensorFlow, PyTorch and JAX compute a convolution, its gradients
    and its transpose, against autodiff and an exact oracle.
    """


def main() -> None:
    """Run the command line and exit with its documented code."""
    _take_streams()
    try:
        code = group.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        code = USAGE
    except (click.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except CannotRecord as error:
        code = _say(str(error), INTERRUPTED)
    except BackendUnavailable as error:
        code = _say(str(error), UNAVAILABLE)
    except ConvergentError as error:
        code = _say(str(error), USAGE)
    except OSError as error:
        code = _say(*_of_system(error))
    except Exception:  # noqa: BLE001 - a bug of ours must not look like a divergence
        traceback.print_exc()
        code = _say("this is a bug of convergent; please report it with the lines above", INTERNAL)
    sys.exit(code if isinstance(code, int) else 0)


def _of_system(error: OSError) -> tuple[str, int]:
    """Return what is said of a file that the system refuses, and the exit code."""
    place = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"{error.strerror}{place}; make room, or write to another disk", INTERRUPTED
    return f"{error.strerror or error}{place}; name another file or folder", USAGE


class _Output(io.FileIO):
    """Standard output, whose reader may leave (``| head``); the verdict stands all the same."""

    def write(self, data: Any) -> int:
        """Write ``data``, to nothing once nobody reads."""
        try:
            return super().write(data)
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return super().write(data)


def _take_streams() -> None:
    """Let no output end a command: nor what an encoding lacks, which is written as its escape."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # None where it is closed
            stream.reconfigure(errors="backslashreplace")
    if sys.stdout is sys.__stdout__ and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout = io.TextIOWrapper(
            io.BufferedWriter(_Output(sys.stdout.fileno(), "w", closefd=False)),
            encoding=sys.stdout.encoding,
            errors=sys.stdout.errors,
            line_buffering=sys.stdout.line_buffering,
            write_through=sys.stdout.write_through,
        )


def _say(message: str, code: int) -> int:
    click.echo(f"convergent: {message}", err=True)
    return code
