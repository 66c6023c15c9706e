"""JSON Schema of each type, from the models that validate it."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema
from typing_extensions import override

from shared.contract.wire import Wire

# Draft 7: the newest that AsyncAPI 3.0 obliges its tools to read.
DIALECT = "http://json-schema.org/draft-07/schema#"


class _Schema(GenerateJsonSchema):
    """Pydantic's schemas without the titles, which only repeat the names."""

    @override
    def field_title_should_be_set(self, schema: Any) -> bool:
        """Never: a name says it."""
        del schema
        return False


def json_schema(wire: type[Wire], example: object) -> dict[str, object]:
    """Return the schema a sender may validate against. Unknown fields are allowed and ignored."""
    generated = TypeAdapter(wire).json_schema(
        by_alias=True, ref_template="#/definitions/{model}", schema_generator=_Schema
    )
    definitions = generated.pop("$defs", None)
    schema: dict[str, object] = {
        "$schema": DIALECT,
        "$id": f"urn:jifen:{wire.topic}:{wire.type_name}",
        **generated,
        "title": wire.type_name,
        "examples": [example],
    }
    if definitions is not None:
        schema["definitions"] = definitions
    return schema


def schema_path(wire: type[Wire]) -> str:
    """Return where the schema of a type is published, relative to docs/events."""
    return f"schemas/{wire.topic}/{wire.type_name}.json"
