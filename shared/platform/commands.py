"""What a request that changes something may carry: exactly the fields that are known.

class Reserve(CommandBody):
    reward_id: Id
    expected_points: Points

@router.post("/members/{member_id}/redemptions")
async def reserve(member_id: Id, body: Command[Reserve]) -> ...
"""

from typing import Annotated, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema, to_json


class CommandBody(BaseModel):
    """The body of a command, or a part of one; routes extend it and take it as `Command[...]`.

    Strict: a number is no text and the other way round, and a field that is not known is an error
    that names it, because whoever sends `amout` means something by it.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class _AsJson:
    """Validates what was JSON by JSON's rules.

    The framework reads the text first, and strict validation of what it made of it would take
    no date, which JSON has as text, and no tuple, which it has as a list.
    """

    def __get_pydantic_core_schema__(
        self, source: type[CommandBody], handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Keep the model's own rules, and its schema in documents."""

        def read(value: object) -> CommandBody:
            try:
                text = to_json(value)
            except ValueError as error:
                raise PydanticCustomError("text", "Input should be text of UTF-8") from error
            return source.model_validate_json(text)

        return core_schema.json_or_python_schema(
            json_schema=handler(source),
            python_schema=core_schema.no_info_plain_validator_function(read),
        )


B = TypeVar("B", bound=CommandBody)

Command: TypeAlias = Annotated[B, _AsJson()]
