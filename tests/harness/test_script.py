"""Stand-alone scripts: they need the framework and NumPy alone, and fail for the check's reason."""

import ast
import builtins
import os
import re
import subprocess
import symtable
import sys
from pathlib import Path

import msgspec
import numpy as np
import pytest
from packaging.specifiers import SpecifierSet

from convergent.backends import oracle, registry
from convergent.backends.base import OPS, READS
from convergent.cases import data, dtypes
from convergent.cases.errors import CannotWrite
from convergent.cases.features import FEATURES
from convergent.cases.text import parse
from convergent.harness import environment, ledger
from convergent.harness.ask import Asker
from convergent.harness.compare import Question
from convergent.harness.outcome import Outcome
from convergent.harness.referee import Referee, asks
from convergent.harness.script import draw, expect, reference, write
from convergent.harness.script.attempt import Attempt, attempt

TYPICAL = [
    "conv2d:n2_i5x6_c4_k3x2_o6_g2_s2_pSAME",
    "conv2d:n2_i5x6_c3_k3x2_o4_p1+0_bfloat16_nchw_normal",
    "conv2d:n2_i5x6_c4_k3x2_o4_g4_pSAME",
    "conv2d:n2_i6_c4_k3_o4_illegal",
    "conv1d:n2_i9_c2_k3_o2_d2_g2_float64_normal",
    "conv2d:i3_c2_k2_o2",
    "conv3d:i3_c2_k2_o2_ncdhw",
]
FRAMEWORKS = ("torch", "tensorflow", "jax")
KEPT = {"torch": ("kept",)}  # whose tensors the caller may write to
REFEREE = Referee()
EVERY = bool(os.environ.get("CONVERGENT_ALL_SCRIPTS"))
HANDFUL = {  # one of each kind of verdict, spread over the frameworks
    "conv/native/conv2d:n2_i4x3_k3_s1x2",
    "contract/conv_dilation_overflow/conv2d:n2_i6_c4_k3_o4_float16_illegal",
    "backprop_filter/autodiff/conv1d:n2_i1_c3_k1_o6_g3_nonfinite",
    "conv/patches/conv2d:n2_i5x6_c0_k3x2_o4_p1",
    "conv/raw_conv/conv3d:i1x4x4_c2_k1_o2_p0_float64",
    "conv/fused_pad/conv2d:n2_i1_k1",
}


def script(variant, key, line, verdict="agrees", **more):
    op, _, name = key.partition("/")
    outcome = Outcome(variant=variant, op=op, method=name, case=line, verdict=verdict, **more)
    return write.script(outcome, referee=REFEREE)


def supported(variant, key):
    for line in TYPICAL:
        case = parse(line)
        if asks(case, key.partition("/")[0]) and not variant.gap(key, case):
            yield line


def unresolved(text):
    """Return the global names that a script uses and nobody defines."""
    tables, defined, used = [symtable.symtable(text, "script", "exec")], set(dir(builtins)), set()
    top = tables[0]
    while tables:
        table = tables.pop()
        tables += table.get_children()
        for symbol in table.get_symbols():
            if table is top and (symbol.is_assigned() or symbol.is_imported()):
                defined.add(symbol.get_name())
            if table is top or symbol.is_global():
                used.add(symbol.get_name())
    return used - defined


