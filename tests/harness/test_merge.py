"""Merging: what was split, lost, damaged or run twice is the whole again, or is refused."""

import os
import subprocess
import sys

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convergent.cases.errors import RunFileDamaged
from convergent.cases.text import parse
from convergent.harness import merge, record, run, salvage
from convergent.harness.ledger import Entry, Ledger
from convergent.harness.options import Options
from convergent.harness.outcome import Outcome
from convergent.harness.record import Header, Loaded
from convergent.harness.shard import Shard

CASES = [parse(f"conv2d:n2_i{size}x5_c2_k3_o3_pSAME") for size in range(4, 13)]
NONE = Ledger(())


def options(folder, **changes):
    return Options(**({"variants": ("scipy",), "folder": folder, "jobs": 1} | changes))


def found(read):
    return {(o.id, o.verdict, o.digest, o.ratio) for o in read.outcomes}


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    return run.run(CASES, options(tmp_path_factory.mktemp("whole")), NONE).run


@pytest.fixture(scope="module")
def shards(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shards")
    for index in (1, 2, 3):
        part = options(folder / str(index), shard=Shard(index=index, count=3))
        assert run.run(CASES, part, NONE).exit_code == 0
    return folder


def lines(path):
    return path.read_bytes().splitlines(keepends=True)


def rewritten(path, folder, change):
    """Write ``path`` to ``folder`` with every line changed, or left out."""
    folder.mkdir(parents=True, exist_ok=True)
    decoder = msgspec.json.Decoder(record.Line)
    new = (change(decoder.decode(line)) for line in lines(path))
    content = b"".join(record.encoded(line) + b"\n" for line in new if line is not None)
    (folder / "run.jsonl").write_bytes(content)
    return folder


def test_three_shards_are_the_whole(tmp_path, shards, whole):
    merged = merge.merge([shards], tmp_path / "all")
    assert found(merged.result.run) == found(whole)
    assert merged.result.exit_code == 0
    assert not merged.missing
    header = merged.result.run.header
    assert header.plan == header.whole == whole.header.plan == whole.header.whole
    assert (header.shard, header.checks) == ("", whole.header.checks)
    assert merged.result.run.variants == whole.variants


def test_an_entry_of_the_ledger_is_stale_where_its_example_was_run(tmp_path):
    example = f"conv/correlate/{CASES[3]}"
    entry = Entry(variant="scipy", checks=("conv/correlate",), verdicts=("differs",),
                  example=example, kind="notyet", reason="fixed", issue="none")  # fmt: skip
    ends = []
    for index in (1, 2):
        part = options(tmp_path / str(index), shard=Shard(index=index, count=2))
        result = run.run(CASES, part, Ledger([entry]))
        ends.append((example in {f"{o.key}/{o.case}" for o in result.run.outcomes}, result))
    assert sorted(has for has, _ in ends) == [False, True]
    assert all(bool(r.run.end.stale) == has == bool(r.exit_code) for has, r in ends)
    merged = merge.merge([tmp_path], tmp_path / "all")
    assert merged.result.exit_code == 1
    assert example in merged.result.run.end.stale[0]


def test_a_missing_shard_is_said_and_made_up_for(tmp_path, shards, whole):
    merged = merge.merge([shards / "3", shards / "1"], tmp_path)
    assert merged.result.exit_code == 3
    assert "no file is its shard 2/3" in merged.missing[0]
    resumed = run.run(CASES, options(tmp_path, resume=True), NONE)
    assert resumed.exit_code == 0
    assert found(resumed.run) == found(whole)


def test_a_shard_is_resumed_as_that_shard_alone(tmp_path, shards):
    cut = b"".join(lines(shards / "1" / "run.jsonl")[:9])
    (tmp_path / "run.jsonl").write_bytes(cut)
    with pytest.raises(RunFileDamaged, match="other checks"):
        run.run(CASES, options(tmp_path, resume=True), NONE)
    part = options(tmp_path, resume=True, shard=Shard(index=1, count=3))
    assert found(run.run(CASES, part, NONE).run) == found(record.read(shards / "1" / "run.jsonl"))


HEADER = Header(version="1", started="2026", argv=[], suite="ci", seed=0, variants=["a", "b"],
                cases=1, checks=0, plan="", environment={})  # fmt: skip
OUTCOMES = [
    Outcome(variant=name, op="conv", method="native", case=f"case{n}", verdict=verdict,
            ratio=n / 7, digest=f"{ord(name):08x}{n:08x}")
    for name in ("a", "b")
    for n, verdict in enumerate(("agrees", "differs", "degraded", "unsupported", "agrees"))
]  # fmt: skip
WHOLES = {name: record.Whole(digest=name, checks=5) for name in ("a", "b")}


def write(folder, outcomes, variants=("a", "b"), **changes):
    folder.mkdir(parents=True, exist_ok=True)
    wholes = {name: WHOLES[name] for name in variants}
    header = msgspec.structs.replace(HEADER, wholes=wholes, checks=len(outcomes), **changes)
    loaded = [Loaded(name=name, loaded={"version": "2.0"}) for name in variants]
    content = [record.encoded(line) + b"\n" for line in (header, *loaded, *outcomes)]
    (folder / "run.jsonl").write_bytes(b"".join(content))
    return folder


@settings(max_examples=40)
@given(data=st.data())
def test_any_split_in_any_order_with_any_overlap_is_the_whole(tmp_path_factory, data):
    base = tmp_path_factory.mktemp("split")
    count = data.draw(st.integers(1, 4))
    parts = st.sets(st.integers(0, count - 1), min_size=1)
    owners = [data.draw(parts) for _ in OUTCOMES]
    folders = [
        write(base / str(part), [o for o, of in zip(OUTCOMES, owners, strict=True) if part in of])
        for part in range(count)
    ]
    merged = merge.merge(data.draw(st.permutations(folders)), base / "all")
    assert set(merged.result.run.outcomes) == set(OUTCOMES)
    assert not merged.missing
    assert not merged.apart
    assert merged.result.exit_code == 1


def test_variants_that_were_run_apart_merge(tmp_path):
    each = [write(tmp_path / name, [o for o in OUTCOMES if o.variant == name], (name,))
            for name in ("a", "b")]  # fmt: skip
    merged = merge.merge(each, tmp_path / "all")
    together = merge.merge([write(tmp_path / "both", OUTCOMES)], tmp_path / "again")
    assert set(merged.result.run.outcomes) == set(OUTCOMES)
    assert merged.result.run.header.plan == together.result.run.header.plan
    assert merged.result.run.header.variants == ["a", "b"]


@pytest.mark.parametrize("turn", [1, -1])
def test_of_two_outcomes_the_worse_is_kept_and_named(tmp_path, turn):
    worse = msgspec.structs.replace(OUTCOMES[0], verdict="crashed")
    folders = [write(tmp_path / "a", OUTCOMES), write(tmp_path / "b", [worse, *OUTCOMES[1:]])]
    merged = merge.merge(folders[::turn], tmp_path / "all")
    assert merged.apart == 1
    assert merged.differing == (worse.id,)
    assert worse in merged.result.run.outcomes
    assert len(merged.result.run.outcomes) == len(OUTCOMES)


def test_in_one_file_the_later_outcome_counts(tmp_path):
    crashed = msgspec.structs.replace(OUTCOMES[0], verdict="crashed")
    merged = merge.merge([write(tmp_path / "a", [crashed, *OUTCOMES])], tmp_path / "all")
    assert set(merged.result.run.outcomes) == set(OUTCOMES)
    assert not merged.apart


def test_damaged_lines_are_reported_and_the_rest_is_kept(tmp_path):
    path = write(tmp_path / "a", OUTCOMES) / "run.jsonl"
    content = lines(path)
    content[4] = b"\x00\xff garbage\n"
    content[5] = content[5].replace(b"differs", b"perfect").replace(b"degraded", b"perfect")
    stray = msgspec.structs.replace(OUTCOMES[0], variant="c")
    path.write_bytes(b"".join([*content, record.encoded(stray) + b"\n", b'{"type":"check","ver']))
    reported = []
    merged = merge.merge([path], tmp_path / "all", (), reported.append)
    assert [damage.number for damage in reported] == [5, 6, 14, 15]
    assert str(reported[0]).startswith(f"{path}:5: ")
    assert reported[-1].reason == "cut short"
    assert len(merged.result.run.outcomes) == len(OUTCOMES) - 2
    assert merged.result.run.damaged == 0
    assert merged.missing == ("a: 2 of 5 checks are missing",)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"suite": "edge"}, "suite ci and edge"),
        ({"seed": 3}, "seed 0 and 3"),
        ({"version": "2"}, "convergent 1 and 2"),
        ({"cases": 9}, "number of cases"),
    ],
)
def test_runs_that_do_not_belong_together_are_refused(tmp_path, changes, said):
    folders = [write(tmp_path / "a", OUTCOMES[:5]), write(tmp_path / "b", OUTCOMES[5:], **changes)]
    with pytest.raises(RunFileDamaged, match=said) as raised:
        merge.merge(folders, tmp_path / "all")
    assert all(str(folder) in str(raised.value) for folder in folders)
    assert not (tmp_path / "all" / "run.jsonl").exists()


