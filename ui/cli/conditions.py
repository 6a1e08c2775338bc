"""The conditions of a query as the help of commands lists them: those of the table, whoever filled it.

As with ``ui.cli.kinds`` the table brings the database: only those wait for it who read the help of a query.
"""


def rows() -> list[tuple[str, str]]:
    """How each condition is written, and what it finds, in the order of the table."""
    from search.query import conditions

    return [(", ".join(item.examples), item.help) for item in conditions.every().values()]
