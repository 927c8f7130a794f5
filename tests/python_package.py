# SPDX-License-Identifier: GPL-3.0-or-later
"""The Python package as tests import it: from the checkout, with the library
that belongs to the program under test."""
import os
import sys
from pathlib import Path

import matplotlib

from support import PROGRAM, SOURCE

matplotlib.use("Agg")
LIBRARY = Path(PROGRAM).parent / "librestrain.so.0"
os.environ["RESTRAIN_LIBRARY"] = str(LIBRARY)
os.environ["PYTHONPATH"] = str(SOURCE / "tools")
sys.path.insert(0, str(SOURCE / "tools"))
