"""The processes of this machine: finding ours by their command line, and ending them."""

import contextlib
import os
import signal
from collections.abc import Iterable
from pathlib import Path

import psutil


def with_words(*words: str) -> list[psutil.Process]:
    """Return the processes whose command line has all these words, each a whole argument."""
    # A process that ended meanwhile, or that we may not look at, has no command line.
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if set(words) <= set(process.info["cmdline"] or ())
    ]


def naming(folder: Path) -> list[psutil.Process]:
    """Return the processes, other than this one, with a path under a folder in their arguments."""
    return [
        process
        for process in psutil.process_iter(["cmdline"])
        if process.pid != os.getpid()
        and any(str(folder) in word for word in process.info["cmdline"] or ())
    ]


def end(
    processes: Iterable[psutil.Process],
    *,
    by: signal.Signals = signal.SIGTERM,
    patience_seconds: float = 20,
) -> None:
    """Ask processes to end, and kill those that don't within the patience given."""
    processes = list(processes)
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(by)
    _, left = psutil.wait_procs(processes, timeout=patience_seconds)
    for process in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(left, timeout=5)
