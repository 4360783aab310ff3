"""A version runs in an environment of its own, and shows that it is that version which ran."""

import fcntl
import os
import signal
import subprocess
import sys
import threading
import time
import venv
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from convergent.backends import registry
from convergent.cases.errors import (
    BackendUnavailable,
    CannotBuild,
    EnvironmentInUse,
    UnknownBackend,
)
from convergent.cases.text import parse
from convergent.harness import envs, run
from convergent.harness.cli import choose
from convergent.harness.cli import env as cli
from convergent.harness.envs import build, foreign, install, parts, store
from convergent.harness.ledger import Ledger
from convergent.harness.options import Options
from convergent.harness.worker.client import Client

CASE = parse("conv1d:i4_k2")
ONE, TWO = "versioned-framework==1.0", "versioned-framework==2.0"


@pytest.fixture(scope="module")
def built(world):
    """Build both versions once."""
    with pytest.MonkeyPatch.context() as patch:
        world(patch)
        said = []
        envs.ensure([ONE, TWO], said.append)
        return said


@pytest.fixture
def both(built, root):
    """Have both versions."""
    return root


def test_two_versions_of_one_framework_really_are_two(both, tmp_path):
    options = Options(variants=(ONE, TWO), folder=tmp_path)
    result = run.run([CASE], options, Ledger(()))
    loaded = {name: found.loaded for name, found in result.run.variants.items()}
    assert {name: told["version"] for name, told in loaded.items()} == {ONE: "1.0", TWO: "2.0"}
    for name, told in loaded.items():
        assert Path(told["file"]).is_relative_to(both / name)
        assert told["executable"] == str(both / name / "bin" / "python")
    assert {o.variant: o.verdict for o in result.run.outcomes} == {ONE: "agrees", TWO: "differs"}


def test_building_says_what_is_done_and_again_does_nothing(both, built):
    assert [line.split()[0] for line in built] == ["building", "built"] * 2
    said = []
    envs.ensure([ONE, "scipy", f"versioned@{sys.executable}"], said.append)
    assert said == []


def test_an_environment_says_what_it_is_made_of(both):
    found = store.find(ONE)
    assert found.packages["versioned-framework"] == "1.0"
    assert "numpy" in found.packages
    assert found.size > 1 << 20
    assert found.python_version == ".".join(map(str, sys.version_info[:3]))
    assert [e.requirement for e in store.every()] == [ONE, TWO]


def test_a_worker_that_loads_another_version_is_refused(both, monkeypatch):
    """The silent failure: a version compared with itself."""
    monkeypatch.setattr(envs, "interpreter", lambda _: str(store.find(TWO).python))
    with pytest.raises(BackendUnavailable, match=r"1\.0 is installed, but the worker loaded 2\.0"):
        Client(ONE)


def test_a_framework_beside_this_project_does_not_shadow_the_environments(both, tmp_path):
    """As after ``pip install convergent``: its folder holds the frameworks of this one too."""
    installed = tmp_path / "site-packages"
    (installed / "convergent").mkdir(parents=True)
    for part in parts.source_roots():
        for module in (part / "convergent").iterdir():
            if module.name != "__pycache__":
                (installed / "convergent" / module.name).symlink_to(module)
    false = installed / "versioned_framework"
    false.mkdir()
    (false / "__init__.py").write_text('VERSION = "1.0"\nshift = lambda: 0\n')
    code = f"from convergent.harness.worker.client import Client; print(Client({TWO!r}).loaded)"
    paths = [str(installed), os.environ["PYTHONPATH"], *(p for p in sys.path if "packages" in p)]
    said = subprocess.run(
        [sys.executable, "-S", "-c", code], capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
    )  # fmt: skip
    assert "'version': '2.0'" in said.stdout
    assert str(store.find(TWO).folder) in said.stdout


def test_an_interpreter_of_ones_own_runs_as_it_finds_the_framework(both):
    name = f"versioned@{store.find(TWO).python}"
    assert envs.version(name) == "2.0"
    client = Client(name)
    client.close()
    assert client.loaded["version"] == "2.0"


def test_nothing_is_built_where_another_variant_is_not_there(root, tmp_path, monkeypatch):
    monkeypatch.setattr(build, "provide", lambda *_: pytest.fail("an environment was built"))
    with pytest.raises(BackendUnavailable, match="no interpreter"):
        choose.variants(("scipy==1.15.3", f"scipy@{tmp_path}/none"))


