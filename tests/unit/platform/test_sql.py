"""The format of .sql files."""

import pytest

from shared.platform.sql import StatementFileError, parse_statements

GOOD = """
-- name: first
-- Says what it does.
SELECT 1;

-- name: second
-- Says it
-- in two lines.
SELECT 2 -- not a header
FROM x
"""


def test_statements_come_by_name_without_their_documentation() -> None:
    assert parse_statements(GOOD, source="f") == {
        "first": "SELECT 1",
        "second": "SELECT 2 -- not a header\nFROM x",
    }


@pytest.mark.parametrize(
    ("text", "needs"),
    [
        ("SELECT 1", "at least one"),
        ("SELECT 1;\n-- name: x\n-- Doc.\nSELECT 1", "text before it"),
        ("-- name: x\nSELECT 1", "f: x: expected a sentence"),
        ("-- name: x\n-- Doc.\n", "f: x: expected SQL"),
        ("-- name: Not-Good\n-- Doc.\nSELECT 1", "lower_case"),
        ("-- name: x\n-- Doc.\nSELECT 1;\n-- name: x\n-- Doc.\nSELECT 2", "x is there twice"),
    ],
)
def test_a_file_that_does_not_follow_the_format_is_refused(text: str, needs: str) -> None:
    with pytest.raises(StatementFileError, match=needs):
        parse_statements(text, source="f")
