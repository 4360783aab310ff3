"""The tests that a backend inherits; they speak of what it declares, never of which one it is."""

from __future__ import annotations

import fnmatch
import functools
import itertools
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

import pytest

from convergent.backends import registry
from convergent.backends.base import Backend, Gap
from convergent.cases import data, suites
from convergent.cases.case import Case
from convergent.cases.errors import WorkerLost
from convergent.cases.features import FEATURES
from convergent.cases.text import parse
from convergent.harness import environment, envs
from convergent.harness.ask import Asker
from convergent.harness.cli import choose
from convergent.harness.pytest_plugin.checks import Check, checks
from convergent.harness.pytest_plugin.settle import settle
from convergent.harness.referee import Referee
from convergent.harness.testing import gaps
from convergent.harness.worker.client import START_LIMIT, Answer, Client, environment_of

KINDS = ("notimpl", "notyet", "never")
MAPS = ("conv", "backprop_input", "backprop_filter", "backprop_bias", "transpose")
FEW = ("conv2d:n2_i5x6_c3_k3x2_o4", "conv2d:n2_i5x6_c3_k3x2_o4_normal", "conv1d:i9_k3_p1_float64")


class BackendContract:
    """What every backend must do. A subclass whose name begins with ``Test`` names its own.

    Every method of the plain variant is asked every case of ``suites`` and of ``cases`` (case
    lines, for what no suite has: those that show a gap, too). ``limit`` is a check's in seconds.
    """

    backend: ClassVar[str]
    suites: ClassVar[tuple[str, ...]] = ("smoke", "contracts")
    cases: ClassVar[tuple[str, ...]] = ()
    limit: ClassVar[float] = 60.0

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Ask for every check, gap and variant of the backend."""
        wanted = set(metafunc.fixturenames)
        if "declared_gap" in wanted:
            every = self.adapter().gaps
            ids = [f"{number}-{gap.methods[0]}" for number, gap in enumerate(every)]
            metafunc.parametrize("declared_gap", every, ids=ids)
        if "variant" in wanted:
            metafunc.parametrize("variant", [v.name for v in choose.declared(self.backend)])
        if "check" in wanted:
            named = [case for name in self.suites for case in suites.load(name)]
            given = dict.fromkeys((*named, *map(parse, self.cases)))
            found = list(checks((self.backend,), tuple(given)))
            metafunc.parametrize("check", found, ids=[check.id for check in found])

    @classmethod
    def adapter(cls) -> type[Backend]:
        """Return the adapter's class; the framework is not loaded."""
        return registry.get(cls.backend)

    @pytest.fixture(scope="class")
    @classmethod
    def ask(cls) -> Iterator[Asker]:
        """Answer checks, in the backend's own process."""
        cls._installed()
        with Asker(cls.limit) as asker:
            yield asker

    @pytest.fixture(scope="class")
    @classmethod
    def workers(cls) -> Iterator[Workers]:
        """Hold the workers that are asked directly, whatever is declared."""
        cls._installed()
        started = Workers()
        yield started
        started.close()

    def test_it_is_registered_under_its_name(self) -> None:
        """The registry's name, the class' and a variant's are one."""
        adapter = self.adapter()
        assert adapter.name == self.backend
        assert adapter.packages, "packages names the distribution whose version is the variant's"
        assert registry.backend_of(f"{self.backend}==1.0") == self.backend

    def test_it_computes_something(self) -> None:
        """There are methods, each of an op, and illegal calls where it has ``told``."""
        methods = self.adapter().methods()
        assert any(method.op != "contract" for method in methods.values())
        told = any(method.op == "contract" for method in methods.values())
        assert told == hasattr(self.adapter(), "told")

    def test_its_gaps_speak_of_what_there_is(self) -> None:
        """Kinds, methods and features of gaps are none that nobody has."""
        adapter = self.adapter()
        words = {*FEATURES, *adapter.trait_words, *(mode.name for mode in adapter.modes)}
        for gap in adapter.gaps:
            assert gap.kind in KINDS, gap
            assert gap.reason, gap
            assert not {*gap.when, *gap.unless} - words, gap
            for pattern in gap.methods:
                assert fnmatch.filter(adapter.methods(), pattern), f"no method fits {pattern!r}"

    def test_its_modes_have_meanings_and_are_run(self) -> None:
        """Every mode is explained, in a name that a shell leaves alone, and in some variant."""
        adapter = self.adapter()
        for mode in adapter.modes:
            assert mode.meaning, mode
            assert mode.name.replace("_", "").isalnum(), mode
        used = {word for variant in adapter.variants for word in variant.split("+") if word}
        assert used == {mode.name for mode in adapter.modes}

    def test_its_traits_are_explained(self) -> None:
        """What a machine may have is in ``trait_words``."""
        assert registry.variant(self.backend).traits <= set(self.adapter().trait_words)

    def test_its_worker_says_version_and_file(self, workers: Workers) -> None:
        """What is loaded is what is installed."""
        loaded, installed = workers[self.backend].loaded, registry.version(self.backend)
        assert installed is not None
        assert envs.same_version(installed, str(loaded["version"]))
        assert Path(str(loaded["file"])).exists()

    def test_arrays_leave_as_they_entered(self) -> None:
        """In every number of dimensions, dtype, layout and place in memory, to the bit."""
        self._installed()
        asked = registry.variant(self.backend)
        ended = subprocess.run(
            [envs.interpreter(asked.name), "-m", "convergent.harness.worker.travel", asked.plain],
            env=environment_of(asked),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=START_LIMIT,
            check=False,
        )
        assert ended.returncode == 0, ended.stdout or ended.stderr

    def test_it_runs_in_its_modes_and_agrees(self, variant: str) -> None:
        """The switches of a variant are on, and its first methods agree."""
        self._installed()
        asked = registry.variant(variant)
        if not environment.has(asked.needs):
            pytest.skip(f"needs {', '.join(asked.needs)}")
        first = {method.op: method.key for method in reversed([*asked.methods().values()])}
        with Asker(self.limit) as ask:
            for line, op in itertools.product(FEW, set(first) & set(MAPS)):
                outcome = ask(variant, first[op], parse(line))
                if outcome.verdict != "unsupported":
                    outcome.check()
            loaded = ask.loaded[variant].loaded
        assert set(loaded["modes"]) == {mode.name for mode in asked.modes}

    def test_a_declared_gap_is_real(self, declared_gap: Gap, workers: Workers) -> None:
        """Asked all the same, the framework refuses."""
        name = gaps.variant_of(self.backend, declared_gap)
        if reason := gaps.not_asked(name, declared_gap):
            pytest.skip(reason)
        asked = gaps.shown_by(name, declared_gap, tuple(map(parse, self.cases)))
        assert asked, f"no case of {', '.join(gaps.SUITES)}, nor of {self.cases}, shows this gap"
        for key, case in asked:
            answer = workers.ask(name, key, case, self.limit)
            said = gaps.fault(name, declared_gap, (key, case), answer, self.referee())
            assert not said, said

    def test_it_agrees(self, check: Check, ask: Asker) -> None:
        """Right values, operands as they were, the same bits again; illegal calls refused."""
        settle(ask(*check))

    @classmethod
    def _installed(cls) -> None:
        if registry.version(cls.backend) is None:
            pytest.skip(f"{cls.backend} is not installed")

    @staticmethod
    @functools.cache
    def referee() -> Referee:
        """Return who knows what is right, and has made it once."""
        return Referee()


class Workers(dict[str, Client]):
    """The workers by variant, each started when it is first asked."""

    def __missing__(self, name: str) -> Client:
        self[name] = Client(name)
        return self[name]

    def ask(self, name: str, key: str, case: Case, limit: float) -> Answer:
        """Return what the framework does with a check, whatever is declared of it."""
        client = self[name]
        try:
            client.take(case, data.make(case), limit)
            client.send(key, limit)
            return client.answer(limit)
        except WorkerLost:
            self.pop(name).close()
            raise

    def close(self) -> None:
        """End them all."""
        for client in self.values():
            client.close()
