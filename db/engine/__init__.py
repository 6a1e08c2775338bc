"""SQLite: connections and transactions, the schema and its migrations, backups, salvage of a damaged file."""
