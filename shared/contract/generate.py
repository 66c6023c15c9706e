"""python -m shared.contract.generate [--check] DIR: write docs/events, or say what drifted."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from shared.contract.docs import documents
from shared.contract.golden import golden_bytes
from shared.contract.registry import WIRE_TYPES


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 when --check finds a file missing, changed or left over."""
    parser = argparse.ArgumentParser(prog="python -m shared.contract.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("folder", type=Path, metavar="DIR", help="docs/events")
    options = parser.parse_args(arguments)
    folder: Path = options.folder
    wanted = documents({wire: golden_bytes(wire) for wire in WIRE_TYPES})
    drifted = drift(folder, wanted)
    if not options.check:
        write(folder, wanted)
        return 0
    sys.stderr.writelines(f"{folder / path}: {what}\n" for path, what in drifted.items())
    return 1 if drifted else 0


def drift(folder: Path, wanted: dict[str, str]) -> dict[str, str]:
    """Return what is wrong with which file, by path below the folder."""
    found = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }
    missing = dict.fromkeys(wanted.keys() - found.keys(), "missing")
    left_over = dict.fromkeys(found.keys() - wanted.keys(), "left over")
    changed = {
        path: "differs from the contract"
        for path in wanted.keys() & found.keys()
        if found[path] != wanted[path].encode()
    }
    return dict(sorted({**missing, **left_over, **changed}.items()))


def write(folder: Path, wanted: dict[str, str]) -> None:
    """Write the files; what is left over is for people to delete, --check names it."""
    for path, text in wanted.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    sys.exit(main())
