"""Start serving: ``python -m convergent.harness.worker BACKEND PID``."""

import sys

if sys.version_info < (3, 11):  # which does not know PYTHONSAFEPATH: the working folder comes first
    del sys.path[0]

from convergent.harness.worker.serve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
