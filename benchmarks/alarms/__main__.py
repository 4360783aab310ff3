"""``python benchmarks/alarms``: the false-alarm rate."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from alarms.command import main

if __name__ == "__main__":
    sys.exit(main())
