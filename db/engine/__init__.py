"""SQLite: connections and transactions, the schema and its migrations, salvage of a damaged file."""
