"""The stack's processes as supervisor should keep them: who starts first, who ends last."""

from jifen.stack.layout import Layout
from jifen.stack.postgres import STOP_SIGNAL
from jifen.stack.settings import PROJECT
from jifen.stack.supervisor import Program

_POSTGRES_FIRST, _THEN_KAFKA, _THEN_SERVICES = 10, 20, 100


def programs_of(layout: Layout) -> list[Program]:
    """Return every process of a stack."""
    return [*_servers(layout), *_services(layout)]


def _servers(layout: Layout) -> list[Program]:
    programs = []
    if (postgres := layout.postgres) is not None:
        programs.append(
            Program(
                name="postgres",
                command=postgres.command(),
                folder=postgres.home,
                priority=_POSTGRES_FIRST,
                stop_seconds=60,  # a shutdown writes a checkpoint
                stop_signal=STOP_SIGNAL.name.removeprefix("SIG"),
                environment={"LC_ALL": "C"},
                user=postgres.run_as.name if postgres.run_as else None,
            )
        )
    if (kafka := layout.kafka) is not None:
        programs.append(
            Program(
                name="kafka",
                command=kafka.command(),
                folder=kafka.home,
                priority=_THEN_KAFKA,
                stop_seconds=60,
                environment={},
            )
        )
    return programs


def _services(layout: Layout) -> list[Program]:
    return [
        Program(
            name=service.name,
            command=service.command(layout.home),
            folder=PROJECT,
            priority=_THEN_SERVICES,
            stop_seconds=30,  # a drain ends with the batch in flight
            environment=service.environment,
            # The schema comes first: `up` starts them when the migrations are through.
            autostart=False,
        )
        for service in layout.services
    ]
