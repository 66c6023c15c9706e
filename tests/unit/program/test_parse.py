"""A program document: read strictly, written back, and refused in words its author understands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.program.document import MAX_CHARACTERS, MAX_DEPTH
from shared.program.errors import ProgramError
from shared.program.load import default_program, default_text, parse, to_text
from shared.program.models import (
    CheckIn,
    Earn,
    FixedDate,
    MonthBatch,
    NeverExpires,
    Program,
    Purchase,
    Rate,
    Refund,
    Rolling,
    Share,
)

POINTS = st.integers(0, 10**9)
PROGRAMS = st.builds(
    Program,
    version=st.just(1),
    zone=st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "UTC"]),
    earn=st.builds(
        Earn,
        purchase=st.builds(
            Purchase,
            rounding=st.sampled_from(["down", "half-up", "up"]),
            currencies=st.dictionaries(
                st.sampled_from(["CNY", "USD", "JPY", "NOK"]),
                st.builds(Rate, points=POINTS, per_minor=st.integers(1, 10**9)),
            ),
        ),
        check_in=st.builds(
            CheckIn,
            ladder=st.lists(POINTS, max_size=9).map(tuple),
            after_last=st.sampled_from(["restart", "stay"]),
            missed_day=st.sampled_from(["reset", "continue"]),
            full_attendance=POINTS,
        ),
        share=st.builds(Share, clicked=POINTS, ordered=POINTS),
    ),
    refund=st.builds(Refund, policy=st.sampled_from(["debt", "clip"])),
    expiry=st.one_of(
        st.just(NeverExpires(policy="never")),
        st.builds(
            FixedDate,
            policy=st.just("fixed-date"),
            month=st.integers(1, 12),
            day=st.integers(1, 29),
            at_least_days=st.integers(0, 3650),
        ),
        st.builds(MonthBatch, policy=st.just("month-batch"), after_months=st.integers(1, 1200)),
        st.builds(Rolling, policy=st.just("rolling"), years=st.integers(1, 100)),
    ),
)

LEAST = "version: 1\nzone: UTC\nearn: {}\nexpiry: {policy: never}\n"


def faults(text: str) -> list[str]:
    with pytest.raises(ProgramError) as raised:
        parse(text)
    return [str(fault) for fault in raised.value.faults]


def changed(old: str, new: str) -> str:
    assert default_text().count(old) == 1, old
    return default_text().replace(old, new)


def test_the_default_program_has_the_guides_numbers() -> None:
    program = default_program()
    assert program.zone == "Asia/Shanghai"
    assert program.earn.purchase.rounding == "down"
    rate = Rate(points=1, per_minor=100)
    assert program.earn.purchase.currencies == dict.fromkeys(("CNY", "USD", "EUR", "GBP"), rate)
    assert program.earn.check_in == CheckIn(
        ladder=(1, 2, 3, 4, 5, 6, 10),
        after_last="restart",
        missed_day="reset",
        full_attendance=50,
    )
    assert program.earn.share == Share(clicked=5, ordered=50)
    assert program.refund.policy == "debt"
    assert program.expiry == MonthBatch(policy="month-batch", after_months=12)


def test_what_is_left_out_earns_nothing() -> None:
    program = parse(LEAST)
    assert program.earn == Earn(purchase=Purchase(), check_in=CheckIn(), share=Share())
    assert program.earn.check_in.ladder == ()
    assert program.refund.policy == "debt"


@given(PROGRAMS)
def test_a_program_written_and_read_is_the_same(program: Program) -> None:
    assert parse(to_text(program)) == program


INTEGER = "expected an integer from 0 to 1000000000"
ZONE = "expected an IANA time zone such as 'Asia/Shanghai'"
CURRENCY = "expected an ISO 4217 currency such as 'CNY'"
POLICY = "expected one of 'never', 'fixed-date', 'month-batch', 'rolling'"


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("2, 3,", "2, six,", f"earn.check_in.ladder.2: {INTEGER}, got 'six' (line 30)"),
        ("ce: 50", "ce: -1", f"earn.check_in.full_attendance: {INTEGER}, got -1 (line 38)"),
        ("clicked: 5", "clicked: 1.5", f"earn.share.clicked: {INTEGER}, got '1.5' (line 43)"),
        ("clicked: 5", "clicked: true", f"earn.share.clicked: {INTEGER}, got true (line 43)"),
        ("clicked: 5", "clicked:", f"earn.share.clicked: {INTEGER}, got nothing (line 43)"),
        ("check_in:", "checkin:", "earn.checkin: unknown key; did you mean 'check_in'? (line 28)"),
        ("Asia/Shanghai\n", "Mars/Base\n", f"zone: {ZONE}, got 'Mars/Base' (line 11)"),
        (
            "Asia/Shanghai\n",
            "asia/shangai\n",
            f"zone: {ZONE}, got 'asia/shangai'; did you mean 'Asia/Shanghai'? (line 11)",
        ),
        ("CNY: {", "RMB: {", f"earn.purchase.currencies.RMB: {CURRENCY}, got 'RMB' (line 22)"),
        (
            "CNY: {",
            "cny: {",
            f"earn.purchase.currencies.cny: {CURRENCY}, got 'cny'; did you mean 'CNY'? (line 22)",
        ),
        (
            "missed_day: reset",
            "missed_day: rest",
            "earn.check_in.missed_day: expected 'reset' or 'continue', got 'rest' (line 36)",
        ),
        ("\n  after_months: 12", "\n  years: 2", "expiry.years: unknown key (line 62)"),
        (
            "\n  policy: month-batch",
            "\n  policy: me",
            f"expiry.policy: {POLICY}, got 'me' (line 61)",
        ),
        ("version: 1", "version: 2", "version: expected 1, got 2 (line 7)"),
        ("version: 1", "version: true", "version: expected 1, got true (line 7)"),
        ("version: 1", "", "version: required, but missing"),
    ],
)
def test_a_fault_names_path_wanted_and_given(old: str, new: str, fault: str) -> None:
    assert faults(changed(old, new)) == [fault]


def test_every_fault_is_told_at_once_in_the_order_of_the_document() -> None:
    text = "version: 1\nzone: Mars\nearn:\n  share: [1]\n  share: 2\nrefund: {}\nexpiry: {}\n"
    assert faults(text) == [
        "zone: expected an IANA time zone such as 'Asia/Shanghai', got 'Mars' (line 2)",
        "earn.share: expected a mapping, got a list (line 4)",
        "earn.share: the key is there twice, first on line 4 (line 5)",
        "expiry.policy: required, but missing (line 7)",
    ]


def test_a_fixed_date_exists() -> None:
    def fixed(month: int, day: int) -> str:
        policy = f"{{policy: fixed-date, month: {month}, day: {day}}}"
        return LEAST.replace("{policy: never}", policy)

    assert parse(fixed(2, 29)).expiry == FixedDate(policy="fixed-date", month=2, day=29)
    assert faults(fixed(4, 31)) == [
        "expiry.day: expected a day from 1 to 30 in month 4, got 31 (line 4)"
    ]
    assert faults(fixed(13, 1)) == [
        "expiry.month: expected an integer from 1 to 12, got 13 (line 4)"
    ]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "expected a program, got nothing"),
        ("# only a comment\n", "expected a program, got nothing"),
        ("- 1\n", "expected a mapping, got a list"),
        ("hello", "expected a mapping, got 'hello'"),
        (
            "version: 1\nearn: [1,\n",
            "not YAML: expected the node content, but found '<stream end>' at column 1 (line 3)",
        ),
        ("a: 1\n---\nb: 2\n", "not YAML: but found another document at column 1 (line 2)"),
        (
            "a: \0",
            "not YAML: unacceptable character #x0000: special characters are not allowed",
        ),
        ("[" * (MAX_DEPTH + 1), f"not YAML: nested deeper than {MAX_DEPTH} at column 32 (line 1)"),
        (
            "x" * (MAX_CHARACTERS + 1),
            f"expected at most {MAX_CHARACTERS} characters, got {MAX_CHARACTERS + 1}",
        ),
    ],
)
def test_what_is_no_document_is_one_fault(text: str, fault: str) -> None:
    assert faults(text) == [fault]


@pytest.mark.parametrize("value", ["010", "0x10", "1_000", "12:30", "1e3", "9" * 5000, "'5'"])
def test_only_plain_digits_are_an_integer(value: str) -> None:
    (fault,) = faults(changed("clicked: 5", f"clicked: {value}"))
    assert fault.startswith("earn.share.clicked: expected an integer from 0 to 1000000000, got ")
    assert len(fault) < 200


def test_words_that_yaml_takes_for_truth_are_words() -> None:
    """The currency of Norway is NOK, and `no` is no boolean either."""
    (fault,) = faults(changed("missed_day: reset", "missed_day: no"))
    assert fault == "earn.check_in.missed_day: expected 'reset' or 'continue', got 'no' (line 36)"


def test_aliases_and_tags_are_refused() -> None:
    bomb = "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]\n"
    assert "b.0: aliases (*name) are not supported (line 2)" in faults(bomb)
    assert "a.0: aliases (*name) are not supported (line 1)" in faults("a: &a [*a]\n")
    tag = "tag:yaml.org,2002:python/object:os.system"
    told = faults("zone: !!python/object:os.system UTC\n")
    assert f"zone: tags ({tag}) are not supported (line 1)" in told


@given(st.text(max_size=200) | st.text(alphabet="{}[]:,&*!-? \n'\"#|>01ab", max_size=60))
def test_any_text_is_a_program_or_a_program_error(text: str) -> None:
    with pytest.raises(ProgramError):
        parse(text)
