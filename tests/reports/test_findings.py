"""The pages of findings are those of the ledger and of what its scripts showed."""

import ast
import json
import re
from pathlib import Path

import msgspec
import pytest

from convergent.cases.text import parse
from convergent.harness import ledger, record
from convergent.harness.known import log
from convergent.harness.known.confirm import PASSES, SAME
from convergent.harness.known.log import Log, Record
from convergent.harness.known.slug import slugs
from convergent.harness.outcome import Outcome
from convergent.reports import findings
from convergent.reports.findings import __main__ as command
from convergent.reports.findings import met
from convergent.reports.findings.item import items

DOCS = Path(__file__).parents[2] / "docs" / "findings"
LEDGER = ledger.load()
LOG = log.read(DOCS / log.FILE)
MADE = (
    "convergent known confirm -o docs/findings; python -m convergent.reports.findings docs/findings"
)


def test_the_pages_in_the_docs_are_current():
    pages = findings.pages(LEDGER, LOG, met.read(DOCS / met.FILE))
    assert {path.name for path in DOCS.glob("*.md")} == set(pages), MADE
    for name, text in pages.items():
        assert (DOCS / name).read_text("utf-8") == text, f"{name} is old; {MADE}"


def test_every_entry_of_the_ledger_has_a_record():
    names = slugs(LEDGER.entries)
    assert sorted(LOG.entries) == sorted(names), MADE
    for name, entry in zip(names, LEDGER.entries, strict=True):
        assert LOG.entries[name].is_of(entry), f"{name} was changed; {MADE}"
        assert LOG.entries[name].standing not in {"not shown", "not run"}, name


def test_what_is_confirmed_has_its_script_and_nothing_else_has():
    scripts = {path.stem: path.read_text("utf-8") for path in (DOCS / log.SCRIPTS).iterdir()}
    confirmed = {n for n, found in LOG.entries.items() if found.standing == "confirmed"}
    assert set(scripts) == confirmed
    for name, text in scripts.items():
        found = LOG.entries[name]
        ast.parse(text)
        assert "convergent" not in re.sub(r'""".*?"""', "", text, count=1, flags=re.DOTALL)
        key, _, case = found.check.rpartition("/")
        assert f"convergent repro {found.variant} {key} {parse(case)}" in " ".join(text.split())


def test_what_was_fixed_passes_in_a_later_version():
    fixed = [item for item in items(LEDGER, LOG, met.Meetings()) if item.fixed_in]
    assert {item.entry.issue.rpartition("/")[2] for item in fixed} >= {"31592", "32267"}
    for item in fixed:
        assert item.record.elsewhere[item.fixed_in] == PASSES
        assert not item.entry.speaks_of(item.fixed_in)
    page = (DOCS / "index.md").read_text("utf-8")
    assert page.index("## Not reported before") < page.index("## Fixed since")


def test_every_version_does_as_its_entry_says():
    """What the scripts did under other versions is what the ranges of the ledger say."""
    for item in items(LEDGER, LOG, met.Meetings()):
        for version, ended in item.record.elsewhere.items():
            assert (ended == SAME) == item.entry.speaks_of(version), (item.slug, version, ended)


def a_log(**changes):
    found = []
    for entry in LEDGER.entries:
        fields = {"variant": entry.shown_in, "check": entry.example, "versions": entry.versions,
                  "standing": "confirmed", "date": "2020-02-02", **changes}  # fmt: skip
        found.append(Record(**fields))
    return Log(entries=dict(zip(slugs(LEDGER.entries), found, strict=True)))


def test_without_a_record_an_entry_is_not_asked_yet():
    pages = findings.pages(LEDGER, Log())
    assert f"{len(LEDGER.entries)} not asked yet" in pages["index.md"]
    other = findings.pages(LEDGER, a_log(check="conv/native/conv1d:i3"))
    assert f"{len(LEDGER.entries)} not asked yet" in other["index.md"]


def test_what_the_log_says_is_no_markdown():
    bad = "<script>alert(1)</script>\n# head | **x** [a](javascript:b) ```"
    pages = findings.pages(LEDGER, a_log(said=bad, diagnosis=bad, version=bad, processor=bad,
                                         elsewhere={bad: bad}, date=bad))  # fmt: skip
    for text in pages.values():
        outside = re.sub(r"^(`{3,}).*?^\1$", "", text, flags=re.DOTALL | re.MULTILINE)
        assert "<script" not in outside
        assert "\n# head" not in text
        assert "[a](java" not in outside


@pytest.mark.parametrize("content", [None, b"", b"{", b"\xff", b'{"entries": 3}', b'{"schema": 9}'])
def test_a_damaged_log_is_one_line_and_code_4(tmp_path, capsys, content):
    if content is not None:
        (tmp_path / log.FILE).write_bytes(content)
    assert command.main([str(tmp_path)]) == 4
    said = capsys.readouterr().err
    assert len(said.splitlines()) == 1
    assert log.FILE in said
    assert not list(tmp_path.glob("*.md"))


def test_the_command_makes_the_pages_and_counts_what_run_files_have(tmp_path, capsys):
    entry = LEDGER.entries[0]
    op, method, case = entry.example.split("/")
    wrong = Outcome(variant="torch", op=op, method=method, case=case, verdict="differs", ratio=4.0,
                    known=f"{entry.reason} (an older issue)")  # fmt: skip
    right = msgspec.structs.replace(wrong, verdict="agrees", known="", ratio=0.0, method="vjp")
    runs = [tmp_path / "1.jsonl", tmp_path / "2.jsonl"]
    for day, run in enumerate(runs, 1):
        writer = record.Writer(run)
        writer.write(
            record.Header(version="0", started=f"2026-01-0{day}T00:00:00+00:00", argv=[], suite="",
                          seed=0, variants=["torch"], cases=1, checks=2, plan="", environment={})
        )  # fmt: skip
        writer.write(record.Loaded(name="torch", loaded={"version": "2.13.0"}))
        writer.write(wrong)
        writer.write(right)
        writer.close()
    (tmp_path / log.FILE).write_text('{"schema": 1}')
    assert command.main([str(tmp_path), "--runs", *map(str, runs)]) == 0
    made = json.loads((tmp_path / met.FILE).read_text())
    assert made["entries"] == {
        slugs(LEDGER.entries)[0]: {
            "checks": 2, "of": 4, "first": "2026-01-01", "last": "2026-01-02", "ratio": 4.0,
        }
    }  # fmt: skip
    said = "2 checks of 4 of torch, 2026-01-01 to 2026-01-02, worst error ratio 4"
    assert said in (tmp_path / "torch.md").read_text("utf-8")
    assert command.main([str(tmp_path)]) == 0  # what was counted is kept
    assert said in (tmp_path / "torch.md").read_text("utf-8")
    (tmp_path / met.FILE).write_text("[")
    assert command.main([str(tmp_path)]) == 4
    assert command.main([str(tmp_path), "--runs", str(tmp_path / "none")]) == 4
    assert command.main(["--colour"]) == 4
    assert len(capsys.readouterr().err.splitlines()) == 3
