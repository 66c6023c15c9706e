"""One golden example per type, shipped with the package: a CloudEvent in structured mode."""

from importlib.resources import files

from shared.contract.codec import STRUCTURED_JSON, Record
from shared.contract.wire import Wire


def golden_path(wire: type[Wire]) -> str:
    """Return where the example of a type is kept, relative to the project."""
    return f"shared/contract/examples/{wire.topic}/{wire.type_name}.json"


def golden_bytes(wire: type[Wire]) -> bytes:
    """Return the example of a type as it is stored, which is a record's value as it would come."""
    folder = files("shared.contract").joinpath("examples", wire.topic)
    return folder.joinpath(f"{wire.type_name}.json").read_bytes()


def golden_record(wire: type[Wire]) -> Record:
    """Return the example of a type as a record of its topic."""
    return Record(
        topic=wire.topic,
        partition=0,
        offset=0,
        timestamp_ms=0,
        key=None,
        value=golden_bytes(wire),
        headers=(("content-type", STRUCTURED_JSON),),
    )
