"""From a raw table to production predictions: the code behind the notebooks.

A folder for each stage (`collect`, `clean`, `features`, `split`, `train`, `evaluate`, `deploy`,
`monitor`), and the folders that they share; each says in its `__init__.py` what it is for and what
it may import. Importing this package is cheap: it reads no file, and heavy libraries are imported
by the modules that use them.
A package for each stage (`collect`, `clean`, `features`, `split`, `train`, `evaluate`, `deploy`,
`monitor`) and the ground that they stand on: docs/architecture.md has the map. Importing this
package is cheap: it reads no file, and heavy libraries are imported by the modules that use them.
"""

import os
import sys

from .pipeline.earlier_modules import EarlierModules

# OpenMP reads these when scikit-learn is imported. Threads that wait by spinning stall
# for minutes when two runs share the cores; threads that sleep at once make boosting four times
# slower on a quiet machine (measured: 3.4 s against 0.8 s). So they spin for a moment, then sleep.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "1000")
if (os.cpu_count() or 1) <= 2:  # one thread: as fast as two when quiet, twice as fast when not
    os.environ.setdefault("OMP_NUM_THREADS", "1")

sys.meta_path.append(EarlierModules())  # models stored by earlier versions name their modules

__version__ = "0.2.0"
