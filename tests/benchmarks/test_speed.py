"""The arithmetic of ``benchmarks/speed`` on figures made up, and what start-up imports."""

from __future__ import annotations

import importlib.util
import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

SPEED = Path(__file__).parents[2] / "benchmarks" / "speed"


@pytest.fixture(scope="module")
def load():
    """Import a module of the folder as its command does, and forget its neighbours afterwards."""
    names = {path.stem for path in SPEED.glob("*.py")}
    hidden = {name: sys.modules.pop(name) for name in names if name in sys.modules}
    sys.path.insert(0, str(SPEED))
    yield importlib.import_module
    sys.path.remove(str(SPEED))
    for name in names:
        sys.modules.pop(name, None)
    sys.modules.update(hidden)


def told():
    return {
        "process": 10.0,
        "steps": {"planning": 1.0, "waiting for the worker": 5.0, "diagnosis": 2.0},
        "times": {"wall": 8.0, "start": 3.0, "busy": 4.5, "carried": 0.1, "framework": 4.0},
        "processor": 3.0,
        "checks": [[0.0005, 0.00002, 2], [0.003, 0.002, 2], [0.5, 0.4, 2], [0.6, 0.5, 1]],
    }


def test_an_overhead_is_wall_time_by_time_in_calls(load):
    found = load("overhead").summary(told(), 12.0)
    assert found["overhead"] == pytest.approx(3.0)
    assert found["without import"] == pytest.approx(9 / 4)
    assert found["at work"] == pytest.approx(5 / 4)
    assert found["carrying"] == pytest.approx(0.1 / 4)
    assert found["steps"]["process"] == pytest.approx(4.0)


def test_checks_are_sorted_by_how_long_one_call_takes(load):
    rows = load("overhead").summary(told(), 12.0)["lengths"]
    assert [row["checks"] for row in rows.values()] == [1, 0, 3]
    assert rows["below 0.1 ms"]["overhead"] == pytest.approx(25.0)
    assert math.isnan(rows["below 1 ms"]["overhead"])
    assert rows["1 ms and more"]["overhead"] == pytest.approx(1.103 / 0.902)


def test_medians_are_of_what_every_repetition_has(load):
    runs = [{"a": 1.0, "b": 2.0}, {"a": 3.0}, {"a": 10.0, "b": 1.0}]
    assert load("figures").medians(runs) == {"a": 3.0}


def test_growth_finds_the_line_that_it_was_given(load):
    figures = load("figures")
    sizes = [10, 20, 40, 80]
    fixed, each = figures.growth(sizes, [1.0 + 0.05 * size for size in sizes])
    assert (fixed, each) == (pytest.approx(1.0), pytest.approx(0.05))
    assert figures.exponent(sizes, [size**1.5 for size in sizes]) == pytest.approx(1.5)
    with pytest.raises(ValueError, match="two different sizes"):
        figures.growth([5, 5], [1.0, 2.0])


def test_what_an_outer_step_calls_counts_for_the_inner_one(load, monkeypatch):
    traced = load("traced")
    now = iter(range(100))
    monkeypatch.setattr(traced.time, "perf_counter", lambda: float(next(now)))

    class Steps:
        def outer(self):
            return self.inner() + 1

        def inner(self):
            return 1

    clock = traced.Clock()
    clock.around(Steps, "outer", "outer")
    clock.around(Steps, "inner", "inner")
    assert Steps().outer() == 2
    assert clock.seconds == {"inner": 1.0, "outer": 2.0}


def test_the_start_of_the_worker_is_in_no_check_though_gaps_are_told_before_it(load):
    clock = load("traced").Clock()
    clock.begin()
    clock.check(1.0, (0.0, 0.0), ran=False)  # a gap, before the framework is imported
    clock.check(9.0, (0.2, 0.1), ran=True)  # the import is in this one
    clock.check(9.5, (0.2, 0.1), ran=True)
    clock.check(9.6, (0.0, 0.0), ran=False)
    clock.check(9.9, (0.2, 0.0), ran=True)
    assert clock.checks == [
        (pytest.approx(0.5), pytest.approx(0.3), 2),
        (pytest.approx(0.3), pytest.approx(0.2), 1),
    ]


def figures_of(scale):
    row = {
        "checks": 100, "wall": 10.0 * scale, "calls": 8.0, "overhead": 1.25 * scale,
        "without import": 1.1 * scale, "at work": 1.05 * scale, "carrying": 0.01, "rate": 50.0,
        "steps": {"diagnosis": 1.0, "waiting for the worker": 8.0, "process": 1.0, "planning": 0.5,
                  "starting the worker": 2.5, "report": 0.8},
        "lengths": {"1 ms and more": {"checks": 100, "overhead": 1.02 * scale, "beside": 0.001}},
    }  # fmt: skip
    layer = {"case": "conv2d:i9_k3", "op": "conv", "rate": 20.0, "peak": 40.0, "of peak": 0.5,
             "map by autodiff": 2.0, "answer by autodiff": 5.0}  # fmt: skip
    fit = {"rows": [{"size": 1, "seconds": 1.0, "checks": 4},
                    {"size": 2, "seconds": 1.5, "checks": 8}],
           "fixed": 0.5, "each": 0.5, "exponent": 1.0}  # fmt: skip
    return {
        "machine": {"date": "2026-01-31", "load": 1.0, "versions": {"numpy": "2"}},
        "overhead": {"ci": {"torch": row}, "large": {"torch": row}},
        "oracle": {"layers": [layer], "networks": [
            {"case": "conv2d:i9_k3", "op": "conv", "ratio": 3.0}]},
        "growth": {"cases": fit},
        "compile": {"empty cache": {"checks": 1, "wall": 1.0, "first": 1.0, "again": 0.1,
                                    "compiling": 0.8}},
    }  # fmt: skip


def test_the_page_has_before_beside_now_and_says_which_targets_are_missed(load):
    page = load("page").text(figures_of(1.0), figures_of(2.0))
    assert "| torch | 100 | 2.50 → 1.25 |" in page
    lines = [line for line in page.splitlines() if line.startswith("| overhead on a part")]
    assert lines == [
        "| overhead on a part of `ci`: wall by calls, the worst: at most 1.25 | 2.50 | 1.25 | met |"
    ]
    slow = load("page").text(figures_of(2.0), {})
    assert "| - | 2.50 | not met |" in slow


def test_of_the_whole_suite_the_start_is_counted_once(load):
    row = figures_of(1.0)["overhead"]["ci"]["torch"]
    assert load("tables").whole(row, "torch") == pytest.approx(1.05 + (4.0 / 4 + 0.8) / 8.0)


def test_help_loads_neither_numpy_nor_a_framework():
    script = (
        "import json, sys\n"
        "from convergent.harness.cli import group\n"
        "group.main(['--help'], standalone_mode=False)\n"
        "print(json.dumps(sorted(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(json.loads(done.stdout.splitlines()[-1]))
    assert "click" in loaded
    assert loaded.isdisjoint(
        {"numpy", "scipy", "torch", "tensorflow", "jax", "msgspec", "rich", "jinja2", "asyncio"}
    )
