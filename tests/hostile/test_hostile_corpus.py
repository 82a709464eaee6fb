"""The corpus as data: enough of it, nothing twice, every outcome said."""

import re
from collections import Counter

import pytest

from hostile.case import Case
from hostile.corpus import THREATS, corpus
from hostile.markup import ADDRESSES, PAYLOADS
from hostile.pages import strangers
from hostile.ssrf import ESCAPED, FROMS, LOADS, SERVICES

CASES = list(corpus())


def test_the_corpus_has_more_than_a_thousand_requests_and_none_twice() -> None:
    assert len(CASES) > 4_000
    assert len({one.raw for one in CASES}) == len(CASES)
    assert len({(one.threat, one.name) for one in CASES}) == len(CASES)


def test_the_corpus_is_the_same_every_time() -> None:
    assert list(corpus()) == CASES


@pytest.mark.parametrize(("threat", "minimum"), [(name, number) for name, (number, _) in THREATS.items()])
def test_every_class_of_threats_has_its_cases(threat: str, minimum: int) -> None:
    assert Counter(one.threat for one in CASES)[threat] >= minimum


def test_no_class_of_threats_is_unknown() -> None:
    assert {one.threat for one in CASES} == set(THREATS)


def test_no_case_lets_the_server_fail() -> None:
    assert [one.name for one in CASES if 500 in one.statuses or 502 in one.statuses] == []


def test_few_cases_leave_their_outcome_open_and_each_of_these_says_why() -> None:
    def is_open(one: Case) -> bool:
        return len(one.statuses) > 1

    assert all(one.why for one in CASES if is_open(one))
    assert sum(map(is_open, CASES)) / len(CASES) < 0.2


def test_the_lists_of_payloads_are_long_and_free_of_repetition() -> None:
    for listed, minimum in ((PAYLOADS, 100), (ADDRESSES, 30), (tuple(SERVICES.values()), 40)):
        assert len(set(listed)) == len(listed) >= minimum
    assert len({*SERVICES.values(), *FROMS.values(), *LOADS.values(), *ESCAPED.values()}) >= 80


@pytest.mark.parametrize("payload", PAYLOADS)
def test_a_page_that_did_not_escape_would_be_noticed(payload: str) -> None:
    """Most payloads are noticed where they stand as they are; the others are text to a browser, too."""
    is_text = not re.search(r"<[a-z/!?]", payload, re.IGNORECASE) and '"' not in payload and "'" not in payload

    assert is_text or [
        *strangers(f'<p title="{payload}">{payload}</p>'),
        *strangers(f"<p title='{payload}'>{payload}</p>"),
    ]


@pytest.mark.parametrize(
    "address", ["javascript:x", "data:x", "//e.example", "/\\e.example", "vbscript:x", "https://e.example"]
)
def test_a_link_that_runs_or_leads_away_unsaid_would_be_noticed(address: str) -> None:
    assert list(strangers(f'<a href="{address}">x</a>'))
    assert list(strangers('<a href="https://e.example" rel="noopener noreferrer">x</a> <a href="/x">x</a>')) == []
