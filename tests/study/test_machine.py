from __future__ import annotations

import pytest

from llo_dft.errors import InputError
from llo_dft.study import machine
from llo_dft.study.machine import (
    MEMORY_PER_WORKER,
    MOST_ATOMS,
    available_memory,
    check_size,
    default_workers,
)


@pytest.mark.parametrize(
    ("processors", "memory", "expected"),
    [
        (4, 100 * MEMORY_PER_WORKER, 4),
        (64, 5 * MEMORY_PER_WORKER, 5),
        (8, MEMORY_PER_WORKER // 2, 1),  # there is always one
    ],
)
def test_a_worker_has_a_processor_and_its_memory(
    monkeypatch: pytest.MonkeyPatch, processors: int, memory: int, expected: int
) -> None:
    affinity = set(range(processors))
    monkeypatch.setattr(machine.os, "sched_getaffinity", lambda _: affinity, raising=False)
    monkeypatch.setattr(machine, "available_memory", lambda: memory)
    assert default_workers() == expected


def test_what_is_available_is_less_than_all_there_is() -> None:
    all_there_is = machine.os.sysconf("SC_PAGE_SIZE") * machine.os.sysconf("SC_PHYS_PAGES")
    assert 2**20 < available_memory() <= all_there_is


def test_the_largest_cell_passes_and_one_atom_more_does_not():
    check_size(MOST_ATOMS, "the slab", "slab.tm_layers = 9")
    with pytest.raises(InputError, match=r"slab.tm_layers = 9: the slab would have 3,001 atoms"):
        check_size(MOST_ATOMS + 1, "the slab", "slab.tm_layers = 9")


def test_the_memory_of_a_matrix_of_pairs_is_told():
    with pytest.raises(InputError, match=r"\(800.0 GB for one matrix"):
        check_size(316_228, "the bulk", "cathode.supercell = [115, 115]")
