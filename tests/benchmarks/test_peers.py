import dataclasses
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from convergent.backends import oracle
from convergent.cases import data
from convergent.cases.text import parse
from convergent.harness.compare import Question

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks"))

from mutation import correct, faults
from peers import checkers, clock, command, page, rules, score
from peers.checkers import Checker
from peers.rules import Rule


def _refuse(_):
    raise AssertionError


ALWAYS = Rule("refuses all", "", "", _refuse)
NEVER = Rule("accepts all", "", "", lambda _: None)
CLOSE = Rule("close", "", "", lambda s: np.testing.assert_allclose(*s.typed(), rtol=1e-3))
EXACT = Rule("exact", "", "", lambda s: np.testing.assert_array_equal(*s.typed()), integers=True)
FAULTS = faults.load()


@pytest.mark.parametrize("rule", [rules.ours(), CLOSE], ids=lambda rule: rule.name)
def test_a_rule_refuses_what_is_wrong_and_accepts_what_is_right(rule):
    case = parse("conv2d:n2_i7x8_c3_k3_o4_normal")
    operands = data.make(case)
    question = Question(case, "conv", oracle.expect(case, "conv", operands))
    right = correct.compute(case, "conv", operands)
    wrong = FAULTS["one_term_missing"](case, "conv", operands)
    assert not rule.rejects(rules.of(question, question.stored))
    assert rule.rejects(rules.of(question, wrong))
    assert not rules.ours().rejects(rules.of(question, right))
    assert rule.rejects(rules.of(question, np.zeros_like(right)))


def test_bits_are_compared_as_the_numbers_they_are():
    case = parse("conv1d:i9_c3_k3_o2_bfloat16_normal")
    question = Question(case, "conv", oracle.expect(case, "conv", data.make(case)))
    sides = rules.of(question, question.stored)
    assert sides.dtype == "bfloat16"
    assert sides.typed()[0].astype(np.float32).tolist() == question.rounded.tolist()
    assert CLOSE.rejects(rules.of(question, question.stored ^ np.uint16(1 << 7)))


def test_telling_is_refusing_the_wrong_and_accepting_the_right():
    found = score.judged(FAULTS["one_term_missing"], [ALWAYS, NEVER, EXACT, rules.ours()])
    assert found[ALWAYS.name] == {"normal": "wolf", "integers": "wolf", "special": "absent"}
    assert found[NEVER.name] == {"normal": "missed", "integers": "missed", "special": "absent"}
    assert found[EXACT.name] == {"normal": "absent", "integers": "told", "special": "absent"}
    assert found[rules.OURS] == {"normal": "told", "integers": "told", "special": "absent"}


def test_a_fault_of_special_data_is_asked_on_it():
    found = score.judged(FAULTS["nan_is_zero"], [rules.ours()])
    assert found[rules.OURS] == {"normal": "absent", "integers": "absent", "special": "told"}


def test_right_results_are_counted_by_dtype():
    found = score.rates([ALWAYS, NEVER, EXACT], checks=120, seed=2)
    assert found[ALWAYS.name].judged == found[NEVER.name].judged
    assert found[ALWAYS.name].refused == found[ALWAYS.name].judged
    assert not any(found[NEVER.name].refused.values())
    assert not found[EXACT.name].judged  # real data are not asked of it


def test_a_checker_is_asked_where_the_fault_is_and_where_it_can():
    answers, asked = [True, False, True, False], []  # right, wrong, wrong, right

    def check(form):
        asked.append(form)
        return answers[len(asked) - 1]

    one, accepted = Checker("fake", "", "", "float64", check, 3000), {}
    assert score.checked(FAULTS["inputs_in_tf32"], one, accepted) == "absent"
    assert score.checked(FAULTS["position_in_16_bits"], one, accepted) == "too large"
    assert not asked
    assert score.checked(FAULTS["one_term_missing"], one, accepted) == "told"
    assert list(accepted.values()) == [True]  # which is not asked again
    assert score.checked(FAULTS["filter_flipped"], one, accepted) == "missed"
    assert score.checked(FAULTS["crop_ignored"], one, accepted) == "wolf"  # of another case
    assert len(asked) == len(answers)


def test_jobs_are_timed_by_turns_and_a_slow_one_less_often():
    order = []

    def slow():
        order.append("slow")
        until = time.process_time() + 0.01
        while time.process_time() < until:
            pass

    found = clock.medians({"slow": slow, "fast": lambda: order.append("fast")}, 5, budget=0.015)
    assert order[:4] == ["slow", "fast", "slow", "fast"]
    assert order.count("slow") == 3  # one to warm up, two that count
    assert order.count("fast") == 6
    assert found["slow"] >= 0.01 > found["fast"]


def test_the_page_tells_what_was_counted():
    board = page.Board(began=time.monotonic(), rules=(NEVER, rules.ours()), listed=9)
    board.faults = {name: FAULTS[name] for name in ("one_term_missing", "nan_is_zero")}
    board.judged = {name: score.judged(f, board.rules) for name, f in board.faults.items()}
    text = page.render(board)
    assert "asked side by side" in text
    assert "| accepts all | 0 of 1 | 0 of 1 | 0 of 1 | 0 of 2 | 0 | 2 |" in text
    assert f"| **{rules.OURS}** | 1 of 1 | 1 of 1 | 1 of 1 | 2 of 2 | 0 | 0 |" in text
    assert "- **accepts all**, missed (2): `one_term_missing`, `nan_is_zero`" in text


def test_an_interrupted_run_goes_on_where_it_was(tmp_path, monkeypatch, capsys):
    def check(form):
        raise KeyboardInterrupt

    def asked(fault, every):
        asks.append(fault.name)
        return judged(fault, every)

    asks, judged, file = [], score.judged, tmp_path / "run.json"
    monkeypatch.setattr(score, "judged", asked)
    monkeypatch.setattr(rules, "load", lambda: (NEVER, rules.ours()))
    one = Checker("fake", "", "", "float64", check)
    monkeypatch.setattr(checkers, "load", lambda: (one,))
    monkeypatch.setattr(clock, "seconds", lambda *_: {NEVER.name: 1.0, rules.OURS: 2.0})
    argv = ["--fault", "one_term_missing", "--checks", "20", "--json", str(file)]
    assert command.main(argv) == 0
    assert "interrupted" in capsys.readouterr().err
    monkeypatch.setattr(checkers, "load", lambda: (dataclasses.replace(one, check=bool),))
    assert command.main([*argv, "--resume"]) == 0
    assert asks == ["one_term_missing"]
    assert "| fake | float64 | 0 of 1 | 0 | 1 |" in capsys.readouterr().out
    file.write_text("[]")
    assert command.main([*argv, "--resume"]) == 4
    assert "holds no run" in capsys.readouterr().err


def test_checkers_of_frameworks_accept_what_is_right_and_refuse_what_is_wrong():
    """In a process of their own: tests beside this one fork, which JAX's threads do not survive."""
    file = Path(__file__).with_name("gradient_checkers.py")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(file)],
        capture_output=True, text=True, check=False, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
