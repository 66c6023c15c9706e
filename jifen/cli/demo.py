"""`jifen demo`: real orders through the stack, and everything checked."""

import typer

from jifen.cli.asking import asking
from jifen.cli.context import CommandError, Endpoints, endpoints, messages, output, run
from jifen.client.mall import Mall
from jifen.demo.life import Life
from jifen.demo.meter import Meter
from jifen.demo.page import Page
from jifen.demo.story import DATA, Story
from jifen.demo.tell import quiet_driver
from jifen.demo.telling import Place
from jifen.stack.health import service_problem
from jifen.stack.settings import StackSettings

_NEEDED = ("earn", "redeem", "expiry", "notify", "mall")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(_demo)


def _demo() -> None:
    """Tell real orders, check-ins and shares, and show what the members got and why.

    Checks every sum in two ways and has the whole ledger audited; exits 1 when anything does not
    agree. It may be run again: it then tells the very same things, and nothing counts twice.
    """
    quiet_driver()
    where = endpoints()
    page = Page(output)
    run(_tell(where, page))
    _say_where_next(where, page)


async def _tell(where: Endpoints, page: Page) -> None:
    await _check(where)
    place = Place(
        kafka_bootstrap=where.kafka_bootstrap,
        database_url=where.database_url,
        home=StackSettings().home,
    )
    async with (
        asking("mall", role="service", by="jifen-demo") as pages,
        asking("redeem", role="service", by="jifen-demo") as redeem,
        asking("expiry", by="jifen-demo") as expiry,
    ):
        mall, meter = Mall(pages), Meter(messages)
        life = Life(place=place, mall=mall, redeem=redeem, expiry=expiry, meter=meter, page=page)
        await Story(place=place, mall=mall, meter=meter, page=page, life=life).tell()


async def _check(where: Endpoints) -> None:
    """Say which service is not ready, before anything is told."""
    missing = [name for name in _NEEDED if name not in where.service_urls]
    if missing:
        raise CommandError(
            f"the stack runs no {' and no '.join(missing)}: start it with `jifen up`"
        )
    for name in _NEEDED:
        if problem := await service_problem(where.service_urls[name]):
            raise CommandError(f"{name} is not ready ({problem}): see `jifen status`")


def _say_where_next(where: Endpoints, page: Page) -> None:
    page.title("Where to look next")
    for text in (
        "jifen status                     where everything is, and whether it is ready",
        "jifen trace demo-537140          what became of one order",
        "jifen orders replay FILE.csv     orders of your own",
        "jifen audit verify               the whole ledger, recomputed",
        "jifen token --service            a token for what the mall answers:",
        f"{where.service_urls['mall']}/openapi.json   what the mall answers",
        f"{DATA.with_name('ATTRIBUTION.md')}   whose data this was",
    ):
        page.say(text)