def test_another_plan_and_another_version_of_a_variant_are_refused(tmp_path, shards):
    other = run.run(CASES[:4], options(tmp_path / "other"), NONE)
    assert other.exit_code == 0
    with pytest.raises(RunFileDamaged, match="number of cases"):
        merge.merge([shards / "1", tmp_path / "other"], tmp_path / "all")

    def replanned(line):
        if not isinstance(line, Header):
            return line
        wholes = {"scipy": record.Whole(digest="other", checks=9)}
        return msgspec.structs.replace(line, wholes=wholes)

    def older(line):
        if not isinstance(line, Loaded):
            return line
        return msgspec.structs.replace(line, loaded={**line.loaded, "version": "1.0"})

    path = shards / "2" / "run.jsonl"
    with pytest.raises(RunFileDamaged, match="planned other checks of scipy"):
        merge.merge([shards, rewritten(path, tmp_path / "plan", replanned)], tmp_path / "all")
    with pytest.raises(RunFileDamaged, match=r"scipy was run with version 1\.\d+.* and 1\.0"):
        merge.merge([shards, rewritten(path, tmp_path / "old", older)], tmp_path / "all")


def test_a_file_without_a_header_is_refused(tmp_path):
    path = write(tmp_path / "a", OUTCOMES) / "run.jsonl"
    path.write_bytes(b"".join(lines(path)[1:]))
    with pytest.raises(RunFileDamaged, match=r"no header line.*leave the file out"):
        merge.merge([path], tmp_path / "all")
    older = write(tmp_path / "b", OUTCOMES, variants=())
    with pytest.raises(RunFileDamaged, match="which plan it is a part of"):
        merge.merge([older], tmp_path / "all")


