"""numpy with one thread for its sums: a search shares the machine, and waiting for a second thread takes longer."""

from __future__ import annotations

import os
import sys
from typing import Any


def one_thread() -> Any:
    """numpy. Where nobody loaded it before and nobody said otherwise, its linear algebra keeps to one thread."""
    if "numpy" not in sys.modules:
        os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    import numpy

    return numpy
