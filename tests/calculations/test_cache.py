from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import store_calculations
from pymatgen.core import Lattice, Structure
from store_calculations import calculation, failures, store

from llo_dft.calculations.cache import CacheError, CalculationCache, calculation_key
from llo_dft.documents.calculation import Asked, CalculationDocument, Fingerprint
from llo_dft.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FINGERPRINT = Fingerprint(engine="vasp", engine_version="6.4.2", functional="PBE+U")

#: Pairs of processes that store the same calculations: enough for each to be first sometimes.
N_RACED = 60


def structure(shift: float = 0.0, **changes: Any) -> Structure:
    fields = {"species": ["Li", "Mn", "O"], "site_properties": {"magmom": [0.0, 4.0, 0.0]}}
    return Structure(
        Lattice.orthorhombic(4, 5, 6),
        coords=[[0, 0, 0], [0.1, 0.2 + shift, 0.3], [0.5, 0.5, 0.5]],
        **(fields | changes),
    )


def key(made: Structure | None = None, **changes: Any) -> str:
    fields = {
        "fingerprint": FINGERPRINT,
        "kind": "slab_relax",
        "protocol": "fast",
        "settings": {"force_tolerance": 0.05, "max_steps": 100},
        "electrons": "",
    } | changes
    kind, protocol = fields.pop("kind"), fields.pop("protocol")
    return calculation_key(made or structure(), kind, protocol, Asked(**fields))


def last_bit(value: float) -> float:
    return float(np.nextafter(value, 1.0)) - value


def test_the_last_bit_of_a_coordinate_is_no_other_calculation() -> None:
    """It differs between kinds of processor, as does whether 0 is 1e-33 or just below 1."""
    assert last_bit(0.2) > 0
    assert key(made=structure(last_bit(0.2))) == key()
    there, below = structure(), structure()
    there.translate_sites([0], [1e-33, 0.0, 0.0], to_unit_cell=False)
    below.translate_sites([0], [1.0 - 1e-16, -0.0, 0.0], to_unit_cell=False)
    assert key(made=there) == key(made=below) == key()


@pytest.mark.parametrize(
    "other",
    [
        {"made": structure(2e-9)},
        {"made": structure(species=["Li", "Ni", "O"])},
        {"made": structure(species=["Li", "Mn3+", "O"])},
        {"made": structure(site_properties={"magmom": [0.0, -4.0, 0.0]})},
        {"made": structure(site_properties={})},
        {"made": structure().scale_lattice(120.0000001)},
        {"electrons": "wave functions of another"},
        {"kind": "bulk_relax"},
        {"protocol": "balanced"},
        {"settings": {"force_tolerance": 0.05, "max_steps": 101}},
        {"settings": {"force_tolerance": 0.05}},
        {"fingerprint": FINGERPRINT.model_copy(update={"engine_version": "6.4.3"})},
        {"fingerprint": FINGERPRINT.model_copy(update={"u_values_ev": {"Mn": 3.9}})},
        {"fingerprint": FINGERPRINT.model_copy(update={"cutoff_ev": 520.0})},
    ],
    ids=lambda other: next(iter(other)),
)
def test_the_key_changes_with_all_that_bears_on_the_result(other: dict[str, Any]) -> None:
    assert key(**other) != key()


def test_the_key_does_not_change_with_what_does_not() -> None:
    assert key(structure(labels=["first", "second", "third"])) == key()
    assert key(settings={"max_steps": 100, "force_tolerance": 0.05}) == key()
    assert re.fullmatch("[0-9a-f]{24}", key())


def test_the_order_of_atoms_is_part_of_the_key() -> None:
    # results are used by the index of their atoms
    assert key(Structure.from_sites(structure()[::-1])) != key()


def test_a_structure_that_was_stored_has_its_key_still(tmp_path: Path) -> None:
    awkward = structure()
    awkward.perturb(0.1)
    awkward.scale_lattice(100 / 3)
    document = calculation("k", structure=awkward, magmoms_mu_b=[1 / 3, 0.1, 1e-17])
    store(CalculationCache(tmp_path), document)
    read = CalculationCache(tmp_path).completed("k")
    assert read is not None
    assert key(read.structure) == key(awkward)
    assert read.magmoms_mu_b == document.magmoms_mu_b


