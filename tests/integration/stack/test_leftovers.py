"""Nothing stays behind, and nothing left behind stops a start."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

from jifen.stack import processes
from jifen.stack.postgres import forget_stranger
from tests.support.stack import Home

_PROJECT = Path(__file__).resolve().parents[3]


def test_a_killed_run_leaves_nothing() -> None:
    """The keeper outlives a run that can clean up nothing itself."""
    with subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import signal, subprocess, sys\n"
                "from tests.support.stack import Home\n"
                "home = Home()\n"
                "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)', "
                "str(home.folder)])\n"
                "print(home.folder, flush=True)\n"
                "signal.pause()\n"
            ),
        ],
        cwd=_PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        assert folder.is_dir()
        named = processes.naming(folder)
        assert len(named) >= 2  # the keeper and the process it must end
        run.kill()
    _, left = psutil.wait_procs(named, timeout=20)
    assert left == []
    assert not folder.exists()


def test_a_pid_file_of_a_stranger_is_forgotten(tmp_path: Path) -> None:
    (tmp_path / "postmaster.pid").write_text(f"{os.getpid()}\n{tmp_path}\n")
    forget_stranger(tmp_path)
    assert not (tmp_path / "postmaster.pid").exists()


def test_a_pid_file_of_nobody_is_left_to_the_server(tmp_path: Path) -> None:
    with subprocess.Popen(["/bin/true"]) as gone:
        pass
    (tmp_path / "postmaster.pid").write_text(f"{gone.pid}\n")
    forget_stranger(tmp_path)
    assert (tmp_path / "postmaster.pid").exists()


def test_a_process_that_ignores_the_signal_is_killed(home: Home) -> None:
    stubborn = subprocess.Popen(
        [
            sys.executable,
            "-c",
            (
                "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
                "print('deaf', flush=True); time.sleep(600)"
            ),
            str(home.folder / "stubborn"),
        ],
        stdout=subprocess.PIPE,
    )
    with stubborn:
        assert stubborn.stdout is not None
        stubborn.stdout.readline()
        processes.end(
            processes.naming(home.folder / "stubborn"), by=signal.SIGTERM, patience_seconds=0.2
        )
    assert not psutil.pid_exists(stubborn.pid)
