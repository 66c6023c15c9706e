"""Whatever a document points at is there."""

import re
from itertools import chain
from pathlib import Path

import pytest

from tests.unit.house.repository import ROOT, anchors, code, links, name, pages

DECISIONS = ROOT / "docs" / "decisions"
# A file or folder of ours as code names it; a `<` or `{` says that it is only the form of one.
_PATH = re.compile(r"(?:shared|services|jifen|deploy|docs|tests|requirements)/[\w./*-]+")


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    lost = [target for target in links(page) if not _leads_somewhere(page, target)]
    assert not lost


@pytest.mark.parametrize("page", pages(), ids=name)
def test_every_path_that_is_named_exists(page: Path) -> None:
    named = [piece for piece in code(page) if _PATH.fullmatch(piece)]
    assert not [path for path in named if not any(ROOT.glob(path.rstrip("/")))]


def test_every_decision_is_listed() -> None:
    listed = set(links(DECISIONS / "README.md"))
    written = {page.name for page in DECISIONS.glob("*.md")} - {"README.md"}
    assert listed == written


def test_every_page_of_the_docs_can_be_found_from_the_readme() -> None:
    reached, found = {ROOT / "README.md"}, [ROOT / "README.md"]
    while found:
        page = found.pop()
        targets = {(page.parent / link.partition("#")[0]).resolve() for link in links(page)}
        new = {target for target in targets if target.suffix == ".md"} - reached
        reached |= new
        found.extend(new)
    lost = {name(page) for page in pages()} - {name(page) for page in reached}
    assert not {page for page in lost if page.startswith("docs/")}


def _leads_somewhere(page: Path, target: str) -> bool:
    if re.match(r"[a-z]+:", target):
        return True
    path, _, anchor = target.partition("#")
    file = (page.parent / path).resolve() if path else page
    return file.exists() and (not anchor or anchor in anchors(file))


def test_a_heading_is_found_by_the_name_viewers_give_it(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One, two: `three`\n\n## Same\n\n## Same\n\n```\n# no heading\n```\n")
    assert anchors(page) == {"one-two-three", "same", "same-1"}
    page.write_text("[a](b.md#c) `[d](e)`\n\n```\n[f](g)\n```\n\n    jifen up\n")
    assert list(chain(links(page), code(page))) == ["b.md#c", "[f](g)", "jifen up", "[d](e)"]
