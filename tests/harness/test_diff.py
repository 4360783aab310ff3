"""What became of a check, which variants belong together, and what figures say: ``diff``."""

import itertools
import random
import subprocess
import sys

import pytest
from click.testing import CliRunner

from convergent.cases.errors import RunFileDamaged, UnknownBackend
from convergent.harness import diff
from convergent.harness.cli import diff as cli
from convergent.harness.diff import classify, confirm, failing, identity, signedrank
from convergent.harness.diff import side as sides
from convergent.harness.diff.drift import FEWEST, drifts
from convergent.harness.diff.match import ambiguous, match
from convergent.harness.diff.speed import COMMON, speeds
from convergent.harness.outcome import VERDICTS, Outcome
from convergent.harness.record import End, Header, Loaded, Writer
from convergent.harness.script.attempt import attempt

CASE = "conv1d:i8_k3_normal"
KNOWN = "the ledger's reason"
GONE = "AttributeError: module 'jax.lax' has no attribute 'conv_new'"


def check(verdict="agrees", **fields):
    usual = {"variant": "jax", "op": "conv", "method": "native", "case": CASE}
    return Outcome(**(usual | {"verdict": verdict} | fields))


def loaded(name="jax", version="1.0", file="/a/jax/__init__.py", **more):
    described = {"version": version, "file": file, "modes": [], "python": "3.11.2"} | more
    return Loaded(name=name, loaded=described)


def write(path, *outcomes, variants=(), **fields):
    names = list(dict.fromkeys([*(v.name for v in variants), *(o.variant for o in outcomes)]))
    usual = {
        "version": "0.1.0", "started": "2026-01-02T03:04:05Z", "argv": ["run"], "suite": "ci",
        "seed": 0, "variants": names, "cases": 1, "checks": len(outcomes), "plan": "a",
        "environment": {"cpu": "Example 9000", "cores": 2},
    }  # fmt: skip
    writer = Writer(path)
    writer.write(Header(**(usual | fields)))
    for line in (*variants, *outcomes):
        writer.write(line)
    writer.write(End(finished="", wall=1.0, workers=1.0, harness=0.0, framework=1.0))
    writer.close()
    return path


def of(tmp_path, name, *outcomes, **fields):
    return sides.read(write(tmp_path / name / "run.jsonl", *outcomes, **fields).parent)


def compared(tmp_path, old, new, **fields):
    before = of(tmp_path, "old", *old, variants=(loaded(version="1.0"),), **fields)
    after = of(tmp_path, "new", *new, variants=(loaded(version="2.0", file="/b"),), **fields)
    return diff.diff(before, after)


FAILING = [v for v in VERDICTS if v not in {"agrees", "unsupported"}]
EXPECTED = (
    {("agrees", v): "new" for v in FAILING}
    | {(v, "agrees"): "fixed" for v in FAILING}
    | {(a, b): "changed" for a in FAILING for b in FAILING if a != b}
    | {(v, v): "same" for v in VERDICTS}
    | {("unsupported", v): "new" for v in FAILING}
    | {(v, "unsupported"): "lost" for v in (*FAILING, "agrees")}
    | {("unsupported", "agrees"): "gained"}
)


@pytest.mark.parametrize(("old", "new"), list(itertools.product(VERDICTS, VERDICTS)))
def test_every_pair_of_verdicts_has_its_kind(old, new):
    assert classify.kind(check(old), check(new)) == EXPECTED[old, new]


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (check(digest="a"), check(digest="a"), "same"),
        (check(digest="a"), check(digest="b"), "drifted"),
        (check(digest=""), check(digest="b"), "same"),
        (check(), check("degraded", known=KNOWN), "known"),
        (check("unsupported"), check("degraded", known=KNOWN), "known"),
        (check("degraded", known=KNOWN), check("differs"), "new"),
        (check("degraded", known=KNOWN), check("degraded"), "same"),
        (check("differs"), check("degraded", known=KNOWN), "changed"),
        (check("differs", question="value"), check("differs", question="repeat"), "changed"),
        (check("degraded", model="a"), check("degraded", model="b"), "changed"),
        (check("differs", diagnosis="a"), check("differs", diagnosis="b"), "changed"),
        (check("differs", diagnosis="a or b"), check("differs", diagnosis="b"), "same"),
        (check("differs", diagnosis=""), check("differs", diagnosis="b"), "same"),
        (check("differs", diagnosis="unexplained"), check("differs", diagnosis="b"), "changed"),
        (check("differs", ratio=3.0), check("differs", ratio=9.0), "same"),
        (check("raised", detail="ValueError: 3"), check("raised", detail="ValueError: 4"), "same"),
        (check("raised", detail="ValueError: 3"), check("raised", detail="OSError: 3"), "changed"),
    ],
)
def test_reasons_count_and_figures_do_not(old, new, kind):
    assert classify.kind(old, new) == kind


