"""Certificates of one run: made for it, readable by their owner alone, and gone with it."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed.security import Security

_PREFIX = "tls-"


@dataclass(frozen=True)
class Certificates:
    """What the driver and its workers show one another.

    Attributes
    ----------
    security
        For the driver, in its memory.
    files
        Certificate authority, certificate and key, for the workers.
    """

    security: Security
    files: tuple[Path, Path, Path]


@contextmanager
def certificates(folder: Path) -> Iterator[Certificates]:
    """Make certificates and put them into a new folder below ``folder``, which nobody else reads.

    Whoever has the key may send code to the workers: that is what Dask is for. So the key lives
    as long as the run, and what a killed run left of it is removed here.
    """
    from distributed.security import Security  # noqa: PLC0415  (takes a second)

    for left in folder.glob(f"{_PREFIX}*"):
        shutil.rmtree(left)
    security = Security.temporary()
    texts = {
        "ca.pem": security.tls_ca_file,
        "certificate.pem": security.tls_worker_cert,
        "key.pem": security.tls_worker_key,
    }
    private = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder))  # mode 0700
    try:
        for name, text in texts.items():
            write_private(private / name, text)
        ca_file, certificate, key = (private.resolve() / name for name in texts)
        yield Certificates(security, (ca_file, certificate, key))
    finally:
        shutil.rmtree(private, ignore_errors=True)


def write_private(path: Path, text: str) -> None:
    """Write a new file that only its owner may read, also while it is written."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
