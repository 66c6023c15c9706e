"""Writes the dashboards as Grafana reads them: `python -m deploy.grafana.generate [--check]`."""

import argparse
import json
import sys
from pathlib import Path
from typing import Final

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from deploy.grafana.board import Board
from deploy.grafana.boards import BOARDS

FOLDER: Final = Path(__file__).resolve().parent / "dashboards"


def files() -> dict[str, str]:
    """Make all dashboards, by file name."""
    return {f"{board.name}.json": _text(board) for board in BOARDS}


def stale(folder: Path = FOLDER) -> list[str]:
    """Name the files that are not what the boards say, missing and left-over ones included."""
    wanted = files()
    found = {path.name: path.read_text("utf-8") for path in folder.glob("*.json")}
    return sorted(name for name in wanted | found if wanted.get(name) != found.get(name))


def write(folder: Path = FOLDER) -> None:
    """Write what the boards say and delete what no board says any more."""
    wanted = files()
    for path in folder.glob("*.json"):
        if path.name not in wanted:
            path.unlink()
    for name, text in wanted.items():
        folder.joinpath(name).write_text(text, "utf-8")


def main() -> None:
    """Write, or with --check say what differs and exit 1."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    if not parser.parse_args().check:
        write()
    elif names := stale():
        sys.exit(f"{FOLDER}: {', '.join(names)} differ from the boards; run `make docs`")


def _text(board: Board) -> str:
    return json.dumps(board.build(), cls=JSONEncoder, indent=1, sort_keys=True) + "\n"


if __name__ == "__main__":
    main()
