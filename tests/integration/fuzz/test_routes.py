"""Each route of each service, asked for what its document allows and for what it does not.

Nothing may fail inside (no 5xx), and nothing that a member is answered is another member's.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack
from importlib import import_module
from pathlib import Path
from typing import Any, Final, Protocol, TypeAlias, cast

import pytest
import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.core.result import Ok

from services.earn.handlers import TOPICS as EARN_TOPICS
from services.notify.handlers import TOPICS as NOTIFY_TOPICS
from services.redeem.handlers import TOPICS as REDEEM_TOPICS
from tests.integration.consuming.crew import Place
from tests.integration.earn.desk import now
from tests.integration.redeem.desk import give_points, of_today
from tests.support.brokers import KafkaHandle
from tests.support.databases import Database
from tests.support.model import Reward, Rules
from tests.support.tokens import bearer

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

SERVICES: Final = ("earn", "expiry", "mall", "notify", "redeem")
ANN: Final = "ann"
# Nothing that is made up spells this by chance.
BOB: Final = "bob.5f1c9e07d2"
EXAMPLES: Final = 12
TOKENS: Final[tuple[tuple[str, Mapping[str, str]], ...]] = (
    ("member", bearer("member", ANN)),
    ("service", bearer("service")),
    ("operator", bearer("operator")),
)


Operation: TypeAlias = APIOperation[Any, Any, Any, Any]
AnyCase: TypeAlias = Case[Any]


class _Described(Protocol):
    def application(self) -> FastAPI: ...


@pytest.fixture
async def urls(
    database: Database, kafka: KafkaHandle, tmp_path: Path
) -> AsyncIterator[Mapping[str, str]]:
    """Every service that has routes, each a process on one database, with two members in it."""
    await kafka.fresh_topics(*{*EARN_TOPICS, *NOTIFY_TOPICS, *REDEEM_TOPICS})
    today = Rules().day(now())
    mug = Reward(id="mug", points=10, stock=1_000, daily_limit=900, monthly_limit=900)
    await give_points(database, [mug], {name: of_today(today, 60) for name in (ANN, BOB)})
    place = Place(
        urls={name: database.dsn(f"jifen_{name}") for name in SERVICES},
        bootstrap=kafka.bootstrap,
        folder=tmp_path,
    )
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(place.service(name)) for name in SERVICES]
        await asyncio.gather(*(service.until_ready() for service in running))
        yield {service.name: service.url for service in running}


async def test_no_route_fails_or_tells_a_member_of_another(urls: Mapping[str, str]) -> None:
    codes = [
        await asyncio.to_thread(probe, operation, url)
        for service, url in urls.items()
        for operation in operations(service)
    ]
    # What is asked is not only refused, and not only taken.
    assert any(code < 300 for told in codes for code in told)
    assert all(any(code >= 400 for code in told) for told in codes)


def operations(service: str) -> list[Operation]:
    module = import_module(f"services.{service}.openapi")
    document = cast("_Described", module).application().openapi()
    schema = schemathesis.openapi.from_dict(document)
    found = list(schema.get_all_operations())
    good = [one.ok() for one in found if isinstance(one, Ok)]
    assert len(good) == len(found)
    return good


def probe(operation: Operation, url: str) -> set[int]:
    seen: set[int] = set()
    cases = st.one_of(
        operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
        operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
    )

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases, whose=st.sampled_from((ANN, BOB, None)), token=st.sampled_from(TOKENS))
    def ask(case: AnyCase, whose: str | None, token: tuple[str, Mapping[str, str]]) -> None:
        role, header = token
        if whose is not None and "member_id" in (case.path_parameters or {}):
            case.path_parameters["member_id"] = whose
        # The document says that a token is wanted, so one is made up too: ours goes in its place.
        if "Authorization" in (case.headers or {}):
            del case.headers["Authorization"]
        answer = case.call(base_url=url, headers=dict(header))
        seen.add(answer.status_code)
        said = f"{operation.method} {case.path} as {role} of {whose}: {answer.status_code}"
        assert answer.status_code < 500, f"{said} {answer.text}"
        if role == "member" and foreign(case):
            assert 400 <= answer.status_code < 500, said
        elif role == "member":
            assert BOB not in answer.text, said

    ask()
    return seen


def foreign(case: AnyCase) -> bool:
    """Tell whether it is about a member who is not Ann; the refusal says the path again."""
    return bool((case.path_parameters or {}).get("member_id", ANN) != ANN)
