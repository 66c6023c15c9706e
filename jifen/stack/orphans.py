"""What a killed stack leaves running: found by its command line, ended in order."""

import signal
from pathlib import Path

from jifen.stack import processes, supervisor
from jifen.stack.layout import mark
from jifen.stack.postgres import DATA_FOLDER, STOP_SIGNAL
from jifen.stack.state import State

KAFKA_HOME = "kafka"


def end_all(home: Path, state: State | None) -> bool:
    """End every process of the stack in a folder, and return whether there were any.

    The supervisor of a stack that is up ends the rest itself, in order; this then finds nothing.
    """
    # First and not politely: it does not answer any more, and would start the others again.
    keeper = processes.with_words("-c", str(home / supervisor.CONFIG))
    processes.end(keeper, by=signal.SIGKILL)
    services = processes.with_words(*mark(home))
    processes.end(services, patience_seconds=20)
    kafka = processes.with_words("kafka.Kafka", str(home / KAFKA_HOME / "server.properties"))
    processes.end(kafka, patience_seconds=30)
    postgres = (
        processes.with_words("-D", str(state.postgres_home / DATA_FOLDER))
        if state is not None and state.postgres_home is not None
        else []
    )
    processes.end(postgres, by=STOP_SIGNAL, patience_seconds=60)
    return bool(keeper or services or kafka or postgres)