@pytest.mark.parametrize(
    "detail",
    [
        GONE,
        "ModuleNotFoundError: No module named 'jax.extend'",
        "ImportError: cannot import name 'x' from 'jax' (/a/jax/__init__.py)",
        "AttributeError: '_OpNamespace' 'aten' object has no attribute 'conv9d'",
        "AttributeError: type object 'Conv' has no attribute 'jvp'",
        "AttributeError: jax.lax.conv_x was removed in JAX v0.5.0",
    ],
)
def test_an_api_that_a_version_lacks_is_neither_new_nor_fixed(detail):
    absent = check("raised", detail=detail)
    assert classify.kind(absent, check()) == "gained"
    assert classify.kind(absent, check("differs")) == "gained"
    assert classify.kind(check(), absent) == "lost"
    assert classify.kind(check("differs"), absent) == "lost"
    assert classify.kind(absent, absent) == "same"
    assert classify.kind(check("unsupported"), absent) == "same"


@pytest.mark.parametrize(
    "detail",
    [
        "AttributeError: 'NoneType' object has no attribute 'shape'",
        "RuntimeError: module 'x' has no attribute 'y'",
        "ValueError: ModuleNotFoundError: no",
    ],
)
def test_a_mistake_inside_a_framework_is_no_missing_api(detail):
    assert classify.kind(check(), check("raised", detail=detail)) == "new"
    assert classify.kind(check("raised", detail=detail), check()) == "fixed"


def test_a_refused_argument_came_later_on_the_old_side_and_is_new_on_the_new_side():
    refused = check("raised", detail="TypeError: f() got an unexpected keyword argument 'x'")
    assert classify.kind(refused, check()) == "gained"
    assert classify.kind(check(), refused) == "new"
    assert classify.kind(refused, refused) == "same"
    assert classify.kind(check("raised", detail=GONE), refused) == "changed"


# Matching


@pytest.mark.parametrize(
    ("old", "new", "settled", "pairs"),
    [
        (["jax"], ["jax"], (), [("jax", "jax")]),
        (["jax==0.4.38"], ["jax==0.10.2"], (), [("jax==0.4.38", "jax==0.10.2")]),
        (["jax==0.4.38"], ["jax"], (), [("jax==0.4.38", "jax")]),
        (["jax==1.0:jit", "jax==1.0"], ["jax==2.0", "jax==2.0:jit"], (),
         [("jax==1.0:jit", "jax==2.0:jit"), ("jax==1.0", "jax==2.0")]),
        (["jax==1.0", "jax==2.0"], ["jax==2.0", "jax==3.0"], (),
         [("jax==1.0", "jax==3.0"), ("jax==2.0", "jax==2.0")]),
        (["jax==1.0"], ["jax==2.0", "jax==3.0"], (), []),
        (["jax==1.0"], ["jax==2.0", "jax==3.0"], ["jax==1.0=jax==3.0"],
         [("jax==1.0", "jax==3.0")]),
        (["jax==1.0", "jax==2.0"], ["jax==1.0", "jax==2.0"], ["jax==1.0=jax==2.0"],
         [("jax==1.0", "jax==2.0")]),
        (["torch"], ["torch:no_onednn"], (), []),
        (["torch"], ["torch:no_onednn"], ["torch=torch:no_onednn"], [("torch", "torch:no_onednn")]),
    ],
)  # fmt: skip
def test_variants_match_by_name_then_without_their_version(old, new, settled, pairs):
    assert list(match(old, new, settled)) == pairs


