"""What the stack's processes are told through the environment, and what only one of them is."""

from configparser import RawConfigParser
from pathlib import Path

import pytest

from jifen.stack.errors import StackError
from jifen.stack.supervisor import Program, config_text


def told(environment: dict[str, str]) -> str:
    """What supervisor's configuration says of a program's environment."""
    program = Program(
        name="notify",
        command=["true"],
        folder=Path("/"),
        priority=1,
        stop_seconds=1,
        environment=environment,
    )
    parser = RawConfigParser()
    parser.read_string(config_text(Path("/home"), Path("/socket"), [program]))
    return parser["program:notify"]["environment"]


def test_a_secret_of_one_process_is_hidden_from_the_others() -> None:
    assert told({"LC_ALL": "C"}) == 'JIFEN_WEBHOOK_SECRET="",LC_ALL="C"'
    assert told({"JIFEN_WEBHOOK_SECRET": "a, b"}) == 'JIFEN_WEBHOOK_SECRET="a, b"'


@pytest.mark.parametrize("value", ['a"b', "a\nb", "a\rb"])
def test_what_supervisor_has_no_way_of_writing_is_refused(value: str) -> None:
    with pytest.raises(StackError, match="JIFEN_AUTH_AUDIENCE holds a quote"):
        told({"JIFEN_AUTH_AUDIENCE": value})
