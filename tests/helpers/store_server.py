"""In the place of a MongoDB server: mongomock in one process, reached by others over a socket.

jobflow-remote needs MongoDB's queries, but no MongoDB server is to be had where the tests run. So
the collections live in the process of the test, and every other process (the command line, the
runner, which is killed) asks for them over a socket file, one question at a time, as it would ask
a server. It is no MongoDB: it knows no accounts, keeps nothing on disk, and is for tests only.
"""

from __future__ import annotations

import shutil
import socket
import tempfile
import threading
from contextlib import suppress
from multiprocessing.connection import Client, Listener
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

import mongomock_ng as mongomock
from maggma.stores import MongoStore

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection

#: Both ends of the socket, whose folder only its owner may enter, check this.
KEY = b"tests of llo_dft"

_RESULT_FIELDS = (
    "acknowledged",
    "deleted_count",
    "inserted_id",
    "inserted_ids",
    "matched_count",
    "modified_count",
    "upserted_id",
)


class StoreServer:
    """Serves one mongomock database while its context lasts."""

    def __init__(self) -> None:
        # a short path, since that of a socket may have a hundred characters only
        self._folder = Path(tempfile.mkdtemp(prefix="store-"))
        self.address = str(self._folder / "socket")
        self.database = mongomock.MongoClient()["tests"]
        self._lock = threading.Lock()
        self._listener = Listener(self.address, family="AF_UNIX", authkey=KEY, backlog=16)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._ending = False

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        # The thread must be gone before its socket is closed: the next server may get the same
        # file descriptor, and the thread would take that one's clients.
        self._ending = True
        # it wakes if it waits for a client; nobody waits for its answer, since it may be gone
        with socket.socket(socket.AF_UNIX) as nobody:
            nobody.connect(self.address)
        self._thread.join()
        self._listener.close()
        shutil.rmtree(self._folder)

    def store(self, collection: str) -> dict[str, Any]:
        """Return what a project's file says of a collection here."""
        return {
            "@module": "store_server",
            "@class": "SocketStore",
            "address": self.address,
            "collection_name": collection,
        }

    def documents(self) -> Iterator[dict[str, Any]]:
        """Return every document of every collection."""
        for name in self.database.list_collection_names():
            yield from self.database[name].find()

    def _listen(self) -> None:
        while not self._ending:
            # a client may be killed while it comes
            with suppress(OSError, EOFError):
                connection = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: Connection) -> None:
        # a client that is killed, or the end of the test, breaks the connection
        with suppress(OSError, EOFError), connection:
            while True:
                collection, method, args, kwargs = connection.recv()
                try:
                    with self._lock:
                        answer = self._answer(collection, method, args, kwargs)
                except Exception as error:  # noqa: BLE001 (raised again by the client)
                    answer = error
                connection.send(answer)

    def _answer(self, collection: str, method: str, args: Any, kwargs: Any) -> Any:
        found = getattr(self.database[collection], method)(*args, **kwargs)
        if hasattr(found, "acknowledged"):
            names = [name for name in _RESULT_FIELDS if hasattr(type(found), name)]
            return SimpleNamespace(**{name: getattr(found, name) for name in names})
        if method in {"find", "aggregate"}:
            return list(found)
        return found


class _Documents(list[dict[str, Any]]):
    """The answer to a query; a cursor in as much as it can be gone through once more."""

    def __next__(self) -> dict[str, Any]:
        if not self:
            raise StopIteration
        return self.pop(0)

    def skip(self, number: int) -> _Documents:
        return _Documents(self[number:])

    def limit(self, number: int) -> _Documents:
        return _Documents(self[: number or None])


class _Collection:
    """Passes every call on to the server."""

    def __init__(self, database: _Database, name: str) -> None:
        self.database = database
        self.name = name

    def __getattr__(self, method: str) -> Any:
        if method.startswith("_"):
            raise AttributeError(method)

        def call(*args: Any, **kwargs: Any) -> Any:
            found = self.database.ask(self.name, method, args, kwargs)
            return _Documents(found) if method in {"find", "aggregate"} else found

        return call


class _Database:
    def __init__(self, address: str) -> None:
        self._connection = Client(address, family="AF_UNIX", authkey=KEY)
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> _Collection:
        return _Collection(self, name)

    def ask(self, collection: str, method: str, args: Any, kwargs: Any) -> Any:
        with self._lock:
            self._connection.send((collection, method, args, kwargs))
            answer = self._connection.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer


class SocketStore(MongoStore):
    """A collection of a ``StoreServer``."""

    def __init__(self, address: str, collection_name: str, **kwargs: Any) -> None:
        super().__init__("tests", collection_name, **kwargs)
        self.address = address

    def connect(self, force_reset: bool = False) -> None:  # noqa: FBT001, FBT002 (maggma's)
        if self._coll is None or force_reset:
            self._coll = _Database(self.address)[self.collection_name]

    def close(self) -> None:
        self._coll = None
