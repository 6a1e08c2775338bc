"""Health of a library: its contents in numbers, disk usage and diagnostics."""
