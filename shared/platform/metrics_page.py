"""python -m shared.platform.metrics_page [--check] FILE: write or check docs/metrics.md."""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry

from shared.platform.generated import keep
from shared.platform.measures import LABELS, Described
from shared.platform.metrics import Metrics

_HEAD: Final = """\
# Metrics

Made from `shared/platform/metrics.py` by `make docs`. Each service has them at `/metrics`; what is
listed for a service is what it ever sets. Where several processes read the same rows (waiting and
dead events, the outbox, overdue lots, all of `audit`), each shows all of them: take the largest,
not the sum. Alerts and where they lead: [runbooks](runbooks/README.md).

| metric | type | labels | meaning, and what to do | services |
|---|---|---|---|---|
"""
_LABELS: Final = """
## Labels

No value is ever a member, an order or an event.

| label | values |
|---|---|
"""
_PAGE: Final = re.compile(r"docs/(runbooks/[a-z-]+\.md|decisions/[a-z-]+\.md)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Return the exit status: 1 when --check finds the file missing or changed."""
    parser = argparse.ArgumentParser(prog="python -m shared.platform.metrics_page")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on drift")
    parser.add_argument("file", type=Path, metavar="FILE", help="docs/metrics.md")
    options = parser.parse_args(arguments)
    wanted = document(Metrics(CollectorRegistry(), "docs").described)
    return keep({options.file: wanted}, check=options.check, mend=", run `make docs`")


def document(described: Sequence[Described]) -> str:
    """Return the page: every metric in the order of the code, then the labels."""
    metrics = [_row(one) for one in described]
    labels = [f"| `{name}` | {_linked(text)} |\n" for name, text in sorted(LABELS.items())]
    return "".join([_HEAD, *metrics, _LABELS, *labels])


def _row(one: Described) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels)
    services = ", ".join(one.services)
    return f"| `{one.name}` | {one.kind} | {labels} | {_linked(one.text)} | {services} |\n"


def _linked(text: str) -> str:
    """Let a page that is named be found from docs."""
    return _PAGE.sub(r"[\1](\1)", text)


if __name__ == "__main__":
    sys.exit(main())
