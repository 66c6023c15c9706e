"""python -m deploy.prometheus.generate [--check] [FOLDER]: write the rules, or compare them."""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from deploy.prometheus.catalogue import alerts
from deploy.prometheus.objectives import OBJECTIVES
from deploy.prometheus.rules import Group, Pace
from shared.platform.generated import keep

_FOLDER: Final = Path(__file__).parent
_NOTE: Final = "# Generated: `python -m deploy.prometheus.generate`. Don't edit.\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 when --check finds a file missing or changed."""
    parser = argparse.ArgumentParser(prog="python -m deploy.prometheus.generate")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("folder", nargs="?", type=Path, default=_FOLDER, metavar="FOLDER")
    options = parser.parse_args(arguments)
    return keep(files(Pace(), options.folder), check=options.check)


def files(pace: Pace, folder: Path) -> Mapping[Path, str]:
    """Return the files of rules that are to be in a folder."""
    promises = [
        # In this order, so that an alert sees what was recorded a moment before.
        Group(
            name=f"points-{one.name.replace('_', '-')}",
            rules=[*one.recordings(pace), *one.alerts()],
        )
        for one in OBJECTIVES
    ]
    others = [Group(name="points", rules=alerts(pace))]
    return {
        folder / "rules.yml": _yaml(promises, pace),
        folder / "alerts.yml": _yaml(others, pace),
    }


def _yaml(groups: Sequence[Group], pace: Pace) -> str:
    document = {"groups": [group.document(pace) for group in groups]}
    return _NOTE + yaml.dump(document, Dumper=_Dumper, sort_keys=False, width=100)


class _Dumper(yaml.SafeDumper):
    """Writes text of several lines as such."""


def _represent(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _represent)


if __name__ == "__main__":
    sys.exit(main())
