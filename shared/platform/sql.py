"""Named SQL statements, kept in .sql files beside the code that runs them."""

import re
from collections.abc import Mapping
from importlib import resources
from types import MappingProxyType

_NAME = re.compile(r"^--\s*name:\s*(\S*)\s*$", re.MULTILINE)
_IDENTIFIER = re.compile(r"^[a-z][a-z0-9_]*$")


class StatementFileError(ValueError):
    """A .sql file does not follow the format; the message names file and statement."""


def load_statements(package: str, filename: str = "queries.sql") -> Mapping[str, str]:
    """Read the statements of one .sql file in a package, by name.

    Each statement is `-- name: lock_accounts`, one sentence of comment, then the SQL. The
    sentence is required (it is the statement's documentation) and is not sent to the server.
    """
    text = resources.files(package).joinpath(filename).read_text(encoding="utf-8")
    return parse_statements(text, source=f"{package}/{filename}")


def parse_statements(text: str, *, source: str) -> Mapping[str, str]:
    """Split the text of a .sql file into statements; see `load_statements` for the format."""
    headers = list(_NAME.finditer(text))
    if not headers:
        raise StatementFileError(f"{source}: expected at least one `-- name:` line, found none")
    if text[: headers[0].start()].strip():
        raise StatementFileError(f"{source}: expected `-- name:` first, found text before it")
    ends = [header.start() for header in headers[1:]] + [len(text)]
    statements: dict[str, str] = {}
    for header, end in zip(headers, ends, strict=True):
        name = header.group(1)
        if not _IDENTIFIER.match(name):
            raise StatementFileError(f"{source}: expected a lower_case name, found {name!r}")
        if name in statements:
            raise StatementFileError(f"{source}: {name} is there twice")
        statements[name] = _body(text[header.end() : end], f"{source}: {name}")
    return MappingProxyType(statements)


def _body(section: str, where: str) -> str:
    lines = section.strip().splitlines()
    documented = 0
    while documented < len(lines) and lines[documented].startswith("--"):
        documented += 1
    if documented == 0:
        raise StatementFileError(f"{where}: expected a sentence of comment under the name")
    body = "\n".join(lines[documented:]).strip().removesuffix(";").rstrip()
    if not body:
        raise StatementFileError(f"{where}: expected SQL, found nothing")
    return body
