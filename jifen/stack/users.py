"""The user PostgreSQL runs as: it refuses root, so root lends it to an unprivileged user."""

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from jifen.stack.errors import StackError

_SHELL = "/bin/sh"


class _Credentials(TypedDict, total=False):
    user: int
    group: int
    extra_groups: list[int]


@dataclass(frozen=True, kw_only=True, slots=True)
class RunAs:
    """An unprivileged user of this machine."""

    name: str
    uid: int
    gid: int

    def credentials(self) -> _Credentials:
        """Return the arguments that make `subprocess` start a process as this user."""
        return {"user": self.uid, "group": self.gid, "extra_groups": []}


def server_user(name: str) -> RunAs | None:
    """Return whom PostgreSQL runs as: None is ourselves, which only root may not choose."""
    if os.geteuid() != 0:
        return None
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        raise StackError(
            f"PostgreSQL can't run as root and this machine has no user {name!r}: "
            "name another in JIFEN_POSTGRES_USER"
        ) from None
    if entry.pw_uid == 0:
        raise StackError("JIFEN_POSTGRES_USER must be an unprivileged user")
    return RunAs(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def as_user(run_as: RunAs | None) -> _Credentials:
    """Return the `subprocess` arguments for a user, or none for ourselves."""
    return {} if run_as is None else run_as.credentials()


def may_enter(folder: Path, run_as: RunAs | None) -> bool:
    """Tell whether a user gets into a folder; asked of the kernel, which knows every rule."""
    probe = subprocess.run(
        [_SHELL, "-c", 'cd "$1" && test -x .', _SHELL, str(folder)],
        check=False,
        cwd="/",
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **as_user(run_as),
    )
    return probe.returncode == 0


def give(path: Path, run_as: RunAs | None) -> None:
    """Hand one file or folder to a user."""
    if run_as is not None:
        os.chown(path, run_as.uid, run_as.gid)
