"""Settings of hypothesis: a busy machine is not a failure."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("ocinb", deadline=None)
settings.load_profile("ocinb")
