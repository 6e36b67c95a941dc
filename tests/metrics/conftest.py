from __future__ import annotations

from hypothesis import settings

# These laws are about what comes out, not about how long a busy machine takes for it.
settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
