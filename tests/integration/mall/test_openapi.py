"""The committed document is what the code says."""

from services.mall.openapi import PATH, document


def test_the_committed_document_is_current() -> None:
    assert PATH.read_text(encoding="utf-8") == document()