def test_a_setting_that_is_no_number_has_no_key() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        key(settings={"force_tolerance": float("nan")})


def test_a_stored_calculation_is_found_with_its_raw_files(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path / "calculations")
    assert cache.completed("k") is None
    assert not cache.has_completed("k")
    assert cache.journal() == []
    assert failures(cache) == []
    assert cache.sweep() == 0
    store(cache, calculation("k", energy_ev=-7.25))
    found = cache.completed("k")
    assert found is not None
    assert found.energy_ev == -7.25
    assert cache.has_completed("k")
    assert (cache.folder / "k" / "raw.txt").read_text(encoding="utf-8") == "raw"
    assert [(entry.event, entry.key, entry.label) for entry in cache.journal()] == [
        ("started", "k", "label of k"),
        ("completed", "k", "label of k"),
    ]
    assert sorted(path.name for path in cache.folder.iterdir()) == ["journal.jsonl", "k"]


def test_a_workspace_from_which_nothing_was_stored_goes(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    with pytest.raises(RuntimeError, match="engine"), cache.workspace("k"):
        raise RuntimeError("engine")
    assert list(tmp_path.iterdir()) == []


def test_a_failure_is_no_hit_and_the_next_one_takes_its_place(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k", "failed", 1.0))
    store(cache, calculation("k", "failed", 2.0))
    assert cache.completed("k") is None
    assert [failure.reason for failure in failures(cache)] == ["reason 2.0"]
    failed = cache.failed("k")
    assert failed is not None
    assert failed.reason == "reason 2.0"


def test_what_completed_after_it_failed_has_not_failed(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k", "failed"))
    store(cache, calculation("k"))
    assert cache.completed("k") is not None
    assert cache.failed("k") is None
    assert failures(cache) == []


def test_a_failure_beside_a_result_does_not_count(tmp_path: Path) -> None:
    # one process completed what another failed at, a moment before
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k"))
    store(cache, calculation("k", "failed"))
    assert cache.completed("k") is not None
    assert failures(cache) == []


def test_a_folder_without_its_result_makes_room_for_the_next_one(tmp_path: Path) -> None:
    cache, made = CalculationCache(tmp_path), calculation("k")
    store(cache, made)
    (tmp_path / "k" / "result.json").unlink()
    assert store(cache, made) == made
    assert cache.completed("k") == made
    assert cache.sweep() == 1  # what was left of the first one


def test_a_calculation_is_readable_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        store(CalculationCache(tmp_path), calculation("k"))
    finally:
        os.umask(before)
    assert (tmp_path / "k").stat().st_mode & 0o777 == 0o750
    assert (tmp_path / "k" / "result.json").stat().st_mode & 0o777 == 0o640


def test_the_first_result_stays(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k", energy_ev=-1.0))
    assert store(cache, calculation("k", energy_ev=-2.0)).energy_ev == -1.0
    found = cache.completed("k")
    assert found is not None
    assert found.energy_ev == -1.0
    assert not list(tmp_path.glob(".partial-*"))


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\x00", b"[]", b'{"key": "k"}', "half", "structure", "unknown key"],
)
def test_a_result_that_was_changed_by_hand_is_refused(tmp_path: Path, content: bytes | str) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k"))
    path = tmp_path / "k" / "result.json"
    whole = path.read_bytes()
    changed = {
        "half": whole[: len(whole) // 2],
        "structure": whole.replace(b'"lattice"', b'"latice"'),
        "unknown key": whole.replace(b'"energy_ev"', b'"energy_Ry"'),
    }
    path.write_bytes(changed[content] if isinstance(content, str) else content)
    expected = f"{path} is not a calculation of this package's format; remove its folder"
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        cache.completed("k")
    assert isinstance(caught.value, InputError)
    assert len(str(caught.value).splitlines()) == 1


def test_an_energy_changed_by_hand_is_refused_by_name(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k"))
    path = tmp_path / "k" / "result.json"
    text = path.read_text()
    path.write_text(text.replace('"energy_ev": -1.0', '"energy_ev": -1.5'))
    assert path.read_text() != text
    with pytest.raises(CacheError, match=r"k/result\.json was changed after it was written"):
        cache.completed("k")
    path.write_text(text.replace("\n", "\n "))  # spaces change nothing
    assert cache.completed("k") is not None


def test_a_result_of_before_there_were_digests_is_held_to_its_key_alone(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k"))
    path = tmp_path / "k" / "result.json"
    fields = json.loads(path.read_text())
    del fields["digest"]
    path.write_text(json.dumps(fields))
    assert cache.completed("k") == calculation("k")
    (tmp_path / "k").rename(tmp_path / "m")
    with pytest.raises(CacheError, match=r"m/result\.json is the result of another .* \(key k\)"):
        cache.completed("m")


def asked_for() -> CalculationDocument:
    """A result with what its key is made of, which its file holds too."""
    asked = Asked(
        fingerprint=FINGERPRINT,
        settings={"force_tolerance": 0.05, "shape": [1, 2.0], "nested": {"a": None}},
        electrons="wave functions of another",
    )
    made = structure(0.1 / 3)
    found = calculation_key(made, "slab_relax", "fast", asked)
    return calculation(found, initial_structure=made, asked=asked, protocol="fast")


def test_a_result_of_before_has_a_key_to_the_last_bit(tmp_path: Path) -> None:
    """It is read, and not called one of another structure."""
    made = asked_for()
    assert made.initial_structure is not None
    assert made.asked is not None
    given = made.initial_structure, made.kind, made.protocol, made.asked
    old = calculation_key(*given, to_the_last_bit=True)
    assert old != made.key
    cache = CalculationCache(tmp_path)
    with cache.workspace(old) as folder:
        cache.store(made.model_copy(update={"key": old}), folder)
    found = cache.completed(old)
    assert found is not None
    assert found.key == old


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    """Change a stored result and give it the digest of what it holds then."""
    path = folder / "result.json"
    fields = json.loads(path.read_text())
    del fields["digest"]
    change(fields)
    fields["digest"] = hashlib.sha256(json.dumps(fields, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(fields, indent=1))


def test_the_key_is_made_again_of_what_a_result_holds(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    stored = store(cache, asked_for())
    again = cache.completed(stored.key)
    assert again == stored
    rewrite(tmp_path / stored.key, lambda fields: fields.update())
    assert cache.completed(stored.key) == stored


@pytest.mark.parametrize(
    "change",
    [
        lambda fields: fields["asked"]["settings"].update(force_tolerance=0.02),
        lambda fields: fields["asked"]["settings"].pop("nested"),
        lambda fields: fields["asked"]["fingerprint"].update(cutoff_ev=520.0),
        lambda fields: fields["asked"].update(electrons=""),
        lambda fields: fields.update(protocol="balanced"),
        lambda fields: fields.update(kind="static"),
        lambda fields: fields["initial_structure"]["sites"][1]["abc"].__setitem__(1, 0.2),
        lambda fields: fields["initial_structure"]["sites"][1]["properties"].update(magmom=-4.0),
        lambda fields: fields["initial_structure"]["sites"].pop(),
    ],
)
def test_a_result_of_other_settings_or_atoms_is_refused_even_with_a_digest(
    tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    cache = CalculationCache(tmp_path)
    stored = store(cache, asked_for())
    rewrite(tmp_path / stored.key, change)
    message = rf"{stored.key}/result\.json has the key of another structure or other settings"
    with pytest.raises(CacheError, match=message):
        cache.completed(stored.key)


def test_a_result_that_was_moved_to_another_key_is_refused_even_with_a_digest(
    tmp_path: Path,
) -> None:
    cache = CalculationCache(tmp_path)
    stored = store(cache, asked_for())
    (tmp_path / stored.key).rename(tmp_path / "moved")
    rewrite(tmp_path / "moved", lambda fields: fields.update(key="moved"))
    with pytest.raises(CacheError, match="has the key of another structure or other settings"):
        cache.completed("moved")


def test_a_result_of_before_it_held_what_it_was_asked_for_is_read_by_its_digest(
    tmp_path: Path,
) -> None:
    cache = CalculationCache(tmp_path)
    stored = store(cache, asked_for())
    rewrite(tmp_path / stored.key, lambda fields: fields.pop("asked") and fields.pop("notes"))
    assert cache.completed(stored.key) == stored.model_copy(update={"asked": None})


def test_the_version_of_a_study_is_that_of_its_first_result(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    assert cache.engine_version("vasp") == ""
    store(cache, calculation("k"))
    for key, version in (("m", "6.4.2"), ("n", "6.3.0")):
        used = FINGERPRINT.model_copy(update={"engine_version": version})
        store(cache, calculation(key, fingerprint=used))
    assert cache.engine_version("vasp") == "6.4.2"
    assert cache.engine_version("fake") == "1"
    (tmp_path / "m" / "result.json").unlink()
    assert cache.engine_version("vasp") == "6.3.0"


def test_two_swapped_folders_are_refused_by_name(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    for key in ("k", "m"):
        store(cache, calculation(key))
    (tmp_path / "k").rename(tmp_path / "aside")
    (tmp_path / "m").rename(tmp_path / "k")
    (tmp_path / "aside").rename(tmp_path / "m")
    for here, there in (("k", "m"), ("m", "k")):
        with pytest.raises(CacheError, match=rf"{here}/result\.json is the .* \(key {there}\)"):
            cache.completed(here)


def test_a_failure_is_not_taken_for_a_result(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    store(cache, calculation("k", "failed"))
    (tmp_path / "k.failed").rename(tmp_path / "k")
    with pytest.raises(CacheError, match=r"k/result\.json is of a calculation that is failed, in"):
        cache.completed("k")


def test_a_cut_off_line_of_the_journal_takes_no_other_with_it(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    cache.note("started", "A", "a")
    journal = tmp_path / "journal.jsonl"
    journal.write_bytes(journal.read_bytes() + b'{"event": "started", "key": "b", "lab')
    assert [entry.key for entry in cache.journal()] == ["a"]
    cache.note("started", "C", "c")
    cache.note("started", "D", "d")
    assert [entry.key for entry in cache.journal()] == ["a", "c", "d"]


def test_lines_of_the_journal_that_are_not_ours_are_left_out(tmp_path: Path) -> None:
    cache = CalculationCache(tmp_path)
    (tmp_path / "journal.jsonl").write_bytes(b'\n5\n[1]\n{"event": "started"}\n\xff\n')
    cache.note("started", "with a line\nbreak, é and 'quotes'", "a")
    assert [entry.label for entry in cache.journal()] == ["with a line\nbreak, é and 'quotes'"]


def process(folder: Path, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, store_calculations.__file__, str(folder), *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def killed(tmp_path: Path) -> Path:
    """A cache whose writer was killed when the result was half on the disk."""
    with process(tmp_path, "completed", "k", -1.0, 0) as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "writing\n"
        writer.kill()
    return tmp_path


def test_what_a_killed_calculation_resumes_from_is_handed_to_the_next_attempt(
    tmp_path: Path,
) -> None:
    cache = CalculationCache(tmp_path)
    left = tmp_path / ".partial-k-1-abc"
    (left / "continue").mkdir(parents=True)
    (left / "continue/state.json").write_text("step 3", encoding="utf-8")
    (tmp_path / "k.failed/continue").mkdir(parents=True)
    (tmp_path / "k.failed/continue/state.json").write_text("step 1", encoding="utf-8")
    assert cache.sweep() == 1
    assert cache.can_resume("k")
    assert cache.failed("k") is None
    with cache.workspace("k") as workspace:
        cache.hand_over("k", workspace)
        state = workspace / "continue/state.json"
        assert state.read_text(encoding="utf-8") == "step 3"
        assert cache.store(calculation("k", energy_ev=-3.0), workspace).energy_ev == -3.0
    assert not cache.can_resume("k")


def test_a_kill_in_the_middle_of_writing_leaves_no_result(killed: Path) -> None:
    cache = CalculationCache(killed)
    assert [path.parent.name[:9] for path in killed.glob("*/result.json")] == [".partial-"]
    assert cache.completed("k") is None
    assert not cache.has_completed("k")
    assert cache.sweep() == 1
    assert [path.name for path in killed.iterdir()] == ["journal.jsonl"]
    assert [entry.event for entry in cache.journal()] == ["started"]
    store(cache, calculation("k", energy_ev=-3.0))
    found = cache.completed("k")
    assert found is not None
    assert found.energy_ev == -3.0


def test_a_kill_at_any_moment_leaves_whole_results_only(tmp_path: Path) -> None:
    with process(tmp_path, "completed", "k", -1.0, 100_000) as writer:
        assert writer.stdin is not None
        assert writer.stdout is not None
        writer.stdin.write("\n")
        writer.stdin.flush()
        writer.stdout.readline()
        time.sleep(0.2)
        writer.kill()
    cache = CalculationCache(tmp_path)
    stored = [path.name for path in tmp_path.iterdir() if path.name.startswith("k-")]
    assert len(stored) > 1
    for name in stored:
        document = cache.completed(name)
        assert document is not None
        assert document.energy_ev == -1.0
    completed = [entry.key for entry in cache.journal() if entry.event == "completed"]
    assert set(completed) <= set(stored)
    assert len(stored) - len(completed) <= 1
    assert cache.sweep() <= 1


def race(folder: Path, status: str) -> list[list[str]]:
    """Two processes store the same calculations with different numbers at the same time."""
    processes = [process(folder, status, "k", energy, N_RACED) for energy in (-1.0, -2.0)]
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    printed = [each.communicate(timeout=60)[0].splitlines() for each in processes]
    assert [each.returncode for each in processes] == [0, 0]
    return printed


def test_two_processes_with_one_key_go_on_with_the_same_result(tmp_path: Path) -> None:
    first, second = race(tmp_path, "completed")
    assert first == second
    cache = CalculationCache(tmp_path)
    stored = [cache.completed(f"k-{index}") for index in range(N_RACED)]
    assert [str(d.energy_ev) for d in stored if isinstance(d, CalculationDocument)] == first
    events = [entry.event for entry in cache.journal()]
    assert events.count("started") == 2 * N_RACED
    assert events.count("completed") == N_RACED
    assert not list(tmp_path.glob(".partial-*"))


def test_two_processes_that_fail_at_one_key_leave_one_reason(tmp_path: Path) -> None:
    race(tmp_path, "failed")
    cache = CalculationCache(tmp_path)
    assert len(failures(cache)) == N_RACED
    assert {failure.reason for failure in failures(cache)} <= {"reason -1.0", "reason -2.0"}
    assert len(cache.journal()) == 4 * N_RACED
    assert not list(tmp_path.glob(".partial-*"))


def test_documents_are_the_last_attempts_or_the_reason_why_there_is_none(
    tmp_path: Path,
) -> None:
    cache = CalculationCache(tmp_path)
    cache.note("started", "killed", "k")
    cache.note("skipped", "skipped", reason="no slab")
    cache.note("missing", "dead", reason="the worker died")
    found = cache.documents(["killed", "skipped", "dead", "never tried"])
    assert {label: (one.status, one.reason) for label, one in found.items()} == {
        "killed": ("missing", "the run ended before it did"),
        "skipped": ("skipped", "no slab"),
        "dead": ("missing", "the worker died"),
        "never tried": ("missing", "its job ended without a result"),
    }


def test_what_another_study_completed_is_taken_but_not_what_is_its_own(tmp_path: Path) -> None:
    theirs, mine = CalculationCache(tmp_path / "theirs"), CalculationCache(tmp_path / "mine")
    store(theirs, calculation("bare", label="bare_x1.0000"))
    store(theirs, calculation("coated", label="coated_a_x1.0000"))
    mine.take_from(theirs, but=("coated_",))
    assert mine.n_completed() == 1
    assert mine.completed(calculation("bare").key) == theirs.completed(calculation("bare").key)
    assert mine.journal() == []
    assert not list(mine.folder.glob(".partial-*"))
