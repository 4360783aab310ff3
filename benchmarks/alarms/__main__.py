"""``python benchmarks/alarms``: how often are correct implementations called wrong?"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from alarms.command import main  # noqa: E402 - after its folder is found

if __name__ == "__main__":
    sys.exit(main())
