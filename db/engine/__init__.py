"""SQLite: connections and transactions, the schema and its migrations, recovery of a damaged file."""
