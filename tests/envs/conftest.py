"""A framework of two versions, as wheels in a folder that pip is told of; the second is wrong."""

import base64
import hashlib
import zipfile

import pytest

FRAMEWORK = """
VERSION = "{version}"


def shift():
    return {shift}
"""
ADAPTER = '''
import numpy as np

from convergent.backends import numpy as maps
from convergent.backends.base import Backend, method
from convergent.cases import dtypes


class Versioned(Backend):
    """An honest convolution to which the framework of the second version adds one."""

    name = "versioned"
    packages = ("versioned-framework", "versioned")

    def __init__(self):
        import versioned_framework

        self.framework = versioned_framework

    def loaded(self):
        return {"version": self.framework.VERSION, "file": self.framework.__file__}

    def axes(self, role, case):
        return tuple(range(case.dims + 2))

    def enter(self, array, case):
        return np.array(array)

    def leave(self, tensor):
        return tensor, tensor.dtype.name

    @method("conv", "native")
    def native(self, case, t):
        exact = maps.conv(case, dtypes.decode(t.x, case.dtype), dtypes.decode(t.w, case.dtype))
        return dtypes.encode(exact, case.dtype) + self.framework.shift()
'''


def wheel(folder, version, shift):
    """Write a wheel of the framework, as https://packaging.python.org has the format."""
    info = f"versioned_framework-{version}.dist-info"
    files = {
        "versioned_framework/__init__.py": FRAMEWORK.format(version=version, shift=shift),
        f"{info}/METADATA": (
            f"Metadata-Version: 2.1\nName: versioned-framework\nVersion: {version}\n"
        ),
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{info}/RECORD,,"]
    with zipfile.ZipFile(folder / f"versioned_framework-{version}-py3-none-any.whl", "w") as file:
        for name, text in files.items():
            digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=")
            record.append(f"{name},sha256={digest.decode()},{len(text)}")
            file.writestr(name, text)
        file.writestr(f"{info}/RECORD", "\n".join(record) + "\n")


@pytest.fixture(scope="session")
def shop(tmp_path_factory):
    """Return a folder of wheels, one of which asks for what does not exist."""
    folder = tmp_path_factory.mktemp("wheels")
    wheel(folder, "1.0", 0)
    wheel(folder, "2.0", 1)
    return folder


@pytest.fixture(scope="session")
def adapter(tmp_path_factory):
    """Return a folder with a third party's adapter: its module and its entry point."""
    folder = tmp_path_factory.mktemp("adapter")
    (folder / "versioned_adapter.py").write_text(ADAPTER)
    info = folder / "versioned_adapter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: versioned-adapter\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[convergent.backends]\nversioned = versioned_adapter:Versioned\n"
    )
    return folder


@pytest.fixture(scope="module")
def world(shop, adapter, tmp_path_factory):
    """Return a function that sets up this process so: a cache of its own, the shop, the adapter."""
    cache = tmp_path_factory.mktemp("cache")

    def enter(patch):
        patch.setenv("XDG_CACHE_HOME", str(cache))
        patch.setenv("PIP_FIND_LINKS", str(shop))
        patch.setenv("PYTHONPATH", str(adapter))
        patch.syspath_prepend(str(adapter))
        return cache / "convergent" / "envs"

    return enter


@pytest.fixture
def root(world, monkeypatch):
    """Return the folder of the environments in that world."""
    return world(monkeypatch)
