"""The database: its doors, the schema and its migrations, backups, salvage of a damaged file."""
