"""A prepared statement fails as SQLAlchemy's own do, and tells no parameters."""

from __future__ import annotations

import pytest
from sqlalchemy import create_engine, insert, select, text
from sqlalchemy.exc import IntegrityError

from adapter.outbox.prepared import Prepared, as_list, listed
from adapter.outbox.tables import metadata, states

STATE = {"key": "k", "digest": "confidential", "times": 1, "accepted_at": 1}


def test_an_error_is_sqlalchemys_and_holds_no_parameters() -> None:
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    put = Prepared(states.columns.keys(), any=insert(states))
    found = Prepared(any=select(states.c.digest))
    with engine.begin() as connection:
        put.run(connection, [STATE])
        assert found.find(connection) == [("confidential",)]
        with pytest.raises(IntegrityError) as error:
            put.run(connection, [STATE])
    assert "confidential" not in str(error.value)


def test_each_database_has_its_own_statement() -> None:
    with create_engine("sqlite://").connect() as connection:
        assert Prepared(sqlite=text("SELECT 1"), any=text("SELECT 2")).find(connection) == [(1,)]
        assert Prepared(postgresql=text("SELECT 1"), any=text("SELECT 2")).find(connection) == [
            (2,)
        ]


def test_one_statement_asks_for_any_number_of_texts() -> None:
    found = Prepared((), **{name: select(each.c.value) for name, each in listed("these").items()})
    with create_engine("sqlite://").connect() as connection:
        for texts in ([], ["a"], ["告警", 'a"b', ""]):
            assert found.find(connection, these=as_list(texts)) == [(text,) for text in texts]
