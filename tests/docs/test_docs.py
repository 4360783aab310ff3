"""What the documentation shows is so: examples run, commands parse, links lead somewhere."""

import ast
import doctest
import functools
import json
import re
import shlex
import tomllib
from pathlib import Path

import click
import pytest

from convergent.harness.cli import COMMANDS, group
from convergent.reports import commands, decisions

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCE = re.compile(r"^```(\S*)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page, *languages):
    """Return the fenced blocks of a page in these languages."""
    found = FENCE.findall(page.read_text("utf-8"))
    return [text for language, text in found if language in languages]


def console_commands():
    """Return every ``convergent`` command of a console block, with its page."""
    for page in PAGES:
        for block in blocks(page, "sh", "console", "bash", "shell"):
            whole = re.sub(r"\$\([^)]*\)", "x", re.sub(r"\\\n\s*", "", block))
            for line in whole.splitlines():
                stripped = re.sub(r"\s#\s.*", "", line).strip().removeprefix("$ ")
                if stripped.startswith("convergent "):
                    yield page.name, re.split(r"\s(?:\||>|&&)(?:\s|$)", stripped)[0]


COMMAND_LINES = list(dict.fromkeys(line for _, line in console_commands()))


def parsed(line):
    """Parse a command as the command line would, without running it."""
    command, words = group, shlex.split(line)[1:]
    ctx = group.make_context("convergent", words)
    while isinstance(command, click.Group):
        name, command, words = command.resolve_command(ctx, [*ctx._protected_args, *ctx.args])
        ctx = command.make_context(name, words, parent=ctx)
    return ctx


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_every_command_that_is_shown_parses(line, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    options = re.findall(r"--(?:baseline|durations|known) (\S+)", line)
    files = re.findall(r"(?<=\s)[\w./-]+\.(?:txt|jsonl|toml|json)(?=\s|$)", line)
    for name in {*options, *files}:  # that the reader would have
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    parsed(line)


def test_there_are_commands_to_parse():
    assert len(COMMAND_LINES) > 100


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_commands_within_the_text_exist(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for said in re.findall(r"`convergent ([a-z][^`\n]*)`", text):
        words = said.split()
        assert words[0] in COMMANDS, said
        command = group.get_command(None, words[0])
        if isinstance(command, click.Group) and len(words) > 1 and words[1] in command.commands:
            command = command.commands[words[1]]
        known = {option for parameter in command.params for option in parameter.opts}
        for option in re.findall(r"(?<=\s)--[a-z-]+", said):
            assert option in known or option == "--help", said


@pytest.mark.parametrize("page", [p for p in PAGES if ">>> " in p.read_text("utf-8")], ids=str)
def test_examples_give_what_they_show(page):
    examples = "\n".join(blocks(page, "pycon", "python"))
    test = doctest.DocTestParser().get_doctest(examples, {}, page.name, str(page), 0)
    said = []
    results = doctest.DocTestRunner().run(test, out=said.append)
    assert results.attempted > 0
    assert results.failed == 0, "".join(said)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_other_blocks_are_well_formed(page):
    for text in blocks(page, "python"):
        if ">>> " not in text:
            ast.parse(text)
    for text in blocks(page, "toml"):
        tomllib.loads(text)
    for text in blocks(page, "json"):
        for line in [text] if text.lstrip().startswith("{\n") else text.splitlines():
            json.loads(line)


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_links_lead_somewhere(page):
    text = FENCE.sub("", page.read_text("utf-8"))
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"https?:|mailto:", target):
            continue
        path, _, fragment = target.partition("#")
        at = (page.parent / path) if path else page
        assert at.exists(), target
        if fragment and at.suffix == ".md":
            assert fragment in anchors(at), target


@functools.cache
def anchors(page):
    """Return the names that a link to a page may end with: headings as GitHub has them, ids."""
    text = FENCE.sub("", page.read_text("utf-8"))
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}
    return slugs | set(re.findall(r'<a id="([^"]+)"', text))


def test_the_page_of_the_command_line_is_current():
    made = (ROOT / "docs" / "cli.md").read_text("utf-8")
    assert made == commands.page(), "python -m convergent.reports.commands > docs/cli.md"


def test_the_exit_codes_are_the_same_everywhere():
    def codes(path):
        return re.findall(r"^\| (\d+) \|", (ROOT / path).read_text("utf-8"), re.MULTILINE)

    assert codes("README.md") == codes("docs/cli.md")


def test_the_chart_of_decisions_is_current():
    made = (ROOT / "docs" / "decisions.svg").read_text("utf-8")
    assert made == decisions.chart(), "python -m convergent.reports.decisions > docs/decisions.svg"


def test_the_chart_keeps_its_text_inside_its_boxes():
    for step in decisions.STEPS:
        assert max(map(len, step.action)) <= 48
        assert max(map(len, step.question)) <= 28
