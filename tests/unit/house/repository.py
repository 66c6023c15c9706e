"""The files of this repository, and markdown as far as its links and code go."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[3]

_FENCE = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"^ {4}(?! )(.*)$", re.MULTILINE)
_INLINE = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)


@cache
def tracked() -> tuple[Path, ...]:
    """Return the files that are committed or about to be."""
    git = shutil.which("git")
    assert git, "the tests of the house need git"
    listed = subprocess.run(
        [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    return tuple([file for file in files if file.is_file()])


def pages() -> list[Path]:
    """Return the markdown files."""
    return [file for file in tracked() if file.suffix == ".md"]


def name(file: Path) -> str:
    """Return a file as people name it."""
    return file.relative_to(ROOT).as_posix()


def links(page: Path) -> list[str]:
    """Return the targets of a page's links, code left out."""
    text = _INLINE.sub("", _FENCE.sub("", page.read_text("utf-8")))
    return _LINK.findall(text)


def anchors(page: Path) -> set[str]:
    """Return what a link may point at inside a page, as the usual viewers name it."""
    seen: set[str] = set()
    for heading in _HEADING.findall(_FENCE.sub("", page.read_text("utf-8"))):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        number = 1
        fresh = slug
        while fresh in seen:
            fresh = f"{slug}-{number}"
            number += 1
        seen.add(fresh)
    return seen


def code(page: Path) -> Iterator[str]:
    """Yield the pieces of a page that are code: spans, and lines of blocks."""
    text = page.read_text("utf-8")
    for block in _FENCE.findall(text):
        yield from block.splitlines()
    rest = _FENCE.sub("", text)
    yield from _INDENTED.findall(rest)
    yield from _INLINE.findall(rest)
