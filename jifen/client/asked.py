"""One service, behind its routes."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import httpx
import orjson
from pydantic import BaseModel, JsonValue, ValidationError

from jifen.stack.errors import StackError
from shared.platform.backoff import Backoff

_TIMEOUT_SECONDS: Final = 10.0
_TRIES: Final = 6

M = TypeVar("M", bound=BaseModel)


class SilentError(StackError):
    """A service does not answer as it should; what it was asked may be done."""


class RefusedError(StackError):
    """A service refuses; `code` says why to programs."""

    def __init__(self, message: str, code: str) -> None:
        super().__init__(message)
        self.code = code


class _Refusal(BaseModel):
    title: str
    code: str
    detail: str | None = None
    figures: dict[str, JsonValue] = {}

    def error(self) -> RefusedError:
        figures = ", ".join([f"{name} {value}" for name, value in self.figures.items()])
        said = [self.title, self.detail, figures]
        return RefusedError(": ".join([one for one in said if one]), self.code)


class Asked:
    """A service to ask. What is asked here can be asked again, and is while there is no answer.

    Raises SilentError and RefusedError.
    """

    def __init__(self, service: str, client: httpx.AsyncClient) -> None:
        self._service, self._client = service, client

    async def get(self, model: type[M], path: str, **query: str | int) -> M:
        """Read."""
        return await self._ask(model, self._client.build_request("GET", path, params=query))

    async def post(
        self, model: type[M], path: str, body: Mapping[str, object], **headers: str
    ) -> M:
        """Have something done that has a name of its own."""
        told = {name.replace("_", "-"): value for name, value in headers.items()}
        told["Content-Type"] = "application/json"
        request = self._client.build_request("POST", path, content=orjson.dumps(body), headers=told)
        return await self._ask(model, request)

    async def _ask(self, model: type[M], request: httpx.Request) -> M:
        backoff, problem = Backoff(first_seconds=0.2, cap_seconds=2.0), ""
        for _ in range(_TRIES):
            try:
                answer = await self._client.send(request)
            except httpx.HTTPError as error:
                problem = f"does not answer ({type(error).__name__})"
            else:
                if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                    return self._read(model, answer)
                problem = "can't answer at the moment"
            await asyncio.sleep(backoff.next_seconds())
        raise self._silent(problem)

    def _read(self, model: type[M], answer: httpx.Response) -> M:
        try:
            if answer.is_success:
                return model.model_validate_json(answer.content)
            refusal = _Refusal.model_validate_json(answer.content)
        except ValidationError:
            raise self._silent(f"does not answer as it should ({answer.status_code})") from None
        raise refusal.error()

    def _silent(self, problem: str) -> SilentError:
        where = f"see `jifen status` and `jifen logs {self._service}`"
        return SilentError(f"{self._service} {problem}: {where}")


@asynccontextmanager
async def asked(service: str, url: str, token: str) -> AsyncIterator[Asked]:
    """Yield the service at a URL, to ask with a token."""
    async with httpx.AsyncClient(
        base_url=url,
        headers={"Authorization": f"Bearer {token}"},
        timeout=_TIMEOUT_SECONDS,
        trust_env=False,
    ) as client:
        yield Asked(service, client)