def imported(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("backend", [*FRAMEWORKS, "scipy"])
def test_every_method_has_a_script_whose_names_resolve(backend):
    variant, written = registry.variant(backend), 0
    for key in variant.methods():
        for line in list(supported(variant, key))[:2]:
            text = script(backend, key, line)
            assert not unresolved(text), f"{key} {line}\n{text}"
            allowed = {backend, "numpy", *sys.stdlib_module_names}
            assert set(imported(text)) <= allowed, f"{key} {line}"
            assert max(map(len, text.splitlines())) < 240, f"{key} {line}\n{text}"
            written += 1
    assert written > len(variant.methods())


@pytest.mark.parametrize(
    "variant", ["torch:compile", "tensorflow:graph", "tensorflow:xla", "jax:jit"]
)
def test_a_mode_wraps_the_method(variant):
    text = script(variant, "conv/native", TYPICAL[0])
    wrapped = {
        "torch:compile": "torch.compile(conv_native, dynamic=False)(x, w, dy)",
        "tensorflow:graph": "tf.function(of_operands, jit_compile=None)(x, w, dy)",
        "tensorflow:xla": "tf.function(of_operands, jit_compile=True)(x, w, dy)",
        "jax:jit": "jax.jit(conv).lower(x, w, dy).compile()(x, w, dy)",
    }
    assert wrapped[variant] in text
    assert not unresolved(text)


@pytest.mark.parametrize("mode", ["graph", "xla"])
@pytest.mark.parametrize("key", ["conv/layer", "transpose/layer", "backprop_bias/layer"])
def test_a_layer_is_made_before_the_function_that_is_traced(key, mode):
    text = script(f"tensorflow:{mode}", key, "conv2d:i5_c2_k3_o2_s2_pSAME")
    made, traced, set_ = map(text.index, ("layer.build(", "def of_operands", "kernel.assign(w)"))
    assert made < traced < set_
    assert not unresolved(text)


def test_switches_and_variables_come_first():
    text = script("torch:no_onednn+threads1", "conv/native", TYPICAL[0])
    assert text.index("mkldnn.set_flags(False)") < text.index("torch.from_numpy")
    assert "torch.set_num_threads(1)" in text
    text = script("tensorflow:no_onednn", "conv/native", TYPICAL[0])
    assert text.index('os.environ["TF_ENABLE_ONEDNN_OPTS"] = "0"') < text.index("import tensorflow")


@pytest.mark.parametrize(("variant", "compiled"), [
    ("torch:compile", "= torch.compile(conv_native, dynamic=False)\n"),
    ("tensorflow:graph", "= tf.function(of_operands, jit_compile=None)\n"),
    ("tensorflow:xla", "= tf.function(of_operands, jit_compile=True)\n"),
    ("jax:jit", "= jax.jit(conv).lower(x, w, dy).compile()\n"),
    ("jax", ""),
])  # fmt: skip
def test_what_calls_twice_compiles_once(variant, compiled):
    text = script(variant, "conv/native", TYPICAL[0], "differs", question="repeat")
    assert text.index(compiled) < text.index("\ndef compute(")
    assert "\ny = compute(x, w, dy)\nagain = compute(x, w, dy)\n" in text
    assert "= compute\n" not in text
    assert not unresolved(text)


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_adapter_of_scipy_is_called_twice(dtype):
    pytest.importorskip("scipy")
    line = f"conv1d:i9_c2_k3_o2_{dtype}_normal"
    text = script("scipy", "conv/correlate", line, "differs", question="repeat")
    assert not unresolved(text)
    exec(text, {})


def test_a_call_reads_as_written_by_hand():
    text = script("torch", "conv/native", "conv2d:n2_i4x3_k3_s1x2")
    assert "y = F.conv2d(x, w, None, (1, 2), (0, 0), (1, 1), 1)\n" in text
    assert "dy" not in text
    assert len(text.splitlines()) < 45


@pytest.mark.parametrize("kind", ["exact", "normal", "uniform", "nonfinite", "subnormal", "tiny",
                                  "overflow", "signedzeros"])  # fmt: skip
@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "bfloat16"])
def test_a_script_draws_the_numbers_of_the_case(kind, dtype):
    case = parse(f"conv2d:n2_i5x6_c4_k3x2_o6_g2_{dtype}_{kind}_seed3")
    scope = {"np": np, "math": __import__("math")}
    exec("\n".join(draw.generator(case)), scope)
    for role, (stored, shape) in enumerate(
        zip(data.make(case), (case.x_shape, case.w_shape, case.y_shape), strict=True)
    ):
        wanted = dtypes.decode(stored, dtype)
        assert scope["drawn"](role, shape).tobytes() == wanted.tobytes()


@pytest.mark.parametrize("op", [op for op in OPS if op != "contract"])
@pytest.mark.parametrize("line", [
    "conv2d:n2_i5x6_c4_k3x2_o6_g2_s2_pSAME", "conv1d:n2_i4_c2_k3_o2_s3_d2_p4+1",
    "conv3d:i3x4x2_k2_o2_p-1+2_float64_normal", "conv2d:n2_i3_c2_k3_o2_s2_p2_float16_normal",
])  # fmt: skip
def test_the_reference_of_a_script_agrees_with_the_oracle(op, line):
    case = parse(line)
    expected = oracle.expect(case, op, data.make(case))
    scope = {"np": np}
    exec("\n".join(reference.reference(case, op)), scope)
    x, w, dy = (dtypes.decode(array, case.dtype) for array in data.make(case))
    given = dict(zip(("x", "w", "dy"), (x, w, dy), strict=True))
    operands = [given[role] for role in READS[op]]
    found = scope["reference"](*operands)
    assert found.shape == expected.value.shape
    scale = expected.magnitude.max(initial=1.0)
    assert np.abs(found - expected.value).max(initial=0.0) <= 1e-12 * scale
    terms = scope["reference"](*(np.ones_like(a) for a in operands))
    assert np.array_equal(terms, np.broadcast_to(expected.terms, terms.shape))


