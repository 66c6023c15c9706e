"""One JSON object per line, and nothing of a row in it."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from shared.platform import log


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Where this test's logs go; the handlers of the suite come back afterwards."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    stream = io.StringIO()
    log.configure("earn", "INFO", stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_its_fields_and_extras(stream: io.StringIO) -> None:
    logging.getLogger("a.b").info("batch %s", "done", extra={"rows": 3, "topics": {"x": 1}})
    (line,) = lines(stream)
    assert str(line.pop("ts")).endswith("+00:00")
    assert line == {
        "level": "info",
        "service": "earn",
        "logger": "a.b",
        "event": "batch done",
        "rows": 3,
        "topics": {"x": 1},
    }


def refuse() -> None:
    raise ValueError("duplicate key\nDETAIL: Key (member_id)=(m1)")


def test_an_error_shows_its_first_line_and_where_it_was_raised(stream: io.StringIO) -> None:
    try:
        refuse()
    except ValueError:
        logging.getLogger("a").exception("failed")
    (line,) = lines(stream)
    assert line["error"] == "ValueError: duplicate key"
    assert "m1" not in stream.getvalue()
    assert "test_log.py" in str(line["trace"])


def test_a_driver_that_repeats_itself_is_heard_once(stream: io.StringIO) -> None:
    for _ in range(5):
        logging.getLogger("aiokafka.client").error("no broker")
        logging.getLogger("services.earn").error("our own")
    assert [line["event"] for line in lines(stream)].count("no broker") == 1
    assert [line["event"] for line in lines(stream)].count("our own") == 5


def test_what_json_cannot_say_is_still_logged(stream: io.StringIO) -> None:
    logging.getLogger("a").info("x", extra={"thing": {1, 2}, "raw": b"\xff"})
    assert lines(stream)[0]["event"] == "x"
