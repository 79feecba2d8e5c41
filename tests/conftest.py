"""Settings of all tests."""

from __future__ import annotations

from hypothesis import settings

# A busy machine is no defect: no time limit on one example.
settings.register_profile("lamarck", deadline=None)
settings.load_profile("lamarck")
