"""The store's tables from their first version on, for `seg/store/migrate.py`."""
