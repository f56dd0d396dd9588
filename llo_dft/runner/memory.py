"""A JobStore in memory for one run, whose cost for a document does not grow with their number."""

from __future__ import annotations

from typing import Any

from jobflow import JobStore
from maggma.stores import MemoryStore

#: What names a document of a JobStore.
_KEY = ["uuid", "index"]


def memory_job_store() -> JobStore:
    """Return a JobStore that keeps what it is given in memory, and only there."""
    return JobStore(_Documents())


class _Documents(MemoryStore):
    """A MemoryStore that knows which documents it holds.

    MemoryStore compares each document that it takes with all that it holds, to see whether to
    replace one: 10 ms with a thousand there. A run stores nearly every document once.
    """

    def __init__(self, **options: Any) -> None:  # noqa: ANN401  # those of MemoryStore
        super().__init__(**options)
        self._held: set[tuple[Any, ...]] = set()

    def update(
        self, docs: list[dict[str, Any]] | dict[str, Any], key: list[str] | str | None = None
    ) -> None:
        """Store documents of plain data, as a JobStore hands them on; replace those of their key.

        Parameters
        ----------
        docs
            A document or several.
        key
            The fields that no two documents share.
        """
        found = docs if isinstance(docs, list) else [docs]
        if key != _KEY:
            super().update(found, key=key)
            self._held.update(tuple(doc.get(name) for name in _KEY) for doc in found)
            return
        for document in found:
            place = tuple(document[name] for name in _KEY)
            if place in self._held:
                super().update(document, key=key)
            else:
                self._held.add(place)
                self._collection.insert_one(dict(document))