@pytest.mark.parametrize("kind", ["nonfinite", "overflow", "signedzeros", "exact", "normal"])
@pytest.mark.parametrize("op", ["conv", "backprop_input", "backprop_filter"])
def test_a_script_takes_what_the_comparator_takes_and_nothing_else(op, kind):
    case = parse(f"conv2d:n3_i5x6_c4_k3x2_o6_g2_p1_{kind}")
    question = Question(case, op, oracle.expect(case, op, data.make(case)))
    axes = {role: tuple(range(4)) for role in "xwy"}
    asked = expect.Expectation(question, axes)
    assert not asked.is_literal
    x, w, dy = (dtypes.decode(array, case.dtype) for array in data.make(case))
    source = "\n".join([*asked.lines(), *asked.check()])
    right = question.rounded.copy()
    scope = {"np": np, "X": x, "W": w, "DY": dy, "actual": right}
    with np.errstate():
        exec(source, scope)
    place = np.unravel_index(np.flatnonzero(np.isfinite(right))[-1], right.shape)
    right[place] += 1 + abs(right[place])
    with pytest.raises(AssertionError, match=r"1 of \d+ elements are wrong"):
        exec("\n".join(asked.check()), scope)


@pytest.mark.parametrize("memory", ["offset", "gapped", "reversed", "readonly"])
@pytest.mark.parametrize("backend", ["tensorflow", "jax", "scipy"])
def test_operands_lie_as_the_case_says(backend, memory):
    text = script(
        backend, next(iter(registry.variant(backend).methods())), f"conv2d:i3_k2_{memory}"
    )
    assert "laid(" in text
    assert not unresolved(text)


@pytest.mark.parametrize(("backend", "made"), [
    ("torch", "np.float32)).bfloat16()"), ("tensorflow", "np.float32), tf.bfloat16)"),
    ("jax", "np.float32), jnp.bfloat16)"),
])  # fmt: skip
def test_an_illegal_call_is_of_the_dtype_of_the_case(backend, made):
    text = script(backend, "contract/conv_stride_zero", "conv2d:n2_i6_c4_k3_o4_bfloat16_illegal")
    assert text.count(made) == 2
    assert "np.float16" not in text


def test_a_header_holds_no_path_of_the_machine():
    detail = (
        'ValueError: in user code: File "/home/me/convergent/call.py", line 3, see https://x.y/z'
    )
    text = script("torch", "conv/native", "conv2d:i3_k2", "raised", detail=detail)
    assert '"call.py", line 3' in text
    assert "/home" not in text
    assert "https://x.y/z" in text


def test_a_relation_and_a_gap_have_no_script():
    with pytest.raises(CannotWrite, match="take conv/native"):
        write.refuse("conv/native@flipped")
    with pytest.raises(CannotWrite, match="unsupported"):
        script("torch", "conv/native", "conv2d:i3_k2", "unsupported")


def test_how_a_script_ended_is_compared_with_the_check():
    def ended(text):
        return attempt(text, 20)

    base = {"variant": "torch", "op": "conv", "method": "native", "case": "conv2d:i3_k2"}
    raised = Outcome(**base, verdict="raised", detail="ZeroDivisionError: division by zero")
    assert ended("1 / 0").shows(raised)
    assert not ended("raise ValueError").shows(raised)
    assert not ended("pass").shows(raised)
    crashed = Outcome(**base, verdict="crashed", detail="the worker was ended by SIGABRT")
    assert ended("import os\nos.abort()").shows(crashed)
    assert not ended("import os\nos.kill(os.getpid(), 11)").shows(crashed)
    assert not ended("raise SystemExit(1)").shows(Outcome(**base, verdict="differs"))
    assert "SIGABRT" in ended("import os\nos.abort()").sentence
    differs = Outcome(**base, verdict="differs", question="value")
    assert ended("assert 0, '2 of 4 elements are wrong'").shows(differs)
    assert not ended("assert 0, 'shape'").shows(differs)
    assert Attempt(code=None, errors="").shows(Outcome(**base, verdict="timed_out"))
    assert not ended("raise ValueError").shows(Outcome(**base, verdict="agrees"))


ENTRIES = [
    pytest.param(entry, id=f"{entry.variant}/{entry.example}")
    for entry in ledger.load().entries
    if EVERY or entry.example in HANDFUL
]


def test_the_handful_stands_in_the_ledger():
    assert {entry.example for entry in ledger.load().entries} >= HANDFUL


@pytest.fixture(scope="module")
def ask():
    with Asker() as asker:
        yield asker


