"""Work that one process or one machine can't hold: Dask, DuckDB, storage of runs, pods.

May import: base, line.
"""
