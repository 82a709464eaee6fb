"""The knobs of the server: one table that the command line, the environment and the limits derive from."""

from dataclasses import fields, replace
from pathlib import Path

from clustergraph.runner import Limits
from clustergraph.settings import Settings, described


def test_the_limits_are_those_of_a_query_where_nothing_is_said() -> None:
    assert Settings().limits == Limits()


def test_each_limit_follows_its_knob() -> None:
    changed = Limits(*range(7, 7 + len(Limits._fields)))

    assert replace(Settings(), **changed._asdict()).limits == changed


def test_every_knob_is_described_with_its_type_and_default() -> None:
    table = described()

    assert [(name, default) for name, _, default, _ in table] == [(one.name, one.default) for one in fields(Settings)]
    assert all(isinstance(default, kind) for _, kind, default, _ in table)


def test_every_description_is_a_phrase_that_an_option_can_show() -> None:
    odd = [name for name, _, _, text in described() if not text or text[0].isupper() or text.endswith(".")]

    assert odd == []


def test_it_listens_to_this_machine_alone_where_nothing_is_said() -> None:
    assert (Settings().host, Settings().port, Settings().dist) == ("127.0.0.1", 8000, Path("dist"))
