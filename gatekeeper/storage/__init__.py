"""The database: one engine, short transactions, migrations. It knows no reader and no order; the rooms bring their tables.

SQLite is the embedded default, PostgreSQL the same code. A statement that only one of them understands stands in `writes.py`
or nowhere.
"""
