"""From a raw table to production predictions: the code behind the notebooks.

One module a stage (`collect`, `clean`, `features`, `split`, `train`, `evaluate`, `deploy`,
`monitor`) and a few that all of them share. Importing this package is cheap: it reads no file,
and heavy libraries are imported by the modules that use them.
"""

import os

# Threads that wait for each other by spinning stall for minutes when two runs share the cores
# (measured: over 100 s where 8 s are enough). OpenMP reads this when scikit-learn is imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"
