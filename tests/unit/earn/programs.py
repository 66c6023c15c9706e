"""Programs for the rules of earning to be tried under."""

from hypothesis import strategies as st

from shared.program.load import default_program
from shared.program.models import CheckIn, Program, Purchase, Rate

DEFAULT = default_program()

PURCHASES = st.builds(
    Purchase,
    rounding=st.sampled_from(["down", "half-up", "up"]),
    currencies=st.fixed_dictionaries(
        {"CNY": st.builds(Rate, points=st.integers(0, 500), per_minor=st.integers(1, 500))}
    ),
)
CHECK_INS = st.builds(
    CheckIn,
    ladder=st.lists(st.integers(0, 20), max_size=8).map(tuple),
    after_last=st.sampled_from(["restart", "stay"]),
    missed_day=st.sampled_from(["reset", "continue"]),
    full_attendance=st.integers(0, 100),
)


def with_purchase(purchase: Purchase) -> Program:
    """Return the default program with another rule for orders."""
    earn = DEFAULT.earn.model_copy(update={"purchase": purchase})
    return DEFAULT.model_copy(update={"earn": earn})


def with_check_in(check_in: CheckIn) -> Program:
    """Return the default program with another rule for check-ins."""
    earn = DEFAULT.earn.model_copy(update={"check_in": check_in})
    return DEFAULT.model_copy(update={"earn": earn})
