"""Who a token speaks for."""

from dataclasses import dataclass
from typing import Annotated, Literal, TypeAlias

from pydantic import StringConstraints

# `member` sees and changes only its own; `service` acts for any member (the merchant's backend);
# `operator` has the operators' routes and may read.
Role: TypeAlias = Literal["member", "service", "operator"]
# As ids are everywhere: a member's name is compared with the id in the path.
Name: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:@-]{1,64}\z")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Principal:
    """Who asks: a role, and the token's `sub`, which for a member is the member's id."""

    role: Role
    name: str

    def is_member(self, member_id: str) -> bool:
        """Tell whether this is the member itself."""
        return self.role == "member" and self.name == member_id
