"""Start serving: ``python -m convergent.harness.worker BACKEND PID``."""

import sys

from convergent.harness.worker.serve import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
