"""Every error that this project raises on purpose.

::

    ConvergentError
    ├── InvalidCase          a case that no convolution has, or text that names none
    ├── UnknownSuite         a suite that does not exist
    ├── NothingLeft          a space of random cases in which none is left that is wanted
    ├── UnknownBackend       a variant whose backend is not registered
    ├── UnknownMethod        an op or method that a backend does not have
    ├── BackendUnavailable   a framework that is not installed where it was looked for
    │   ├── CannotBuild      an environment that its installer could not make
    │   └── ClusterUnavailable  a Dask cluster that cannot run what it is given
    ├── EnvironmentInUse     an environment that a run uses or somebody builds
    ├── WorkerLost           a worker process that ended, hung or spoke garbage
    ├── RunFileDamaged       a run file that cannot be read or does not fit this run
    ├── CannotRecord         a run file that the disk takes no more of
    ├── InvalidShard         a part of a run that there is not
    ├── FolderInUse          a folder that another run is writing to
    ├── InvalidLedger        a ``known.toml`` that says something impossible
    ├── InvalidBaseline      a baseline of findings that cannot be read
    ├── InvalidLog           a log of confirmed divergences that cannot be read
    ├── CannotWrite          a check of which no stand-alone script can be written
    └── Disagreement         an outcome whose verdict is not what was asked for

A message holds the fact, the value and the way out.
"""

from __future__ import annotations


class ConvergentError(Exception):
    """The root of the tree."""


class InvalidCase(ConvergentError, ValueError):
    """A case that no convolution has, or text that names none."""


class UnknownSuite(ConvergentError, LookupError):
    """A suite that does not exist."""


class NothingLeft(ConvergentError, LookupError):
    """A space of random cases in which none is left that is wanted."""


class UnknownBackend(ConvergentError, LookupError):
    """A variant whose backend is not registered."""


class UnknownMethod(ConvergentError, LookupError):
    """An op or a method that a backend does not have."""


class BackendUnavailable(ConvergentError):
    """A framework that is not installed where it was looked for."""


class ClusterUnavailable(BackendUnavailable):
    """A Dask cluster that cannot run what it is given."""


class CannotBuild(BackendUnavailable):
    """An environment that its installer could not make."""


class EnvironmentInUse(ConvergentError):
    """An environment that a run uses, or that somebody builds."""


class WorkerLost(ConvergentError):
    """A worker process that ended, hung or spoke garbage."""


class RunFileDamaged(ConvergentError):
    """A run file that cannot be read or does not fit this run."""


class InvalidShard(ConvergentError, ValueError):
    """A part of a run that there is not."""


class CannotRecord(ConvergentError):
    """A run file that the disk takes no more of."""


class FolderInUse(ConvergentError):
    """A folder that another run is writing to."""


class InvalidLedger(ConvergentError, ValueError):
    """A ledger of known divergences that says something impossible."""


class InvalidBaseline(ConvergentError, ValueError):
    """A baseline of findings that cannot be read."""


class InvalidLog(ConvergentError, ValueError):
    """A log of confirmed divergences that cannot be read."""


class CannotWrite(ConvergentError):
    """A check of which no stand-alone script can be written."""


class Disagreement(ConvergentError, AssertionError):
    """An outcome whose verdict is not what was asked for."""
