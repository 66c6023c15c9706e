"""A stack in the hands of a test: what it says when it is not there, and that it is ended."""

from dataclasses import dataclass, field

import pytest

from jifen.testing import Embedded, JifenStack, NoStackError
from jifen.testing.backend import Running
from jifen.testing.containers import Containers
from jifen.testing.settings import BackendSettings
from jifen.testing.stack import chosen
from shared.platform.auth.principal import Principal


@dataclass(slots=True)
class Fake:
    """A backend that runs nothing, and may refuse to."""

    refuses: bool = False
    did: list[str] = field(default_factory=list)

    async def start(self) -> Running:
        self.did.append("start")
        if self.refuses:
            raise NoStackError("kafka did not get ready")
        return Running(
            bootstrap="127.0.0.1:9",
            database_url="postgres://127.0.0.1:9/jifen",
            urls={"mall": "http://127.0.0.1:9"},
            sign=_sign,
        )

    async def stop(self) -> None:
        self.did.append("stop")

    def processes(self) -> list[str]:
        return ["mall"]

    def logs(self, process: str, lines: int) -> str:
        return f"the last {lines} of {process}"


async def test_it_is_ended_however_the_test_ends() -> None:
    backend = Fake()
    with pytest.raises(ZeroDivisionError):
        async with JifenStack(backend):
            raise ZeroDivisionError
    assert backend.did == ["start", "stop"]


async def test_what_could_not_be_started_is_removed() -> None:
    backend = Fake(refuses=True)
    with pytest.raises(NoStackError, match="kafka did not get ready"):
        await JifenStack(backend).__aenter__()
    assert backend.did == ["start", "stop"]


async def test_it_says_what_is_where_and_what_is_not_there() -> None:
    stack = JifenStack(Fake())
    with pytest.raises(NoStackError, match="async with"):
        _ = stack.bootstrap
    async with stack:
        assert stack.url("mall") == "http://127.0.0.1:9"
        assert stack.token("member", "m-1", ttl_seconds=60) == "member m-1 60"
        assert stack.logs("mall", 3) == "the last 3 of mall"
        with pytest.raises(NoStackError, match=r"no service 'shop': there are mall"):
            stack.url("shop")


def test_the_environment_chooses_where_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JIFEN_TEST_BACKEND", raising=False)
    assert isinstance(chosen(BackendSettings()), Embedded)
    monkeypatch.setenv("JIFEN_TEST_BACKEND", "testcontainers")
    assert isinstance(chosen(BackendSettings()), Containers)


def _sign(principal: Principal, ttl_seconds: int) -> str:
    return f"{principal.role} {principal.name} {ttl_seconds}"
