"""What a rule gives, and why."""

from typing import NamedTuple, TypeAlias

# JSON-ready: texts, integers, lists and dicts of them. `rules` names the rules that took part;
# `zero` says in one word why nothing came of it. The caller adds the program's revision.
Explanation: TypeAlias = dict[str, object]


class Gain(NamedTuple):
    """Points a rule gives (never negative) and the explanation its entry will carry."""

    points: int
    explanation: Explanation


def fixed(rule: str, points: int) -> Gain:
    """Give what the program states for a rule; a rule it leaves out gives nothing."""
    if points == 0:
        return nothing(rule, "not-in-program")
    return Gain(points=points, explanation={"rules": [rule], "base": points, "caps": []})


def nothing(rule: str, zero: str) -> Gain:
    """Give nothing, and say why."""
    return Gain(points=0, explanation={"rules": [rule], "zero": zero})