def test_files_put_one_behind_the_other_are_read_as_well(tmp_path):
    first, second = write(tmp_path / "a", OUTCOMES[:5]), write(tmp_path / "b", OUTCOMES[5:])
    joined = tmp_path / "joined.jsonl"
    joined.write_bytes(b"".join((f / "run.jsonl").read_bytes() for f in (first, second)))
    assert not merge.merge([joined], tmp_path / "all").missing


def test_shards_are_added_to_a_merged_run_bit_by_bit(tmp_path, shards, whole):
    target = tmp_path / "all"
    for index in ("2", "1", "3"):
        before = [target] if target.exists() else []
        merged = merge.merge([*before, shards / index], target)
    assert found(merged.result.run) == found(whole)
    assert [path.name for path in target.glob("*.jsonl")] == ["run.jsonl"]


def test_what_lay_in_the_folder_is_put_aside(tmp_path):
    write(tmp_path / "all", OUTCOMES[:2])
    merge.merge([write(tmp_path / "a", OUTCOMES)], tmp_path / "all")
    assert len(list((tmp_path / "all").glob("run-*.jsonl"))) == 1


def test_arrays_are_taken_by_digest_and_nothing_else_is(tmp_path):
    secret = tmp_path / "secret"
    secret.write_text("mine")
    evil = msgspec.structs.replace(OUTCOMES[0], verdict="differs", digest="../../secret")
    folder = write(tmp_path / "a", [evil, *OUTCOMES[1:]])
    (folder / "arrays").mkdir()
    (folder / "arrays" / f"{OUTCOMES[1].digest}.npy").write_bytes(b"wrong numbers")
    (folder / "arrays" / f"{OUTCOMES[2].digest}.npy").symlink_to(secret)
    os.mkfifo(folder / "arrays" / f"{OUTCOMES[6].digest}.npy")
    merge.merge([folder], tmp_path / "all")
    copied = list((tmp_path / "all" / "arrays").iterdir())
    assert [path.name for path in copied] == [f"{OUTCOMES[1].digest}.npy"]
    assert copied[0].read_bytes() == b"wrong numbers"