def test_what_is_ambiguous_is_said_with_the_way_out():
    (said,) = ambiguous(["jax==1.0"], ["jax==2.0", "jax==3.0"])
    assert "--match jax==1.0=jax==2.0" in said


@pytest.mark.parametrize("settled", [["jax"], ["jax=torch"], ["jax=jax", "jax=jax"]])
def test_a_match_of_no_variants_is_refused(settled):
    with pytest.raises(UnknownBackend, match="--match"):
        match(["jax"], ["jax"], settled)


# Identity


def test_a_version_compared_with_itself_is_recognised():
    same = identity.identify(loaded(), loaded(), ("jax", "jax"))
    assert same.likeness == "same"
    assert not same.lies
    elsewhere = identity.identify(loaded(), loaded(file="/b"), ("jax", "jax"))
    assert elsewhere.likeness == "same version"
    others = ({"version": "2.0"}, {"modes": ["jit"]}, {"git": "b"}, {"jaxlib": "9"})
    for other in (loaded(**fields) for fields in others):
        assert not identity.identify(loaded(), other, ("jax", "jax")).likeness
    assert identity.identify(loaded(), None, ("jax", "jax")).likeness == "unknown"


@pytest.mark.parametrize(
    ("names", "old", "new", "lies"),
    [
        (("jax==1.0", "jax==2.0"), "1.0", "2.0", 0),
        (("jax==1.0", "jax==2.0"), "1.0+cpu", "2.0", 0),
        (("jax==1.0", "jax==2.0"), "2.0", "2.0", 2),
        (("jax==1.0", "jax"), "1.0", "1.0", 0),
        (("jax==1.0", "jax"), "1.1", "1.0", 1),
        (("jax@/a/python", "jax@/b/python"), "1.0", "1.0", 1),
    ],
)
def test_another_version_than_asked_for_is_a_lie(names, old, new, lies):
    found = identity.identify(loaded(version=old), loaded(version=new), names)
    assert len(found.lies) == lies


def test_a_comparison_of_a_version_with_itself_asked_for_as_two_exits_with_3(tmp_path):
    old = of(tmp_path, "old", check(variant="jax==1.0"), variants=(loaded("jax==1.0", "3.0"),))
    new = of(tmp_path, "new", check(variant="jax==2.0"), variants=(loaded("jax==2.0", "3.0"),))
    assert failing.exit_code(diff.diff(old, new), ["new"]) == 3


def test_other_conditions_are_said(tmp_path):
    before = {"cpu": "A", "variables": {"OMP_NUM_THREADS": "1"}}
    old = of(tmp_path, "old", check(), environment=before)
    new = of(tmp_path, "new", check(), environment={"cpu": "B", "variables": {}}, seed=3, plan="b")
    said = " | ".join(diff.diff(old, new).conditions)
    expected = ("cpu: A before, B now", "OMP_NUM_THREADS=1", "seed: 0 before, 3", "planned checks")
    for words in expected:
        assert words in said


# The whole


def test_changes_counts_and_what_is_alone(tmp_path):
    sized = [check(case="conv1d:i4_k2"), check(case="conv1d:i9_k2")]
    old = [*sized, check("differs"), check(method="old")]
    new = [check("differs", case="conv1d:i4_k2"), check(), check(op="transpose")]
    found = compared(tmp_path, old, new)
    assert dict(found.counts) == {"new": 1, "fixed": 1}
    assert {(x.side, x.key, x.count) for x in found.lone} == {
        ("old", "conv/old", 1), ("old", "conv/native", 1), ("new", "transpose/native", 1),
    }  # fmt: skip
    reasons = {x.key: x.reason for x in found.lone}
    assert reasons["conv/old"] == "the other side was not asked this method, or has none such"


