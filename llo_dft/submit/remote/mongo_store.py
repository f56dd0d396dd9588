"""A MongoDB collection whose password is in the environment and not in any file.

A project of jobflow-remote names this class for its queue and its outputs. The file has the name
of a variable; the password is read from that variable when a connection is made, passed to the
MongoDB client and stored nowhere else: not in the store, so not in anything made from it.
"""

import os
from typing import Any

from maggma.stores import MongoStore

from llo_dft.errors import InputError


class MissingPasswordError(InputError):
    """The variable for the password is not set."""


class EnvironmentMongoStore(MongoStore):
    """A collection of a MongoDB server.

    Raises ``InputError`` if a password is given, or only one of username and password_variable.

    ``username`` and ``password_variable`` are the account, and the environment variable with its
    password; "" for a server without accounts. All else is maggma's: ``host``, ``port``,
    ``auth_source``, ``mongoclient_kwargs`` and further options of its stores.
    """

    _coll: Any

    def __init__(
        self,
        database: str,
        collection_name: str,
        *,
        username: str = "",
        password_variable: str = "",
        mongoclient_kwargs: dict[str, Any] | None = None,
        **kwargs: Any,  # noqa: ANN401 (maggma's)
    ) -> None:
        if "password" in kwargs or "uri" in kwargs or "password" in (mongoclient_kwargs or {}):
            raise InputError(
                "a password does not belong in a project's file; put it into an environment "
                "variable, and the name of that variable into password_variable"
            )
        if bool(username) != bool(password_variable):
            raise InputError("username and password_variable go together: give both, or neither")
        given = {"username": username, "mongoclient_kwargs": mongoclient_kwargs}
        super().__init__(database, collection_name, **given, **kwargs)
        self.password_variable = password_variable

    def connect(self, force_reset: bool = False) -> None:  # noqa: FBT001, FBT002 (maggma's)
        """Connect, if not yet done.

        Raises ``MissingPasswordError`` if the variable is not set.
        """
        if self._coll is not None and not force_reset:
            return
        from pymongo import MongoClient  # noqa: PLC0415 (a third of a second to import)

        account: dict[str, Any] = {}
        if self.username:
            password = os.environ.get(self.password_variable, "")
            if not password:
                raise MissingPasswordError(
                    f"the environment variable {self.password_variable}, which holds the password "
                    f"of {self.username} at MongoDB on {self.host}, is not set"
                )
            account = {"username": self.username, "password": password}
            account["authSource"] = self.auth_source
        client: MongoClient[dict[str, Any]] = MongoClient(
            host=self.host, port=self.port, **account, **self.mongoclient_kwargs
        )
        self._coll = client[self.database][self.collection_name]
