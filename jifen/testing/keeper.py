"""Ends an embedded stack when the tests that started it end, killed or not.

`python -m jifen.testing.keeper FOLDER` waits until its standard input closes, which the system
does when whoever holds the other end is gone.
"""

import shutil
import sys
from pathlib import Path

from jifen.stack import lifecycle
from jifen.stack.settings import StackSettings


def keep(home: Path) -> None:
    """Wait for the end, then stop the stack and delete what it holds."""
    sys.stdin.buffer.read()
    lifecycle.down(StackSettings(home=home), lambda: None, delete_data=True)
    shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
