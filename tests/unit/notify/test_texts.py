"""Texts of messages: the same templates in every language, and hostile values stay text."""

from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typing_extensions import override

from services.notify.domain.decide import _MESSAGES
from services.redeem.domain.words import TITLES
from shared.notices.render import FIELD, UNKNOWN, Text, render, render_all, wording_of
from shared.notices.words import FIELDS, LANGUAGES, MISSING, Language

REMINDED = {"stage": 30, "points": 1_200, "expires_on": "2026-01-31"}
BOUGHT = {"reward_id": "mug", "title": "A mug", "quantity": 1, "points": 1}

HOSTILE = (
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "{points} {reward} {reason}",
    "%s %(points)s ${points} {0} {{points}}",
    "a\x00b\x1b[31mred\r\nSet-Cookie: x=1",
    "\u202ecnuf\u2066 \u2028 \ufeff \ud800",
    "&lt;b&gt; &amp;",
    "名称" * 500,
)

TEMPLATES = sorted(wording_of("en").templates)


class _Tags(HTMLParser):
    """Finds what a browser would take for anything but text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.text = ""

    @override
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    @override
    def handle_data(self, data: str) -> None:
        self.text += data


def read_as_html(text: str) -> _Tags:
    parser = _Tags()
    parser.feed(text)
    parser.close()
    return parser


def test_every_language_says_the_same_things() -> None:
    english, chinese = wording_of("en"), wording_of("zh-CN")
    assert set(english.templates) == set(chinese.templates)
    assert set(english.reasons) == set(chinese.reasons)
    for name, template in english.templates.items():
        other = chinese.templates[name]
        fields = set(FIELD.findall(template.title + template.body))
        assert fields == set(FIELD.findall(other.title + other.body)), name
        assert fields <= set(FIELDS["en"]), name


def test_every_message_has_a_template_and_every_refusal_its_words() -> None:
    statuses = {wire.type_name.split(".")[1] for wire in _MESSAGES if "redemption" in wire.topic}
    written = {f"redemption-{status}" for status in statuses} | {"points-expired"}
    written |= {f"expiry-reminder-{stage}" for stage in (90, 30, 7, 1)}
    assert written | {UNKNOWN} == set(TEMPLATES)
    assert set(TITLES) | {"by-request", UNKNOWN} == set(wording_of("en").reasons)


def test_texts_read_well() -> None:
    assert render("expiry-reminder-30", REMINDED, "en") == Text(
        "1,200 points to spend until 31 January 2026",
        "You have 1,200 points to spend until 31 January 2026."
        " See in the points mall what you like.",
    )
    assert render("expiry-reminder-30", REMINDED, "zh-CN") == Text(
        "1,200 积分将于2026年1月31日到期",
        "您有 1,200 积分\uff0c可使用至2026年1月31日\uff0c欢迎到积分商城看看能兑换什么。",
    )
    assert render("redemption-cancelled", {**BOUGHT, "reason": "by-request"}, "en") == Text(
        "A mug was cancelled",
        "The redemption was cancelled as asked. 1 point went back to your account.",
    )
    assert render("redemption-shipped", {**BOUGHT, "quantity": 2}, "zh-CN").title == (
        "A mug \u00d7 2 已发货"
    )


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("value", HOSTILE)
def test_what_a_shop_calls_a_reward_stays_text(language: Language, value: str) -> None:
    text = render("redemption-rejected", {**BOUGHT, "title": value, "reason": value}, language)
    page = read_as_html(f"<p title='{text.escaped().title}'>{text.escaped().body}</p>")
    assert page.tags == ["p"]
    assert page.text == text.body
    assert read_as_html(text.escaped().title).text == text.title
    assert not any(ord(one) < 32 or 0x202A <= ord(one) <= 0x202E for one in text.title + text.body)
    assert len(text.title) < 300
    text.title.encode()


def test_a_value_that_reads_like_a_field_is_not_filled() -> None:
    text = render("redemption-shipped", {**BOUGHT, "title": "{points}"}, "en")
    assert text.title == "{points} is on its way"


@given(
    template=st.one_of(st.sampled_from(TEMPLATES), st.text()),
    data=st.dictionaries(
        st.sampled_from(["points", "expires_on", "title", "reward_id", "quantity", "reason"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.none())
        ),
    ),
)
def test_no_message_keeps_a_page_from_opening(template: str, data: dict[str, object]) -> None:
    for text in render_all(template, data).values():
        assert text.title
        assert text.body
        text.body.encode()
        assert not read_as_html("".join(text.escaped())).tags


def test_what_is_not_known_is_said_in_general() -> None:
    assert render("of-a-later-version", {}, "en").title == "News about your points"
    assert MISSING in render("points-expired", {"points": 5}, "en").body
    late = render("redemption-rejected", {**BOUGHT, "reason": "of-a-later-version"}, "en")
    assert late.body.startswith("It could not be done.")