@pytest.mark.parametrize(
    ("old", "new", "fail_on", "code"),
    [
        (check(), check(), ["new"], 0),
        (check(), check("differs"), ["new"], 1),
        (check(), check("differs"), ["fixed"], 0),
        (check(), check("differs"), [], 0),
        (check(), check("differs", known=KNOWN), ["new"], 0),
        (check(), check("differs", known=KNOWN), ["known"], 1),
        (check("differs"), check(), ["new"], 0),
        (check("differs"), check(), ["fixed"], 1),
        (check("degraded"), check("differs"), ["new"], 0),
        (check("degraded"), check("differs"), ["worse"], 1),
        (check("differs"), check("degraded"), ["worse"], 0),
        (check("differs"), check("degraded"), ["changed"], 1),
        (check(digest="a"), check(digest="b"), ["new", "grew", "fell"], 0),
        (check(digest="a"), check(digest="b"), ["drifted"], 1),
        (check(), check("raised", detail=GONE), ["new"], 0),
        (check(), check("raised", detail=GONE), ["lost"], 1),
        (check("raised", detail=GONE), check(), ["gained"], 1),
        (check(), check(method="other"), ["new"], 5),
    ],
)
def test_exit_codes(tmp_path, old, new, fail_on, code):
    assert failing.exit_code(compared(tmp_path, [old], [new]), fail_on) == code


def test_what_could_not_be_run_exits_with_3_and_a_finding_with_1(tmp_path):
    broken = (loaded(), Loaded(name="torch", error="no torch"))
    old = of(tmp_path, "old", check(), variants=(loaded(),))
    new = of(tmp_path, "new", check(), variants=broken, checks=2)
    worse = of(tmp_path, "worse", check("differs"), variants=broken, checks=2)
    assert failing.exit_code(diff.diff(old, new), ["new"]) == 3
    assert failing.exit_code(diff.diff(old, worse), ["new"]) == 1


# Statistics


def test_the_signed_rank_test_is_scipys():
    from scipy import stats

    draw = random.Random(5)
    for n in (6, 11, 30, 200):
        d = [draw.gauss(0.2, 1) for _ in range(n)]
        expected = stats.wilcoxon(d, method="exact" if n <= 60 else "approx", correction=n > 60)
        assert signedrank.test(d).p == pytest.approx(float(expected.pvalue), rel=1e-9)


def test_ties_and_zeros_are_exact():
    # Three equal differences of one sign: 2 of 8 assignments are as far out. Zeros do not count.
    assert signedrank.test([1.0, 1.0, 1.0, 0.0]).p == 0.25
    assert signedrank.test([1.0, 1.0, 1.0, 0.0]).pairs == 3
    assert signedrank.test([0.0, 0.0]).p == 1.0
    assert signedrank.test([1.0, -1.0]).p == 1.0


def test_holm_adjusts_by_rank():
    assert signedrank.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert signedrank.holm([]) == []


def twins(draw, methods, cases, ratio, seconds):
    return [
        (
            check(method=f"m{m}", case=f"conv1d:i{i + 8}_k3_normal", digest="a",
                  ratio=min(1.0, draw.lognormvariate(-2, 0.7)), **seconds(m, i, 0)),
            check(method=f"m{m}", case=f"conv1d:i{i + 8}_k3_normal", digest="b",
                  ratio=min(1.0, ratio(m) * draw.lognormvariate(-2, 0.7)), **seconds(m, i, 1)),
        )
        for m in range(methods)
        for i in range(cases)
    ]  # fmt: skip


def untimed(_m, _i, _side):
    return {}


def test_nothing_drifts_where_nothing_did():
    """Of 200 comparisons of 12 methods, 5 % may hold a false alarm: 20 is beyond 1 in 200."""
    alarms = sum(
        any(d.direction for d in drifts(twins(random.Random(seed), 12, 15, lambda _: 1.0, untimed)))
        for seed in range(200)
    )
    assert alarms < 20


@pytest.mark.parametrize(("factor", "way"), [(3.0, "grew"), (1 / 3, "fell")])
def test_a_planted_drift_is_found_in_its_method_alone(factor, way):
    hits = 0
    for seed in range(20):
        planted = twins(random.Random(seed), 12, 40, lambda m: factor if m == 3 else 1.0, untimed)
        found = {d.key: d for d in drifts(planted)}
        hits += found["conv/m3"].direction == way
        assert found["conv/m3"].changed == 40
    assert hits >= 18


