"""Guards: what a route declares about who may call it; one that declares nothing is refused.

A route takes one as a dependency, for its effect or for who is asking:

    @router.get("/members/{member_id}/account", dependencies=[Depends(reads_member)])
    async def account(member_id: Id) -> AccountBody: ...

    @router.post("/members/{member_id}/redemptions")
    async def redeem(member_id: Id, caller: Annotated[Principal, Depends(acts_for_member)]) -> ...
"""

from collections.abc import Collection, Iterator
from typing import Final, Literal, NoReturn, TypeAlias

from fastapi import FastAPI, Request
from fastapi.dependencies.models import Dependant
from fastapi.openapi.models import HTTPBearer
from fastapi.routing import iter_route_contexts
from fastapi.security.base import SecurityBase

from shared.platform.auth.principal import Principal, Role
from shared.platform.problem import Problem

_MEMBER: Final = "member_id"
_IN_STATE: Final = "principal"

Whose: TypeAlias = Literal["own", "any"]


class Guard(SecurityBase):
    """Lets a caller through to a route, or refuses: 403, whatever there may be behind it.

    `roles` may call. With `whose="own"` the path has a `member_id`, and a member gets through to
    its own alone. Whose id it is not learns nothing about it, not even whether it is one.
    """

    def __init__(self, *roles: Role, whose: Whose = "any") -> None:
        self.model = HTTPBearer(bearerFormat="JWT", description="`role` and `sub` say who asks.")
        self.scheme_name = "bearer"
        self.roles = frozenset(roles)
        self.whose = whose

    async def __call__(self, request: Request) -> Principal:
        """Return who asks; raises Problem."""
        principal = getattr(request.state, _IN_STATE, None)
        if not isinstance(principal, Principal):
            # Nothing gets here without a token, unless an application was put together wrongly.
            raise Problem(401, "token-missing")
        if principal.role not in self.roles:
            _forbid()
        if self.whose == "own" and principal.role == "member":
            member_id = request.path_params[_MEMBER]
            if not principal.is_member(member_id):
                _forbid()
        return principal


any_caller: Final = Guard("member", "service", "operator")
reads_member: Final = Guard("member", "service", "operator", whose="own")
acts_for_member: Final = Guard("member", "service", whose="own")
service_only: Final = Guard("service")
operator_only: Final = Guard("operator")


class UnguardedError(RuntimeError):
    """A route that does not say who may call it: the program is wrong, and does not start."""


def refuse_unguarded(app: FastAPI, public: Collection[str]) -> None:
    """Raise UnguardedError unless every route is public or has a guard that fits its path."""
    for context in iter_route_contexts(app.routes):
        path = context.path or "?"
        if path in public:
            continue
        dependant = getattr(context, "dependant", None)
        guards = list(_guards(dependant)) if isinstance(dependant, Dependant) else []
        if not guards:
            raise UnguardedError(f"{path} does not say who may call it: give it a guard")
        if any(guard.whose == "own" for guard in guards) and f"{{{_MEMBER}}}" not in path:
            raise UnguardedError(f"{path} is guarded by {_MEMBER}, and has none")


def has_guards(app: FastAPI, public: Collection[str]) -> bool:
    """Tell whether an application has routes that want a token."""
    return any(context.path not in public for context in iter_route_contexts(app.routes))


def _guards(dependant: Dependant) -> Iterator[Guard]:
    for one in dependant.dependencies:
        if isinstance(one.call, Guard):
            yield one.call
        yield from _guards(one)


def _forbid() -> NoReturn:
    authenticate = 'Bearer realm="jifen", error="insufficient_scope"'
    raise Problem(403, "forbidden", headers={"WWW-Authenticate": authenticate})
