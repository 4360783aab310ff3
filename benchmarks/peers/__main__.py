"""``python benchmarks/peers``: rules in use now, and ours, on the same faults."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from peers.command import main

if __name__ == "__main__":
    sys.exit(main())
