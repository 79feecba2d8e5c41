from __future__ import annotations

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from library_parts import an_artifact

from lamarck.library.licences import is_free, licence_named
from lamarck.library.packing import packed, unpacked


@given(st.text())
def test_a_record_comes_back_as_it_was(text: str) -> None:
    kept = text.encode(errors="replace").decode()
    assert unpacked(packed(kept)) == kept.encode()
    assert unpacked(kept) == kept, "as an earlier form stored it"


def test_an_artifact_becomes_much_smaller_and_damage_is_told() -> None:
    text = an_artifact().to_json()
    small = packed(text)
    assert len(small) < len(text) / 4
    for broken in (small[:-3], b"\0" + small[1:], small[: len(small) // 2]):
        with pytest.raises(zlib.error):
            unpacked(broken)


@pytest.mark.parametrize(
    ("stated", "name", "free"),
    [
        ("MIT", "MIT", True),
        ("MIT License", "MIT", True),
        ("Apache Software License 2.0", "Apache-2.0", True),
        ("BSD 3-Clause License", "BSD-3-Clause", True),
        ("GNU General Public License v3 (GPLv3)", "GPL", False),
        ("LGPL-2.1-or-later", "LGPL", False),
        ("GNU Lesser General Public License", "LGPL", False),
        ("Mozilla Public License 2.0 (MPL 2.0)", "MPL-2.0", False),
        ("GNU Affero General Public License v3", "AGPL", False),
        ("Python Software Foundation License", "PSF-2.0", True),
        ("MIT OR GPL-3.0-only", "MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", "MIT AND GPL-3.0-only", False),
        ("(MIT OR Apache-2.0) AND GPL-3.0-only", "(MIT OR Apache-2.0) AND GPL-3.0-only", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", "GPL-2.0-only WITH Classpath-exception-2.0", False),
        ("Proprietary", "unknown", False),
        ("", "unknown", False),
        ("All rights reserved, no permission for commitment", "unknown", False),
    ],
)
def test_licences_are_read_as_people_write_them(stated: str, name: str, free: bool) -> None:
    assert licence_named(stated) == name
    assert is_free(name) is free
    assert is_free(name, frozenset({name}))


def test_the_users_own_code_is_free() -> None:
    assert is_free(None)
