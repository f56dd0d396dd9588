"""What this machine provides for a run."""

import os

#: Memory of one worker with a potential and about a hundred atoms, bytes.
MEMORY_PER_WORKER = 2 * 1024**3


def default_workers() -> int:
    """Return one worker for each processor that this process may use, as memory allows."""
    processors = (
        len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    )
    return max(1, min(processors, available_memory() // MEMORY_PER_WORKER))


def available_memory() -> int:
    """Return the available memory, bytes (the total if that is not known)."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:  # noqa: PTH123 (not a user's path)
            for line in file:
                if line.startswith("MemAvailable:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