@pytest.mark.parametrize("entry", ENTRIES)
def test_the_script_of_a_known_divergence_fails_for_its_reason(entry, ask):
    from convergent.harness.script import fill

    version = registry.version(entry.variant)
    if version is None or not SpecifierSet(entry.versions).contains(version, prereleases=True):
        pytest.skip(f"{entry.variant} {version} is not {entry.versions}")
    asked = registry.variant(entry.shown_in)
    if not environment.has(asked.needs) or set(entry.when) - set(FEATURES) - asked.traits:
        pytest.skip("not of this machine")
    op, method, line = entry.example.split("/")
    outcome = ask(entry.shown_in, f"{op}/{method}", parse(line))
    given = ask.last
    if outcome.verdict in write.UNWRITTEN:
        pytest.skip(outcome.sentence)
    filled = fill.matters(outcome, parse(line), 120.0)
    text = write.script(
        outcome, referee=ask.referee, loaded=ask.loaded[entry.shown_in].loaded, filled=filled
    )
    done = attempt(text, 300.0)
    assert done.shows(outcome), f"{outcome.sentence}\n{done.errors[-2000:]}\n{text}"
    said = re.search(r"(\d+) of (\d+) elements are wrong, the worst is .*\]: (\S+),", done.errors)
    if outcome.worst is not None and outcome.outside and "out of bounds" not in entry.reason:
        assert (int(said[1]), int(said[2])) == (outcome.outside, outcome.size)
        values = dtypes.decode(given, parse(line).dtype)
        assert np.any(values == float(said[3])) or np.isnan(float(said[3]))


@pytest.mark.parametrize("backend", FRAMEWORKS)
def test_scripts_of_agreeing_checks_pass(backend, ask, tmp_path):
    if registry.version(backend) is None:
        pytest.skip(f"{backend} is not installed")
    variant = registry.variant(backend)
    for number, key in enumerate(list(variant.methods())[:: 1 if EVERY else 15]):
        for line in list(supported(variant, key))[:1]:
            outcome = ask(backend, key, parse(line))
            if outcome.verdict != "agrees":
                continue
            # What calls twice, or looks at its operands again, must pass too.
            questions = ("", "repeat", "input", *KEPT.get(backend, ()))
            question = questions[number % len(questions)] if outcome.op != "contract" else ""
            asked = msgspec.structs.replace(outcome, question=question)
            (tmp_path / f"{number:03d}.py").write_text(write.script(asked, referee=ask.referee))
    driver = tmp_path / "driver.txt"
    driver.write_text(
        f"import glob, runpy\n"
        f"for path in sorted(glob.glob({str(tmp_path)!r} + '/*.py')):\n"
        f"    print(path, flush=True)\n"
        f"    runpy.run_path(path)\n"
    )
    assert len(list(tmp_path.glob("*.py"))) > 5
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    done = subprocess.run(
        [sys.executable, "-I", str(driver)],
        capture_output=True, text=True, check=False, cwd=tmp_path, timeout=500,
        env={**kept, "JAX_ENABLE_X64": "1"},
    )  # fmt: skip
    ran = done.stdout.splitlines()
    last = [line for line in ran if line.startswith(str(tmp_path))][-1:]
    source = Path(last[0]).read_text() if last else ""
    assert done.returncode == 0, f"{done.stderr[-2000:]}\n{source}"


USER = "ValueError: in user code:\n\n    File x, line 1\n\n    ValueError: too short by 1\n\n"
NODES = (
    "a.InvalidArgumentError: Graph execution error:\n\nDetected at\nEmpty list\n\t [[{{node a}}]]\n"
)


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ("Traceback:\nValueError: no\n", "ValueError: no"),
        ("ValueError: a\n\nKeyError: 'b'\nwarned\n", "KeyError: 'b'"),
        (USER, "ValueError: too short by 1"),
        (NODES, "a.InvalidArgumentError: Graph execution error: Empty list"),
        ("E.InvalidError: {{function_node __w/device:CPU:0}} bad\n", "E.InvalidError: bad"),
        ("killed\n\n", "killed"),
        ("", "nothing said"),
    ],
)
def test_how_a_script_ended_is_the_line_that_says_why(errors, said):
    assert Attempt(code=1, errors=errors).sentence == f"fails: {said}"


def test_the_sizes_of_operands_are_known_within_what_a_graph_compiles():
    for mode in ("graph", "xla"):
        text = script(f"tensorflow:{mode}", "backprop_filter/via_conv", "conv3d:i4_k2_s1x2x1")
        assert not unresolved(text)
        assert "[1, 4, 4, 4, 1]" in text