def test_few_pairs_and_exact_data_are_not_tested():
    few = twins(random.Random(1), 1, FEWEST - 1, lambda _: 9.0, untimed)
    assert drifts(few)[0].p is None
    lines = [f"conv1d:i{i}_k2" for i in range(4, 40)]
    exact = [tuple(check(case=line, digest=d, ratio=0.0) for d in "ab") for line in lines]
    assert drifts(exact)[0].changed == 36
    assert drifts(exact)[0].p is None


def timed(draw, factor=lambda _m: 1.0, busy=1.0):
    """Times with noise, and every third case met by a busy machine on the new side."""

    def seconds(m, i, side):
        time = 1e-3 * draw.lognormvariate(0, 0.15) * (1.0 + 9 * (draw.random() < 0.03))
        if side:
            time *= factor(m) * (1.0 if i % 3 else busy)
        return {"again": time, "seconds": 2 * time}

    return seconds


def test_nothing_is_slower_where_nothing_is_nor_where_the_machine_is_busy():
    alarms = 0
    for seed in range(100):
        draw = random.Random(seed)
        noise = timed(draw, busy=1.0 if seed % 2 else 4.0)
        paces, told = speeds(twins(draw, 10, 20, lambda _: 1.0, noise))
        alarms += any(s.direction for s in told)
        assert paces[0].cases == 20
    assert alarms <= 5


@pytest.mark.parametrize(("factor", "way"), [(2.0, "slower"), (0.5, "faster")])
def test_a_planted_slowness_is_found_on_a_busy_machine(factor, way):
    for seed in range(10):
        draw = random.Random(seed)
        busy = 3.0 if factor > 1 else 1 / 3  # which side it is that the machine is busy on
        noise = timed(draw, factor=lambda m: factor if m == 4 else 1.0, busy=busy)
        _, told = speeds(twins(draw, 10, 40, lambda _: 1.0, noise))
        assert {s.key: s.direction for s in told if s.direction} == {"conv/m4": way}


def test_at_another_pace_only_what_stands_out_is_told():
    for factor, expected in ((2.0, {}), (20.0, {"conv/m4": "slower"})):
        draw = random.Random(3)
        noise = timed(draw, factor=lambda m, f=factor: 2.0 * (f if m == 4 else 1.0))
        _, told = speeds(twins(draw, 10, 40, lambda _: 1.0, noise))
        assert {s.key: s.direction for s in told if s.direction} == expected


def long_calls(draw, planted=1.0):
    """Times of which every third method's are long, and met by a load that has ended since."""

    def seconds(m, _i, side):
        time = draw.lognormvariate(0, 0.15) * (0.1 if m % 3 == 0 else 1e-3)
        time *= 2.7 if m % 3 == 0 and not side else 1.0
        return {"again": time * (planted if side and m == 3 else 1.0), "seconds": time}

    return seconds


def test_a_load_that_met_long_calls_alone_is_no_methods_doing():
    for planted, expected in ((1.0, {}), (4.0, {"conv/m3": "slower"})):
        _, told = speeds(twins(random.Random(4), 30, 40, lambda _: 1.0,
                               long_calls(random.Random(5), planted)))  # fmt: skip
        assert {s.key: s.direction for s in told if s.direction} == expected


def test_what_lost_least_is_not_called_faster():
    draw = random.Random(2)
    noise = timed(draw, factor=lambda m: 1.1 if m == 4 else 1.5)
    _, told = speeds(twins(draw, 10, 40, lambda _: 1.0, noise))
    (least,) = [s for s in told if s.key == "conv/m4"]
    assert least.factor < 1 / 1.2
    assert least.p < 0.001
    assert not least.direction


def test_what_is_slower_throughout_is_no_methods_fault_but_is_told():
    draw = random.Random(2)
    (pace,), told = speeds(twins(draw, 10, 30, lambda _: 1.0, timed(draw, factor=lambda _: 3.0)))
    assert pace.factor == pytest.approx(3.0, rel=0.1)
    assert not any(s.direction for s in told)


def test_too_few_methods_have_nothing_in_common():
    draw = random.Random(2)
    noise = timed(draw, factor=lambda _: 3.0)
    (pace,), told = speeds(twins(draw, COMMON - 1, 30, lambda _: 1.0, noise))
    assert pace.factor is None
    assert {s.direction for s in told} == {"slower"}


