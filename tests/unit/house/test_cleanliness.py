"""Nothing is in the repository that belongs to a machine, a registry or a half-done merge."""

from pathlib import Path

import pytest

from tests.unit.house.repository import ROOT, name, tracked

# In two halves each, so that this file does not name them either.
REGISTRIES = tuple(
    "".join(halves)
    for halves in (
        ("pypi", ".org"),
        ("files.python", "hosted.org"),
        ("repo1.", "maven.org"),
        ("repo.maven.", "apache.org"),
        ("registry.", "npmjs.org"),
        ("registry.", "yarnpkg.com"),
        ("crates", ".io"),
        ("proxy.", "golang.org"),
        ("ruby", "gems.org"),
        ("conda.", "anaconda.org"),
        ("docker", ".io"),
        ("ghcr", ".io"),
        ("quay", ".io"),
    )
)
MACHINE = ("/wor" + "k/", "/home" + "/", "/Use" + "rs/")
MARKERS = ("<" * 7 + " ", ">" * 7 + " ")


@pytest.fixture(scope="module")
def texts() -> dict[Path, str]:
    return {file: file.read_text("utf-8", errors="replace") for file in tracked()}


@pytest.mark.parametrize("host", REGISTRIES)
def test_no_file_names_a_registry(texts: dict[Path, str], host: str) -> None:
    assert not [name(file) for file, text in texts.items() if host in text]


@pytest.mark.parametrize("path", MACHINE)
def test_no_file_names_a_folder_of_one_machine(texts: dict[Path, str], path: str) -> None:
    assert not [name(file) for file, text in texts.items() if path in text]


def test_no_merge_was_left_half_done(texts: dict[Path, str]) -> None:
    left = [
        f"{name(file)}:{number}"
        for file, text in texts.items()
        for number, line in enumerate(text.splitlines(), start=1)
        if line.startswith(MARKERS)
    ]
    assert not left


def test_every_file_is_text_that_ends_with_a_line(texts: dict[Path, str]) -> None:
    strange = [name(file) for file, text in texts.items() if "\ufffd" in text or "\0" in text]
    assert not strange
    assert not [name(file) for file, text in texts.items() if text and not text.endswith("\n")]


def test_the_licence_is_the_plain_text() -> None:
    text = (ROOT / "LICENSE").read_text()
    assert text.split()[:6] == ["Apache", "License", "Version", "2.0,", "January", "2004"]
    assert "Copyright [yyyy] [name of copyright owner]" in text
