"""What a script says before it begins: what is wrong, where it was seen, under what variables."""

from __future__ import annotations

import os
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from convergent.backends import registry
from convergent.backends.variant import Variant
from convergent.cases import words
from convergent.cases.text import parse
from convergent.harness import environment
from convergent.harness.diagnose import is_named
from convergent.harness.outcome import Outcome

WIDTH = 96

FILL = [
    "# glibc fills fresh memory with 0x7f then, so that what a kernel never writes shows.",
    'if os.environ.get("MALLOC_PERTURB_") != "128":',
    '    os.environ["MALLOC_PERTURB_"] = "128"',
    "    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])",
    "",
]

_LONGEST = 300  # of an exception's message
_QUIET = ("MALLOC_PERTURB_", "ONEDNN_VERBOSE", "DNNL_VERBOSE")


def docstring(outcome: Outcome, loaded: Mapping[str, Any]) -> str:
    """Return the script's docstring."""
    from convergent.backends import registry

    method = registry.variant(outcome.variant).methods()[outcome.key]
    parts = [f"{outcome.variant} {outcome.key}: {_wrong(outcome)}"]
    if is_named(outcome.diagnosis):
        parts.append(f"Diagnosis: {outcome.diagnosis}.")
    said = " ".join((method.function.__doc__ or "").split("\n\n")[0].split()).rstrip(".")
    parts.append(f"{said}. {words.in_words(parse(outcome.case))}.")
    if outcome.verdict in ("crashed", "timed_out"):
        parts.append(
            "The process ends."
            if outcome.verdict == "crashed"
            else "It does not end: run it under timeout(1)."
        )
    if outcome.known:
        parts.append(f"Known: {outcome.known}")
    parts += [_seen(outcome, loaded), f"Found by: {outcome.repro}"]
    text = "\n\n".join(
        textwrap.fill(_plain(part), WIDTH, break_long_words=False, break_on_hyphens=False)
        for part in parts
    )
    return f'"""{text}\n"""'


def variables(variant: Variant) -> list[tuple[str, str]]:
    """Return the environment variables that the check ran under and that matter."""
    own = {k: v for k, v in variant.backend.environment.items()
           if "CACHE" not in k and "{" not in v}  # fmt: skip
    found = {**own, **environment.variables(), **variant.environment}
    own_and_set = {name: os.environ.get(name, value) for name, value in own.items()}
    found.update({k: v for k, v in own_and_set.items() if k not in variant.environment})
    return [(k, v) for k, v in found.items() if k not in _QUIET and "PERSISTENT" not in k]


def _wrong(outcome: Outcome) -> str:
    worst = outcome.worst
    if worst is None or not outcome.outside:
        said = outcome.detail or outcome.where
        if len(said) > _LONGEST:  # who raised, and what was said in the end
            said = f"{said.partition(':')[0]}: ... {said[-_LONGEST:]}"
        return outcome.verdict.replace("_", " ") + (f", {said}" if said else "")
    remarks = ", ".join(r for r in (outcome.where, outcome.model, outcome.detail) if r)
    actual, expected = worst.told
    return (
        f"{outcome.outside} of {outcome.size} elements are wrong, such as {actual} "
        f"where {expected} is due" + (f" ({remarks})" if remarks else "")
    )


def _seen(outcome: Outcome, loaded: Mapping[str, Any]) -> str:
    here = environment.describe()
    name = registry.backend_of(outcome.variant)
    said = [f"{name} {loaded.get('version', 'of an unknown version')}"]
    if "jaxlib" in loaded:
        said.append(f"jaxlib {loaded['jaxlib']}")
    said += [f"NumPy {loaded.get('numpy', here['numpy'])}",
             f"Python {loaded.get('python', here['python'])}", str(here["platform"]),
             str(here["cpu"])]  # fmt: skip
    return f"Seen with {', '.join(said)}."


def without_folders(text: str) -> str:
    """Return ``text`` with the names of files where their paths were."""
    return re.sub(r"(?<![\w:/.])/(?:[^/\s\"']+/)+(?=[^/\s])", "", text)


def _plain(text: str) -> str:
    """Return ``text`` as it may stand in a docstring, whatever a framework's message holds.

    Of the paths of files their names are left.
    """
    text = without_folders(text)
    printable = "".join(c if c.isprintable() else " " for c in text)
    return printable.replace("\\", "\\\\").replace('"""', "'''")
