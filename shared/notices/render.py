"""From a message's template and data to text: plain, or escaped for a page."""

import re
from collections.abc import Mapping
from functools import cache
from html import escape
from importlib import resources
from typing import Final, NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict

from shared.notices.words import LANGUAGES, Language, spell

FIELD: Final = re.compile(r"\{(\w+)\}")
UNKNOWN: Final = "unknown"
"""The template of messages that this version has none for."""


class Text(NamedTuple):
    """What a member reads: one line and one paragraph, plain; not fit for HTML as it is."""

    title: str
    body: str

    def escaped(self) -> "Text":
        """Return it for HTML: safe between tags and inside quoted attributes."""
        return Text(escape(self.title), escape(self.body))


class Template(BaseModel):
    """A title and a body with {fields}."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    title: str
    body: str


class Wording(BaseModel):
    """All that is said in one language."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    templates: Mapping[str, Template]
    reasons: Mapping[str, str]


def render(template: str, data: Mapping[str, object], language: Language) -> Text:
    """Return a message in one language; never raises, whatever template and data are.

    A value is put in once and not looked at again, so that a title which reads like a field, or
    like a tag, stays what it is: plain text.
    """
    wording = wording_of(language)
    chosen = wording.templates.get(template) or wording.templates[UNKNOWN]
    fill = _Filling(data, wording.reasons, language)
    return Text(FIELD.sub(fill, chosen.title), FIELD.sub(fill, chosen.body))


def render_all(template: str, data: Mapping[str, object]) -> Mapping[Language, Text]:
    """Return a message in every language."""
    return {language: render(template, data, language) for language in LANGUAGES}


@cache
def wording_of(language: Language) -> Wording:
    """Return what is said in a language, read from its file once."""
    file = resources.files("shared.notices").joinpath("templates", f"{language}.yaml")
    return Wording.model_validate(yaml.safe_load(file.read_text("utf-8")))


class _Filling:
    """Fills the fields of one message."""

    def __init__(
        self, data: Mapping[str, object], reasons: Mapping[str, str], language: Language
    ) -> None:
        self._data, self._reasons, self._language = data, reasons, language

    def __call__(self, match: re.Match[str]) -> str:
        return spell(match[1], self._data, self._reasons, self._language)
