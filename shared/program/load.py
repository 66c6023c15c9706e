"""From a program's text to a Program, and back; and the default program that ships with us."""

from functools import lru_cache
from importlib import resources

import yaml
from pydantic import ValidationError

from shared.program.document import read
from shared.program.errors import DocumentError, ProgramError
from shared.program.faults import faults_of
from shared.program.models import Program


def parse(text: str) -> Program:
    """Read a program document; raises ProgramError with every fault there is."""
    try:
        document = read(text)
    except DocumentError as error:
        raise ProgramError(error.faults) from None
    faults = list(document.faults)
    program = None
    try:
        program = Program.model_validate(document.data)
    except ValidationError as error:
        faults += faults_of(error, document)
    if program is None or faults:
        raise ProgramError(sorted(faults, key=lambda fault: fault.line or 0))
    return program


def to_text(program: Program) -> str:
    """Write a program as a document: every rule in full, without comments."""
    return yaml.safe_dump(
        program.model_dump(mode="json"),
        sort_keys=False,
        allow_unicode=True,
        default_flow_style=None,
    )


def default_text() -> str:
    """Return the document of the default program, comments and all."""
    return resources.files("shared.program").joinpath("default.yaml").read_text("utf-8")


@lru_cache(maxsize=1)
def default_program() -> Program:
    """Return the default program."""
    return parse(default_text())