def test_what_is_no_interpreter_is_said(tmp_path):
    script = tmp_path / "python"
    script.write_text("#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    with pytest.raises(BackendUnavailable, match="is no Python"):
        envs.interpreter(f"scipy@{script}")
    with pytest.raises(BackendUnavailable, match="no interpreter that can be run"):
        envs.interpreter(f"scipy@{tmp_path}/none")


def test_a_version_nobody_published_is_said_and_leaves_nothing_ready(root):
    with pytest.raises(CannotBuild, match=r"(?s)status 1.*install\.log.*9\.9"):
        build.add(build.wish("versioned-framework==9.9"), print)
    assert store.find("versioned-framework==9.9") is None
    assert [path.name for path in store.unfinished()] == ["versioned-framework==9.9"]
    told = CliRunner().invoke(cli.command, ["list"]).output
    assert "convergent env update versioned-framework==9.9 begins anew" in told
    assert "convergent env remove versioned-framework==9.9 removes it" in told
    store.remove("versioned-framework==9.9")
    assert store.unfinished() == []


@pytest.mark.parametrize("text", ["versioned", "torch", "jax:jit"])
def test_an_environment_needs_a_version(root, text):
    with pytest.raises(UnknownBackend, match="names no version"):
        build.wish(text)


def test_a_version_that_is_none_is_refused_before_anything_is_made(root):
    with pytest.raises(UnknownBackend, match=r"'1\.x' of .* is no version"):
        build.wish("versioned-framework==1.x")


def test_an_environment_of_nobodys_backend_is_refused(root):
    with pytest.raises(UnknownBackend, match="no backend is called"):
        build.wish("requests==2.0")


def test_a_run_that_uses_an_environment_keeps_it(both):
    code = f"from convergent.harness import envs; print(envs.interpreter({ONE!r})); input()"
    user = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert user.stdout.readline().strip() == str(store.find(ONE).python)
        with pytest.raises(EnvironmentInUse, match="in use"):
            store.remove(ONE)
        assert store.find(ONE)
    finally:
        user.communicate("\n")


def test_a_builder_waits_for_another_and_builds_nothing_twice(both):
    lock = (both / f".{ONE}.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    ready = both / ONE / store.READY
    kept = ready.read_bytes()
    ready.unlink()  # as while it is being built
    said = []
    waiting = threading.Thread(target=envs.ensure, args=([ONE], said.append))
    waiting.start()
    time.sleep(0.3)
    ready.write_bytes(kept)
    lock.close()
    waiting.join()
    assert said == []


def test_a_run_takes_what_another_builds_with_options_of_its_own(both):
    ready = both / ONE / store.READY
    kept = ready.read_bytes()
    other = msgspec.structs.replace(store.find(ONE), extra=("packaging",))
    lock = (both / f".{ONE}.lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    ready.unlink()
    said = []
    waiting = threading.Thread(target=envs.ensure, args=([ONE], said.append))
    waiting.start()
    time.sleep(0.3)
    store.save(other)
    lock.close()
    waiting.join()
    assert (said, store.find(ONE).extra) == ([], ("packaging",))
    ready.write_bytes(kept)


def test_a_run_ends_a_killed_build_as_it_was_wished_for(root, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    wished = build.wish(ONE, extra=("packaging",), installer="pip")
    with monkeypatch.context() as killed:
        killed.setattr(install.Pip, "create", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            build.add(wished, print)
    asked = []
    monkeypatch.setattr(build, "_build", lambda wish, _: asked.append(wish))
    envs.ensure([ONE], print)
    assert asked == [wished]


def test_a_wish_that_cannot_be_granted_is_kept_for_another_try(root, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    limits = "versioned-framework<2\n"
    with pytest.raises(CannotBuild, match="versioned-framework<2"):
        build.add(build.wish(TWO, constraint=limits), print)
    assert build.wished(TWO).constraint == limits
    with pytest.raises(CannotBuild, match="versioned-framework<2"):
        build.update(TWO, print)
    with pytest.raises(CannotBuild, match="there is no environment"):
        build.update(ONE, print)


def test_what_cannot_be_built_anew_stays_as_it_was(both):
    said, python = [], both / ONE / "bin" / "python"
    before = store.find(ONE)
    assert before is not None
    with pytest.raises(CannotBuild, match="no-such-package-at-all"):
        build.add(build.wish(ONE, extra=("no-such-package-at-all",)), said.append)
    assert store.find(ONE) == before
    assert said[-1] == f"{ONE} stays as it was"
    assert b"no-such-package-at-all" in (both / ONE / install.LOG).read_bytes()
    assert subprocess.run([python, "-c", "import numpy"], check=False).returncode == 0
    assert not store.before(ONE).exists()
    assert store.unfinished() == []


@pytest.mark.parametrize("delay", [0.6, 3.0])
def test_a_build_killed_at_any_moment_leaves_nothing_half_and_is_done_anew(both, delay):
    command = [sys.executable, "-m", "convergent", "env", "update", TWO]
    builder = subprocess.Popen(command, start_new_session=True, stdout=subprocess.DEVNULL)
    time.sleep(delay)
    os.killpg(builder.pid, signal.SIGKILL)
    builder.wait()
    before = store.find(TWO)
    assert before is None or before.packages["versioned-framework"] == "2.0"
    assert build.update(TWO, lambda _: None).packages["versioned-framework"] == "2.0"
    client = Client(TWO)
    client.close()
    assert client.loaded["version"] == "2.0"


def test_what_is_removed_before_it_is_used_is_not_there(both, monkeypatch):
    ready = both / ONE / store.READY
    kept = ready.read_bytes()
    use = store.use
    monkeypatch.setattr(store, "use", lambda name: (ready.unlink(), use(name)))
    with pytest.raises(BackendUnavailable, match=f"there is no environment of {ONE}"):
        Client(ONE)
    ready.write_bytes(kept)


def test_uv_is_left_aside_where_pip_has_settings(root, monkeypatch, tmp_path):
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert install.tool("auto").name == "pip"
    assert install.tool("uv").name == "uv"
    monkeypatch.setattr(install, "pip_is_set_up", lambda: False)
    assert install.tool("auto").name == "uv"
    monkeypatch.setenv("PATH", "")
    assert install.tool("auto").name == "pip"
    with pytest.raises(CannotBuild, match="uv is not on PATH"):
        install.tool("uv")


@pytest.mark.parametrize(
    ("asked", "loaded", "same"),
    [
        ("2.13", "2.13.0", True),
        ("2.13.0", "2.13.0+cpu", True),
        ("2.13.0+cpu", "2.13.0", True),
        ("2.13.0+cpu", "2.13.0+cu130", False),
        ("2.13.0", "2.13.1", False),
        ("0.10.2", "0.10.2.dev1", False),
        ("what", "what", True),
        ("what", "1.0", False),
    ],
)
def test_versions_are_compared_as_such(asked, loaded, same):
    assert envs.same_version(asked, loaded) is same


def test_links_are_made_once_and_to_this_project_alone(root):
    folders = parts.roots_alone("versioned")
    assert folders == parts.roots_alone("versioned")
    names = {entry.name for folder in folders for entry in folder.iterdir()}
    assert names - {"__pycache__"} == {"convergent", "versioned_adapter.py"}
    assert parts.adapter("versioned") == {registry.ADAPTER: "versioned=versioned_adapter:Versioned"}
    assert parts.adapter("torch") == {}


def test_an_interpreter_is_asked_once(monkeypatch):
    foreign.look(sys.executable)
    monkeypatch.setattr(subprocess, "run", None)
    assert foreign.look(sys.executable).version_text == ".".join(map(str, sys.version_info[:3]))


def test_an_interpreter_of_this_folder_is_not_one_of_the_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    mine = tmp_path / "python3"
    mine.write_text("#!/bin/sh\nexit 1\n")
    mine.chmod(0o755)
    with pytest.raises(BackendUnavailable, match=r"\./python3 is no Python"):
        foreign.look("./python3")


def test_a_distribution_is_found_however_its_name_is_spelt(tmp_path):
    venv.create(tmp_path / "env", with_pip=False)
    (site,) = (tmp_path / "env").glob("lib/python*/site-packages")
    info = site / "tf_nightly_cpu-2.22.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tf_nightly_cpu\nVersion: 2.22.0\n")
    python = tmp_path / "env" / "bin" / "python"
    packages = registry.get("tensorflow").packages
    assert foreign.version(str(python), packages) == "2.22.0"


def test_a_cache_that_cannot_be_written_is_said_with_what_moves_it(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(CannotBuild, match=r"file.* cannot be written: .*; XDG_CACHE_HOME names"):
        store.use("jax==0.9.2")
