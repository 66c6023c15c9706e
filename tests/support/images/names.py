"""Which images the tests run, and where each came from."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

from jifen.stack.lock import only_one
from jifen.stack.places import cache_folder
from tests.support.images import engine, stand_ins

Origin = Literal["pulled", "stand-in", "built"]

_ROOT = Path(__file__).parents[3]


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that the engine has."""

    tag: str
    origin: Origin


@cache
def base() -> Image:
    """Return the image that ours is made on."""
    return _official("python:3.13-slim-bookworm", "jifen-test-base:1", stand_ins.make_base)


@cache
def kafka() -> Image:
    """Return the broker's image."""
    make = partial(_on_base, stand_ins.make_kafka)
    return _official("apache/kafka:4.4.0", "jifen-test-kafka:4.4.0", make)


@cache
def postgres() -> Image:
    """Return the database's image."""
    make = partial(_on_base, stand_ins.make_postgres)
    return _official("postgres:18", "jifen-test-postgres:18", make)


@cache
def jifen() -> Image:
    """Build the image of this checkout; what did not change is not made again."""
    image = Image(tag="jifen:test", origin="built")
    built_on = base().tag
    with _one_at_a_time(image.tag):
        engine.build(_ROOT, image.tag, dockerfile=_ROOT / "deploy/Dockerfile", base=built_on)
    return image


def _official(tag: str, stand_in: str, make: Callable[[str], None]) -> Image:
    if engine.exists(tag) or engine.pull(tag):
        return Image(tag=tag, origin="pulled")
    with _one_at_a_time(stand_in):
        if not engine.exists(stand_in):
            make(stand_in)
    return Image(tag=stand_in, origin="stand-in")


def _one_at_a_time(tag: str) -> AbstractContextManager[None]:
    """Let the others wait who want this image too: they then find it, or most of it."""
    return only_one(cache_folder() / "images" / tag.replace(":", "-"), lambda: None)


def _on_base(make: Callable[[str, str], None], tag: str) -> None:
    make(tag, base().tag)
