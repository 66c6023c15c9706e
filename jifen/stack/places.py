"""Folders: the cache all checkouts share, and a place that an unprivileged server may enter."""

import hashlib
from pathlib import Path

import platformdirs

from jifen.stack.errors import StackError
from jifen.stack.users import RunAs, may_enter

_FALLBACKS = (Path("/var/lib"), Path("/var/tmp"))  # noqa: S108  # the folder itself is closed


def cache_folder() -> Path:
    """Return the folder of the user's cache where fetched things stay."""
    return Path(platformdirs.user_cache_dir("jifen", appauthor=False))


def enterable(wanted: Path, run_as: RunAs | None) -> Path:
    """Return a folder that a user may enter: the wanted one, or one of the system for it.

    A checkout may lie under a closed folder such as /root. Opening that is not ours to do, so the
    server's files go to the system's own place, under a name that belongs to the checkout.
    """
    tag = hashlib.sha256(str(wanted).encode()).hexdigest()[:12]
    for folder in (wanted, *(parent / f"jifen-{tag}" for parent in _FALLBACKS)):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            # Passing through is all another user needs; what lies inside is closed by itself.
            folder.chmod(0o700 if run_as is None else 0o711)
        except OSError:
            continue
        if may_enter(folder, run_as):
            return folder
        if folder != wanted:
            folder.rmdir()
    raise StackError(
        f"no folder for PostgreSQL: its user {run_as.name if run_as else 'you'} may not enter "
        f"{wanted}, nor a folder under {' or '.join(map(str, _FALLBACKS))}"
    )
