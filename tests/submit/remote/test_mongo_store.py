"""The password is in the environment, and comes from there into nothing but the connection."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pymongo
import pytest
from jobflow import JobStore
from jobflow_remote.utils.data import store_from_dict

from llo_dft.errors import InputError
from llo_dft.submit.remote.mongo_store import EnvironmentMongoStore, MissingPasswordError

SECRET = "correct-horse"  # noqa: S105 (planted)
FIELDS: dict[str, Any] = {
    "@module": "llo_dft.submit.remote.mongo_store",
    "@class": "EnvironmentMongoStore",
    "database": "llo",
    "collection_name": "jobs",
    "host": "127.0.0.1",
    "port": 1,  # where nobody listens
    "username": "me",
    "password_variable": "A_VARIABLE",
    "mongoclient_kwargs": {"serverSelectionTimeoutMS": 50},
}


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> EnvironmentMongoStore:
    monkeypatch.setenv("A_VARIABLE", SECRET)
    made = store_from_dict(FIELDS)  # as jobflow-remote reads a project's queue
    assert isinstance(made, EnvironmentMongoStore)
    return made


def test_the_client_gets_account_and_password(
    store: EnvironmentMongoStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: dict[str, Any] = {}

    class Client(dict[str, Any]):
        def __init__(self, **arguments: Any) -> None:
            given.update(arguments)
            super().__init__(llo={"jobs": "the collection"})

    monkeypatch.setattr(pymongo, "MongoClient", Client)
    store.connect()
    assert given == {
        "host": "127.0.0.1",
        "port": 1,
        "username": "me",
        "password": SECRET,
        "authSource": "llo",
        "serverSelectionTimeoutMS": 50,
    }
    assert store._collection == "the collection"


def test_the_password_is_nowhere_else(store: EnvironmentMongoStore) -> None:
    store.connect()
    with pytest.raises(pymongo.errors.PyMongoError, match="refused") as failure:
        store.query_one({})
    told = [
        json.dumps(store.as_dict()),
        repr(store),
        store.name,
        repr(store._collection),
        repr({key: value for key, value in vars(store).items() if key != "_coll"}),
        str(failure.value),
        repr(failure.value),
        repr(pickle.dumps(store_from_dict(store.as_dict()))),
    ]
    assert not [text for text in told if SECRET in text]


def test_outputs_are_kept_the_same_way(store: EnvironmentMongoStore) -> None:
    made = JobStore.from_dict(
        {"@module": "jobflow.core.store", "@class": "JobStore", "docs_store": store.as_dict()}
    )
    assert made.docs_store.as_dict() == store.as_dict()


def test_a_variable_that_is_not_set_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("A_VARIABLE", raising=False)
    with pytest.raises(MissingPasswordError, match=r"variable A_VARIABLE.* of me .* not set"):
        store_from_dict(FIELDS).connect()


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": SECRET}, "does not belong in a project's file"),
        ({"uri": f"mongodb://me:{SECRET}@host/llo"}, "does not belong in a project's file"),
        ({"mongoclient_kwargs": {"password": SECRET}}, "does not belong in a project's file"),
        ({"password_variable": ""}, "go together"),
        ({"username": ""}, "go together"),
    ],
)
def test_a_file_with_a_password_is_refused(changes: dict[str, Any], said: str) -> None:
    fields = {key: value for key, value in FIELDS.items() if not key.startswith("@")}
    with pytest.raises(InputError, match=said) as failure:
        EnvironmentMongoStore(**fields | changes)
    assert SECRET not in str(failure.value)


def test_a_server_without_accounts_needs_no_variable() -> None:
    fields = {k: v for k, v in FIELDS.items() if k not in {"username", "password_variable"}}
    made = store_from_dict(fields)
    made.connect()
    assert not made._collection.database.client.options._options.get("username")