def test_figures_that_nobody_measured_do_no_harm():
    odd = [5e-324, 1e308, -1.0, 0.0, 1e-3] * 4
    pairs = [
        (check(case=f"conv1d:i{i + 4}_k2", digest="a", ratio=r, again=r, seconds=r),
         check(case=f"conv1d:i{i + 4}_k2", digest="b", ratio=-r, again=1 / 3, seconds=-r))
        for i, r in enumerate(odd)
    ]  # fmt: skip
    assert drifts(pairs)[0].changed == len(odd)
    paces, _ = speeds(pairs)
    assert paces[0].first[1] == 0.0


def test_microseconds_are_noise():
    old = [check(case=f"conv1d:i{i}_k2", again=10e-6) for i in range(4, 40)]
    new = [check(case=f"conv1d:i{i}_k2", again=40e-6) for i in range(4, 40)]
    _, (told,) = speeds(zip(old, new, strict=True))
    assert told.p < 1e-6
    assert not told.direction


# The command


def invoke(*arguments):
    return CliRunner().invoke(cli.command, [str(a) for a in arguments], standalone_mode=True)


def test_the_command_takes_files_and_folders(tmp_path):
    old = write(tmp_path / "old" / "run.jsonl", check(), variants=(loaded(),))
    new = write(tmp_path / "new.jsonl", check("differs"), variants=(loaded(version="2.0"),))
    done = invoke(old.parent, new)
    assert done.exit_code == 1
    assert "1.0 -> 2.0: 1 new" in done.output
    assert "convergent repro jax==1.0 conv/native" in done.output
    assert invoke(old.parent, new, "--fail-on", "none").exit_code == 0
    assert invoke(old.parent, new, "--op", "transpose").exit_code == 5
    assert invoke(old.parent, new, "-k", "native and i8").exit_code == 1


def test_a_folder_that_is_called_like_a_variant_is_no_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "scipy").mkdir()
    assert "compared with itself" in invoke("scipy", "scipy").output
    write(tmp_path / "scipy" / "run.jsonl", check(), variants=(loaded(),))
    assert "1 check compared" in invoke("scipy", "scipy").output


def test_the_same_version_is_said_first(tmp_path):
    old = write(tmp_path / "old.jsonl", check(), variants=(loaded(),))
    done = invoke(old, old)
    assert done.exit_code == 0
    assert done.output.startswith("SAME VERSION: jax")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{old}", "torch"], "convergent run --variant torch makes a run"),
        (["{old}", "nowhere"], "neither a run nor a variant"),
        (["{old}", "{old}", "--suite", "ci"], "--suite is for two variants"),
        (["{old}", "{old}", "--fail-on", "new,older"], "older"),
        (["{old}", "{old}", "--fail-on", "none,new"], "none"),
        (["{old}", "{old}", "-k", "and"], "-k"),
        (["nowhere", "nothing"], "nor is it a file"),
        (["scipy", "scipy"], "compared with itself"),
        (["scipy", "torch", "--match", "scipy=torch"], "--match"),
        (["scipy", "torch", "-o", "{old}/page.md"], "is no folder"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, arguments, said):
    old = write(tmp_path / "old.jsonl", check(), variants=(loaded(),))
    done = invoke(*(a.format(old=old) for a in arguments))
    assert done.exit_code == 2  # click's own; the command line makes it 4
    assert said in done.output


