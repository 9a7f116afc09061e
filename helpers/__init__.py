"""From a raw table to production predictions: the code behind the notebooks.

One module a stage (`collect`, `clean`, `features`, `split`, `train`, `evaluate`, `deploy`,
`monitor`) and a few that all of them share. Importing this package is cheap: it reads no file,
and heavy libraries are imported by the modules that use them.
"""

__version__ = "0.1.0"