def test_the_command_says_what_is_missing_and_where_lines_are_damaged(tmp_path, shards):
    broken = tmp_path / "broken.jsonl"
    broken.write_bytes((shards / "1" / "run.jsonl").read_bytes() + b"??\n" * 30)
    done = subprocess.run(
        [sys.executable, "-m", "convergent", "merge", broken, shards / "2", "-o", "all"],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 3, done.stdout + done.stderr
    assert done.stderr.count(str(broken)) == 20
    assert "10 more lines" in done.stderr
    assert "no file is its shard 3/3" in done.stdout
    assert (tmp_path / "all" / "report.html").exists()


def test_a_merge_that_is_killed_leaves_the_old_file_or_the_whole_one(tmp_path):
    many = [msgspec.structs.replace(o, case=f"{o.case}_{n}") for n in range(400) for o in OUTCOMES]
    target, source = tmp_path / "all", write(tmp_path / "a", many)
    write(target, OUTCOMES)
    old = (target / "run.jsonl").read_bytes()
    script = (
        "import os, sys; from pathlib import Path; from convergent.harness import merge;"
        "left = [int(sys.argv[3])];"
        "exec('def tick(*a):\\n left[0] -= 1\\n if not left[0]: os.kill(os.getpid(), 9)');"
        "sys.setprofile(tick); merge.merge([Path(sys.argv[1])], Path(sys.argv[2]))"
    )
    for at in (2_000, 20_000, 60_000, 90_000):
        killed = subprocess.run(
            [sys.executable, "-c", script, source, target, str(at)], check=False
        ).returncode
        assert killed in (-9, 0)
        kept = [path.read_bytes() for path in target.glob("*.jsonl")]
        assert old in kept
        assert all(record.read(path).damaged == 0 for path in target.glob("*.jsonl"))
    merged = merge.merge([source], target)
    assert set(merged.result.run.outcomes) == set(many)
    assert not list(target.glob(".run.jsonl.*"))


@pytest.mark.parametrize("read", [record.read, lambda path: list(salvage.lines(path))])
def test_a_pipe_is_refused_since_a_run_is_read_twice(tmp_path, read):
    pipe = tmp_path / "run.jsonl"
    os.mkfifo(pipe)
    with pytest.raises(RunFileDamaged, match="write it to a file first"):
        read(pipe)
