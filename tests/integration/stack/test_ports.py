"""Ports step aside for others and never for ourselves."""

import socket
from collections.abc import Iterator

import pytest

from jifen.stack.errors import StackError
from jifen.stack.ports import HOST, first_free, is_free
from tests.support.stack import free_port


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as holder:
        holder.bind((HOST, free_port()))
        holder.listen()
        port: int = holder.getsockname()[1]
        yield port


def test_a_taken_port_steps_aside(taken: int) -> None:
    assert not is_free(taken)
    assert first_free(taken) > taken


def test_a_reserved_port_steps_aside() -> None:
    port = free_port()
    assert first_free(port, reserved={port}) > port


def test_no_port_left_is_said() -> None:
    with pytest.raises(StackError, match="no free port"):
        first_free(65_536)
