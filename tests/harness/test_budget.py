"""A budget of time: shared fairly, kept, and left in a run file that goes on."""

import doctest
import itertools
import threading
import time
from collections import Counter, defaultdict

import msgspec
import pytest

from convergent.cases.text import parse
from convergent.harness import budget, plan, run
from convergent.harness.budget import Budget, Turn
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.plan import Selection, Work
from convergent.harness.share import Shared

CASES = [parse(f"conv1d:i5_k2_seed{seed}") for seed in range(5000)]


def test_the_example_of_the_docstring_holds():
    assert doctest.testmod(budget).failed == 0


# --- shares, by a clock that is moved by hand


class Simulation:
    """Workers that take turns; each variant has so many cases of one second."""

    def __init__(self, seconds, jobs, cases):
        self.now, self.jobs = 0.0, jobs
        planned = {
            name: [Work(CASES[n], ["conv/x"]) for n in range(c)] for name, c in cases.items()
        }
        self.shared = Shared(planned, Budget(seconds, jobs, clock=lambda: self.now))
        self.had, self.workers = Counter(), defaultdict(list)

    def run(self):
        """Let the worker whose turn ends first take the next one, until there is none."""
        working = []
        idle = self.jobs
        while True:
            while idle and (turn := self.shared.next_turn()) is not None:
                works = self.shared.works(turn.variant)
                done = list(itertools.islice(works, int(turn.seconds)))
                working.append((self.now + min(len(done), turn.seconds), turn, len(done)))
                idle -= 1
            if not working:
                return self.had
            ends, turn, done = min(working, key=lambda w: w[0])
            working.remove((ends, turn, done))
            self.now = ends
            self.had[turn.variant] += done
            self.shared.end(turn, None)
            idle += 1


@pytest.mark.parametrize("jobs", [1, 2, 3, 8])
@pytest.mark.parametrize("variants", [1, 2, 3, 5, 7])
def test_every_variant_has_its_share(jobs, variants):
    cases = dict.fromkeys("abcdefg"[:variants], 1000)
    had = Simulation(420, jobs, cases).run()
    share = min(420 * jobs / variants, 1000)
    assert all(abs(had[name] - share) <= 0.05 * share for name in cases), had


def test_what_a_small_variant_leaves_goes_to_the_others():
    had = Simulation(300, 1, {"a": 1000, "b": 10, "c": 1000}).run()
    assert had["b"] == 10
    assert had["a"] >= 95
    assert had["c"] >= 95
    assert had["a"] + had["c"] >= 285


def test_with_time_for_everything_everything_is_done():
    cases = {"a": 30, "b": 10, "c": 20}
    assert Simulation(1000, 2, cases).run() == cases


def test_no_variant_is_taken_up_when_the_time_is_over():
    now = [0.0]
    shared = Shared({"a": [Work(CASES[0], ["conv/x"])]}, Budget(5, 1, clock=lambda: now[0]))
    now[0] = 5.0
    assert shared.next_turn() is None
    assert shared.left == 1


def test_a_case_that_was_cut_short_comes_first_the_next_time():
    works = [Work(case, ["conv/x", "conv/y"]) for case in CASES[:20]]
    shared = Shared({"a": works}, Budget(100, 1))
    turn = shared.next_turn()
    first = next(shared.works("a"))
    shared.end(turn, Work(first.case, ["conv/y"]))
    assert next(shared.works("a")) == Work(CASES[0], ["conv/y"])


def test_a_turn_ends_by_its_time_or_with_the_run():
    interrupted = threading.Event()
    stop = threading.Event()
    turn = Turn("a", 0.05)
    with turn.limit(stop, interrupted.set):
        assert not turn.is_set()
        assert interrupted.wait(10)
        assert turn.is_set()
    turn = Turn("a")
    with turn.limit(stop, interrupted.set):
        assert not turn.is_set()
        stop.set()
        assert turn.is_set()


# --- real workers


