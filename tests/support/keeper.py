"""Removes what a test run leaves behind, however it ends: kill -9 of pytest included.

Run as `python -m tests.support.keeper FOLDER`; waits until its standard input closes, which the
system does when pytest is gone, then ends every process that names the folder and deletes it.
"""

import shutil
import sys
from pathlib import Path

from jifen.stack.processes import end, naming


def keep(folder: Path) -> None:
    """Wait for the end of the run, then clean up."""
    sys.stdin.buffer.read()
    end(naming(folder), patience_seconds=5)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    keep(Path(sys.argv[1]))
