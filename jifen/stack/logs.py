"""Reading the end of a log file that grows and is rotated."""

import time
from collections.abc import Callable
from pathlib import Path

_PAUSE_SECONDS = 0.3
_BLOCK = 64 * 1024


def last_lines(file: Path, count: int) -> tuple[str, int]:
    """Return a file's last lines and the position after them."""
    with file.open("rb") as stream:
        end = stream.seek(0, 2)
        start, found = end, b""
        while start > 0 and found.count(b"\n") <= count:
            start = max(0, start - _BLOCK)
            stream.seek(start)
            found = stream.read(end - start)
    kept = found.splitlines(keepends=True)[-count:] if count else []
    return b"".join(kept).decode(errors="replace"), end


def follow(file: Path, position: int, tell: Callable[[str], None]) -> None:
    """Tell what is added to a file, for ever; a file that shrank was rotated and begins anew."""
    while True:
        if file.exists():
            if file.stat().st_size < position:
                position = 0
            with file.open("rb") as stream:
                stream.seek(position)
                more = stream.read()
            position += len(more)
            if more:
                tell(more.decode(errors="replace"))
        time.sleep(_PAUSE_SECONDS)