def options(folder, **changes):
    return Options(variants=("scipy",), folder=folder, jobs=1, **changes)


def test_a_run_ends_in_time_and_goes_on_to_the_same_end(tmp_path):
    began = time.monotonic()
    result = run.run(CASES, options(tmp_path, budget=5.0), Ledger(()))
    assert time.monotonic() - began < 20
    done = len(result.run.outcomes)
    assert 0 < done < result.run.header.checks
    assert result.run.end.out_of_time
    assert not result.interrupted
    assert result.exit_code == 0
    first = [outcome.case for outcome in result.run.outcomes]
    assert list(dict.fromkeys(first)) == [str(c) for c in CASES[: len(set(first))]]


def test_a_resumed_run_has_the_whole_budget_again_and_comes_to_an_end(tmp_path):
    few = CASES[:60]
    sittings = 1
    result = run.run(few, options(tmp_path, budget=1.0), Ledger(()))
    assert result.run.end.out_of_time
    while result.run.end.out_of_time:
        before = len(result.run.outcomes)
        result = run.run(few, options(tmp_path, budget=100.0, resume=True), Ledger(()))
        assert len(result.run.outcomes) > before
        sittings += 1
    assert sittings > 1
    planned = plan.plan(("scipy",), few, Selection())
    assert {o.id for o in result.run.outcomes} == {
        f"scipy/{key}/{work.case}" for work in planned["scipy"] for key in work.keys
    }
    assert result.exit_code == 0


def test_a_variant_that_hangs_does_not_take_the_share_of_another(planted, tmp_path):
    """Nor does it end the run late: what is at work when the time is over is interrupted."""
    asked = Options(
        variants=("liars", "odd"), folder=tmp_path, jobs=1, budget=6.0, timeout=300.0,
        selection=Selection(methods=("hangs", "says_its_kernel")),
    )  # fmt: skip
    began = time.monotonic()
    result = run.run(CASES, asked, Ledger(()))
    assert time.monotonic() - began < 25
    done = Counter(outcome.variant for outcome in result.run.outcomes)
    assert done["odd"]
    assert not done["liars"]
    assert result.run.end.out_of_time
    assert result.exit_code == 0


def test_findings_and_failures_count_with_a_budget_too(planted, tmp_path):
    wrong = Selection(methods=("wrong_element",))
    asked = Options(variants=("liars",), folder=tmp_path / "wrong", jobs=1, selection=wrong)
    result = run.run(CASES, msgspec.structs.replace(asked, budget=4.0), Ledger(()))
    assert result.run.end.out_of_time
    assert result.exit_code == 1
    honest = Selection(methods=("honest",))
    asked = Options(
        variants=("absent", "odd"), folder=tmp_path / "absent", jobs=1, selection=honest
    )
    result = run.run(CASES, msgspec.structs.replace(asked, budget=4.0), Ledger(()))
    assert result.run.end.out_of_time
    assert result.run.variants["absent"].error
    assert result.exit_code == 3


def test_a_budget_without_a_single_outcome_is_no_pass(planted, tmp_path):
    asked = Options(
        variants=("liars",), folder=tmp_path, jobs=1, budget=2.0, timeout=300.0,
        selection=Selection(methods=("hangs",)),
    )  # fmt: skip
    result = run.run(CASES[:2], asked, Ledger(()))
    assert result.run.end.out_of_time
    assert not result.run.outcomes
    assert result.exit_code == 3


def test_a_thread_that_takes_work_does_not_disturb_one_that_counts_it():
    class Keys(list):
        """Keys during whose counting another thread takes a case."""

        def __len__(self):
            taker.start()
            taker.join(0.2)  # it has the case now, or waits until all are counted
            return super().__len__()

    shared = Shared({"a": [Work(CASES[0], Keys(["conv/x"])), Work(CASES[1], ["conv/x"])]})
    taker = threading.Thread(target=lambda: next(shared.works("a")))
    assert shared.next_turn().variant == "a"
    taker.join(10)
    assert shared.left == 1
