"""By how many days a file's dates are moved: remembered, so that it is told alike ever after."""

from datetime import date
from pathlib import Path
from typing import Final

from pydantic import TypeAdapter, ValidationError

from jifen.demo.errors import ReplayError

FILE: Final = "replays.json"  # in the state's folder: SHA-256 of a file's bytes -> days
_DAYS = TypeAdapter(dict[str, int])


def shift_days(home: Path, digest: str, *, last: date, yesterday: date) -> int:
    """Return the days that bring a file's last day to yesterday, or did when it was first asked."""
    known = _load(home / FILE)
    if digest not in known:
        known[digest] = (yesterday - last).days
        _save(home / FILE, known)
    return known[digest]


def _load(file: Path) -> dict[str, int]:
    try:
        return _DAYS.validate_json(file.read_bytes())
    except FileNotFoundError:
        return {}
    except ValidationError:
        raise ReplayError(
            f"{file} can't be read. It says by how many days the orders told before were moved: "
            "without it they would be told as others. Mend it, or remove it together with the data"
        ) from None


def _save(file: Path, known: dict[str, int]) -> None:
    """Replace the file whole, so that a kill leaves the old one or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_bytes(_DAYS.dump_json(known, indent=2))
    fresh.replace(file)
