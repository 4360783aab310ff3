"""The folder of a fuzz: its run file, corpus and findings, each whole at any moment."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from convergent.cases.case import Case
from convergent.cases.errors import InvalidCase, RunFileDamaged
from convergent.cases.text import parse
from convergent.harness import aside, environment, record
from convergent.harness.fuzz.findings import Finding
from convergent.harness.options import Options
from convergent.harness.record import Header, Run
from convergent.harness.run import RUN_FILE, check_versions, put_aside
from convergent.harness.session import now

CORPUS_FILE = "corpus.txt"
FINDINGS_FILE = "findings.jsonl"


def prepare(options: Options) -> Run | None:
    """Return what an earlier sitting recorded, if it is to be resumed; put other files aside.

    Raises ``RunFileDamaged`` if the run file is that of anything else.
    """
    path = options.folder / RUN_FILE
    if not (options.resume and path.exists()):
        for name in (CORPUS_FILE, FINDINGS_FILE, RUN_FILE):
            if (options.folder / name).exists():
                put_aside(options.folder / name)
        return None
    if record.is_cut_in_header(path):
        path.unlink()
        return None
    earlier = record.read(path)
    if earlier.header.plan != digest(options):
        raise RunFileDamaged(
            f"{path} is no fuzz of these variants, seed and selection "
            f"({' '.join(earlier.header.argv)}); repeat that command with --resume, or give "
            "another folder with -o"
        )
    check_versions(earlier)
    return earlier


def header(options: Options) -> Header:
    """Return the first line of a fuzz' run file; how many checks there will be nobody knows."""
    return Header(
        version=environment.version(),
        started=now(),
        argv=sys.argv[1:],
        suite=options.suite,
        seed=options.seed,
        variants=list(options.variants),
        cases=0,
        checks=0,
        plan=digest(options),
        environment=environment.describe(),
    )


def digest(options: Options) -> str:
    """Return a hash of what a resumed fuzz must have in common."""
    selection = msgspec.json.encode(options.selection).decode()
    said = "\n".join(["fuzz", str(options.seed), selection, *options.variants])
    return hashlib.blake2b(said.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()


def read_findings(path: Path) -> list[Finding]:
    """Read what an earlier sitting found and looked into; counts start anew.

    Raises ``RunFileDamaged`` with the line at fault.
    """
    if not path.exists():
        return []
    decoder = msgspec.json.Decoder(Finding)
    found = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            one = decoder.decode(line)
            parse(one.outcome.case)
            parse(one.found_in)
        except (msgspec.DecodeError, UnicodeDecodeError, InvalidCase) as error:
            raise RunFileDamaged(
                f"{path}, line {number} is no finding ({error}); remove the file, and --resume "
                "looks into every finding again"
            ) from error
        one.seen = 0
        if one.state != "waiting":
            found.append(one)
    return found


def write_findings(found: Iterable[Finding], path: Path) -> None:
    """Write findings, a line each, whole or not at all."""
    aside.write(path, b"".join(record.encoded(one) + b"\n" for one in found))


def write_corpus(corpus: Mapping[Case, str], path: Path) -> None:
    """Write the cases of a corpus, each with why it was kept, whole or not at all."""
    lines = [f"{case}  # {why}\n" for case, why in corpus.items()]
    aside.write(path, "".join(["# Cases that reached something new.\n\n", *lines]).encode())
