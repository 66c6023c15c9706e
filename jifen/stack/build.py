"""Making a stack's layout: places, ports and passwords, remembered; servers, fetched and made."""

import asyncio

from jifen.stack import jars, layout, ports, state, tokens
from jifen.stack.errors import StackError
from jifen.stack.java import find_java
from jifen.stack.kafka import Kafka
from jifen.stack.layout import Layout
from jifen.stack.orphans import KAFKA_HOME
from jifen.stack.places import cache_folder, enterable
from jifen.stack.postgres import Postgres, forget_stranger
from jifen.stack.progress import Progress
from jifen.stack.settings import StackSettings
from jifen.stack.state import State
from jifen.stack.users import server_user


def remember(settings: StackSettings, known: State | None, *, running: bool) -> State:
    """Return the state this start goes by; ports step aside only while nothing of ours runs."""
    external = settings.external_database()
    if (
        running
        and known
        and (known.database_url, known.kafka_bootstrap)
        != (
            external,
            settings.kafka_bootstrap,
        )
    ):
        raise StackError(
            "the stack is up with other servers than JIFEN_DATABASE_URL and JIFEN_KAFKA_BOOTSTRAP "
            "say: run `jifen down` first"
        )
    names = [name for name, _ in layout.process_names(settings)]
    memory = (known or State()).with_passwords()
    chosen = memory.model_copy(
        update={
            "ports": _ports(names, memory.ports, running=running),
            "services": tuple(names),
            "database_url": external,
            "kafka_bootstrap": settings.kafka_bootstrap,
            "control_socket": memory.control_socket or layout.control_socket(settings.home),
        }
    )
    if external is None and chosen.postgres_home is None:
        place = enterable(settings.home, server_user(settings.postgres_user))
        chosen = chosen.model_copy(update={"postgres_home": place})
    state.save(settings.home, chosen)
    return chosen


def _ports(names: list[str], known: dict[str, int], *, running: bool) -> dict[str, int]:
    """Return a port for every name: the remembered one, the default, or the next that is free."""
    taken = dict(known)
    for name in ("postgres", "kafka", "kafka-controller", *names):
        if running and name in known:
            continue
        others = {port for other, port in taken.items() if other != name}
        taken[name] = ports.first_free(known.get(name, layout.default_port(name)), others)
    return taken


async def make(
    settings: StackSettings, memory: State, progress: Progress, *, running: bool
) -> Layout:
    """Fetch and prepare both servers at once, and return the whole stack, not started."""
    postgres, kafka = await asyncio.gather(
        asyncio.to_thread(_postgres, settings, memory, progress, running=running),
        asyncio.to_thread(_kafka, settings, memory, progress, running=running),
    )
    url = memory.database_url or (postgres.url(layout.DATABASE) if postgres else "")
    bootstrap = memory.kafka_bootstrap or (kafka.bootstrap if kafka else "")
    names = layout.process_names(settings)
    return Layout(
        home=settings.home,
        state=memory,
        postgres=postgres,
        kafka=kafka,
        database_url=url,
        bootstrap=bootstrap,
        services=layout.services_of(
            names,
            memory,
            url,
            bootstrap,
            auth=tokens.environment(settings.home),
            webhook_secret=settings.webhook_secret.get_secret_value(),
        ),
    )


def _postgres(
    settings: StackSettings, memory: State, progress: Progress, *, running: bool
) -> Postgres | None:
    if memory.database_url is not None or memory.postgres_home is None:
        return None
    server = Postgres(
        home=memory.postgres_home,
        port=memory.ports["postgres"],
        run_as=server_user(settings.postgres_user),
        password=memory.owner_password,
    )
    if not running:
        with progress.step("PostgreSQL prepared"):
            server.prepare()
            forget_stranger(server.data)
    return server


def _kafka(
    settings: StackSettings, memory: State, progress: Progress, *, running: bool
) -> Kafka | None:
    if memory.kafka_bootstrap is not None:
        return None
    with progress.step("Kafka prepared") as say:
        server = Kafka(
            home=settings.home / KAFKA_HOME,
            port=memory.ports["kafka"],
            controller_port=memory.ports["kafka-controller"],
            java=find_java(settings.java_home),
            class_path=jars.fetch(
                cache_folder(), lambda done, all_: say(f"({done} of {all_} jars here)")
            ),
        )
        if not running:
            server.prepare()
    return server
