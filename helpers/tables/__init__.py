"""Reading a table from wherever it is: files, databases, the web, folders of Parquet.

May import: base, cells.
"""
