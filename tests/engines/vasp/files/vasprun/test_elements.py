"""Small parts of vasprun.xml: numbers as Fortran writes them, and nothing else taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import numpy as np
import pytest

from llo_dft.engines.vasp.files.byte_stream import ByteStream
from llo_dft.engines.vasp.files.file_errors import VaspFileError
from llo_dft.engines.vasp.files.vasprun.elements import (
    XmlPart,
    as_float,
    as_int,
    parse_part,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def stream(tmp_path: Path) -> Iterator[ByteStream]:
    (tmp_path / "vasprun.xml").write_text("<modeling>\n", encoding="ascii")
    with ByteStream(tmp_path / "vasprun.xml") as opened:
        yield opened


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("  -41.25248314 ", -41.25248314),
        (".5", 0.5),
        ("3.", 3.0),
        ("0.1000E-03", 1e-4),
        ("0.25D+02", 25.0),
        ("0.12345-101", 0.12345e-101),  # three digits leave no room for the E
        ("+7", 7.0),
    ],
)
def test_a_number_of_fortran(stream: ByteStream, text: str, value: float) -> None:
    assert as_float(stream, text, "here") == value


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("NaN", "not_a_number"),
        ("-Infinity", "not_a_number"),
        ("********", "not_a_number"),
        ("1.2.3", "corrupt"),
        ("0x10", "corrupt"),
        ("1_000", "corrupt"),  # Python would take this one
        ("", "corrupt"),
    ],
)
def test_what_is_no_number_is_named_for_what_it_is(
    stream: ByteStream, text: str, fault: str
) -> None:
    with pytest.raises(VaspFileError, match="; expected a number") as caught:
        as_float(stream, text, "here")
    assert caught.value.fault == fault


def test_a_whole_number_has_no_point(stream: ByteStream) -> None:
    assert as_int(stream, "  -12 ", "here") == -12
    with pytest.raises(VaspFileError, match=r"'12\.0'; expected a whole number"):
        as_int(stream, "12.0", "here")


def test_an_entity_is_refused_before_it_is_expanded(stream: ByteStream) -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bbbb">]><a>&b;</a>'
    with pytest.raises(VaspFileError, match="declarations, entities and comments") as caught:
        parse_part(stream, bomb, 0, "header")
    assert caught.value.fault == "refused"
    with pytest.raises(VaspFileError, match=r"line 1 of this part, column \d+: mismatched tag"):
        parse_part(stream, b"<a><b></a>", 0, "header")


def test_a_text_of_incar_holds_any_character(stream: ByteStream) -> None:
    """VASP writes SYSTEM as it is, which XML does not allow of two characters."""
    item = b'<incar>\n <i type="string" name="SYSTEM">x < 0.5 & > LCO</i>\n</incar>'
    found = parse_part(stream, item, 0, "<incar>").settings()
    assert found == {"SYSTEM": "x < 0.5 & > LCO"}
    with pytest.raises(VaspFileError, match=r"line 2 of this part, column \d+: not well-formed"):
        parse_part(stream, item.replace(b"LCO", b"\0"), 0, "<incar>")
    with pytest.raises(VaspFileError, match="not well-formed"):
        parse_part(stream, item.replace(b"string", b"int"), 0, "<incar>")


def test_rows_of_a_varray_are_all_of_one_width(stream: ByteStream) -> None:
    rows = ET.fromstring('<varray name="basis"><v> 1.0 2.0 3.0 </v><v> 4.0 5.0 6.0</v></varray>')  # noqa: S314
    np.testing.assert_array_equal(XmlPart(stream, rows, "x").vectors(), [[1, 2, 3], [4, 5, 6]])
    rows[1].text = " 4.0 5.0"
    with pytest.raises(VaspFileError, match=r"row 2 does not have 3 numbers: ' 4\.0 5\.0'"):
        XmlPart(stream, rows, "x").vectors()


def test_a_missing_part_is_named(stream: ByteStream) -> None:
    with pytest.raises(VaspFileError, match="no element crystal/i"):
        XmlPart(stream, ET.Element("structure"), "here").child("crystal/i")


def test_settings_are_read_by_their_types_and_the_first_of_a_name_counts(
    stream: ByteStream,
) -> None:
    element = ET.fromstring(  # noqa: S314
        """<parameters>
  <separator name="electronic">
   <i type="int" name="NELM">  60</i><i name="ENCUT"> 520.0</i>
  </separator>
  <separator name="response functions"><i type="int" name="NELM"> 1</i></separator>
  <i type="logical" name="LASPH"> T  </i>
  <i type="string" name="PREC">accura</i>
  <v type="int" name="LDAUL"> 2 -1</v>
  <i type="int" name="RANDOM_SEED">*********</i>
  <i type="int" name="NELM"> 7</i>
</parameters>"""
    )
    assert XmlPart(stream, element, "<parameters>").settings() == {
        "NELM": 60,
        "ENCUT": 520.0,
        "LASPH": True,
        "PREC": "accura",
        "LDAUL": [2, -1],
    }
    element.find("i[@name='LASPH']").text = "maybe"  # type: ignore[union-attr]
    with pytest.raises(VaspFileError, match="'maybe'; expected T or F"):
        XmlPart(stream, element, "<parameters>").settings()
