"""Certificates of one run: made for it, readable by their owner alone, and gone with it."""

from __future__ import annotations

import shutil
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from llo_dft.submit.records import write_private

if TYPE_CHECKING:
    from collections.abc import Iterator

    from distributed.security import Security

_PREFIX = "tls-"


@dataclass(frozen=True)
class Certificates:
    """What the driver (``security``, in memory) and its workers (``files``) show one another.

    The files are certificate authority, certificate and key.
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
    private = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=folder)).resolve()  # mode 0700
    files = (private / "ca.pem", private / "certificate.pem", private / "key.pem")
    texts = (security.tls_ca_file, security.tls_worker_cert, security.tls_worker_key)
    try:
        for file, text in zip(files, texts, strict=True):
            write_private(file, text)
        yield Certificates(security, files)
    finally:
        shutil.rmtree(private, ignore_errors=True)