@pytest.mark.parametrize("content", [b"", b"\x00\xff\n", b'{"type":"check"}\n', b"[" * 5000])
def test_a_file_that_is_no_run_is_one_line(tmp_path, content):
    bad = tmp_path / "bad.jsonl"
    bad.write_bytes(content)
    done = invoke(bad, bad)
    assert isinstance(done.exception, RunFileDamaged)
    run = subprocess.run([sys.executable, "-m", "convergent", "diff", bad, bad],
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.returncode == 4
    assert len(run.stderr.splitlines()) == 1


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    old = write(tmp_path / "old.jsonl", check(), variants=(loaded(),))
    done = invoke(old, old, "--format", "html", "-o", tmp_path / "page.html")
    assert done.exit_code == 0
    assert (tmp_path / "page.html").read_text().startswith("<!doctype html>")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["old.jsonl", "page.html"]


@pytest.mark.parametrize(
    ("file", "start"),
    [("page.html", "<!doctype html>"), ("d.json", "{"), ("d.xml", "SAME VERSION")],
)
def test_a_file_is_written_in_the_format_that_its_name_ends_with(tmp_path, file, start):
    old = write(tmp_path / "old.jsonl", check(), variants=(loaded(),))
    assert invoke(old, old, "-o", tmp_path / file).exit_code == 0
    assert (tmp_path / file).read_text().startswith(start)


def test_two_runs_of_one_framework_end_to_end(tmp_path):
    """SciPy against itself: the same version, said so, and no check that is not the same."""
    asked = ["run", "--backend", "scipy", "--case", "conv2d:i4_c2_k3_o2_normal", "--op", "conv"]
    for name in ("a", "b"):
        done = subprocess.run([sys.executable, "-m", "convergent", *asked, "-j", "1", "-o", name],
                              capture_output=True, check=False, cwd=tmp_path)  # fmt: skip
        assert done.returncode == 0
    found = diff.diff(sides.read(tmp_path / "a"), sides.read(tmp_path / "b"))
    assert found.pairs[0].identity.likeness == "same"
    assert set(found.counts) == {"same"}
    assert not found.lone


def test_two_variants_are_run_and_compared(tmp_path):
    arguments = ["scipy", "numpy_of_nobody", "--folder", tmp_path / "out"]
    assert invoke(*arguments).exit_code == 2
    assert not (tmp_path / "out").exists()
    pytest.importorskip("torch")
    done = invoke("torch", "torch:no_onednn", "--case", "conv2d:i4_c2_k3_o2", "--method", "native",
                  "-j", "1", "--folder", tmp_path / "out", "--format", "json")  # fmt: skip
    assert done.exit_code == 0, done.output
    assert '"likeness": ""' in done.output
    assert (tmp_path / "out" / "run.jsonl").exists()


# Confirming


def test_a_script_is_run_by_the_interpreter_that_is_named():
    assert attempt("raise SystemExit(0)", 20.0, sys.executable).code == 0
    assert attempt("raise SystemExit(0)", 20.0, "/bin/false").code == 1


def test_what_does_not_fail_again_is_not_confirmed():
    case = "conv2d:i4_c2_k3_o2"
    right = check(variant="scipy", method="correlate", case=case)
    wrong = check("raised", variant="scipy", method="correlate", case=case, detail="ValueError: no")
    change = diff.Change(kind="new", old=right, new=wrong)
    found = confirm.confirm(change, ("scipy", "scipy"), 60.0)
    assert found.holds is False
    assert found.said == "asked again, scipy agrees"


@pytest.mark.parametrize(
    "fields",
    [
        {"variant": "nobody"},
        {"method": "correlate@flipped"},
        {"method": "magic"},
        {"case": "conv2d:i4"},
        {"variant": "scipy@/no/such/python"},
    ],
)
def test_what_has_no_script_is_not_tried(fields):
    usual = {"variant": "scipy", "method": "correlate", "case": "conv2d:i4_c2_k3_o2"} | fields
    change = diff.Change(kind="new", old=check(**usual), new=check("differs", **usual))
    name = usual["variant"]
    assert confirm.confirm(change, (name, name), 60.0).holds is None


def test_a_fix_is_confirmed_by_both_variants():
    """A known divergence of oneDNN: its script fails, and passes where oneDNN is off."""
    pytest.importorskip("torch")
    case = "conv2d:n2_i4x3_k3_s1x2"
    wrong = check("differs", question="value", variant="torch", case=case)
    change = diff.Change(kind="fixed", old=wrong, new=check(variant="torch:no_onednn", case=case))
    found = confirm.confirm(change, ("torch", "torch:no_onednn"), 60.0)
    if found.said == "asked again, torch agrees":
        pytest.skip("this PyTorch, or this processor, computes it right")
    assert found.holds, found.said
    assert "torch fails" in found.said
    assert "torch:no_onednn passes" in found.said
