"""Readiness: named checks, each answered within a limit."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from shared.platform.log import describe

# None when all is well, else one sentence that says what is wrong.
Check: TypeAlias = Callable[[], Awaitable[str | None]]

# Below the time-out of the probes that ask (commonly 3 s and more).
_CHECK_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What the checks found; `problems` has one sentence for each that failed, by its name."""

    checks: tuple[str, ...]
    problems: Mapping[str, str]

    @property
    def ready(self) -> bool:
        """Whether every check was well."""
        return not self.problems


_DRAINING = Report(checks=("process",), problems={"process": "it was told to stop"})


class Readiness:
    """The checks of one service, all of which must be well for it to be ready."""

    def __init__(
        self, checks: Mapping[str, Check], *, limit_seconds: float = _CHECK_SECONDS
    ) -> None:
        self._checks = dict(checks)
        self._limit_seconds = limit_seconds
        self._draining = False

    def drain(self) -> None:
        """Be ready no more, however well all is: what comes next is the end."""
        self._draining = True

    async def report(self) -> Report:
        """Run all checks at once; one that raises or takes too long has failed."""
        if self._draining:
            return _DRAINING
        names = tuple(self._checks)
        answers = await asyncio.gather(*(self._answer(self._checks[name]) for name in names))
        problems = {
            name: answer for name, answer in zip(names, answers, strict=True) if answer is not None
        }
        return Report(checks=names, problems=problems)

    async def _answer(self, check: Check) -> str | None:
        try:
            return await asyncio.wait_for(check(), self._limit_seconds)
        except TimeoutError:
            return f"no answer within {self._limit_seconds:g} s"
        except Exception as error:  # noqa: BLE001 - whatever a check raises, it is not ready
            return describe(error)
