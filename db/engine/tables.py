"""The schema on PostgreSQL: the tables of the models, the functions that it lacks, and the full text.

A new library is made of the models as they are now, so that there is one description of the tables. What
changes later is a list of statements for each number, as on SQLite (``db.engine.migrations``).
"""

from collections.abc import Mapping, Sequence

from sqlalchemy import Connection, inspect, text
from sqlalchemy.schema import AddConstraint

from db.engine import migrations
from db.engine.functions import EARTH_KM
from db.engine.jobs import QueueBase
from db.engine.steps import AUTHORED
from db.engine.textsearch import MOST_LETTERS, tsvector
from db.engine.users import METADATA
from db.errors import LibraryDamagedError, LibraryError
from db.words.forms import indexed

FIRST = 16
"""The number of the schema that the first library on PostgreSQL had."""

_BOX = """at_s DOUBLE PRECISION,
        x DOUBLE PRECISION NOT NULL,
        y DOUBLE PRECISION NOT NULL,
        w DOUBLE PRECISION NOT NULL,
        h DOUBLE PRECISION NOT NULL"""
_PEOPLE = (
    "ALTER TABLE library ADD COLUMN peopled BIGINT NOT NULL DEFAULT 0",
    """CREATE TABLE person (
        id BIGSERIAL NOT NULL PRIMARY KEY,
        owner VARCHAR COLLATE "C" NOT NULL DEFAULT '',
        name VARCHAR COLLATE "C",
        hidden BOOLEAN NOT NULL DEFAULT false,
        said_at TIMESTAMP WITHOUT TIME ZONE NOT NULL)""",
    f"""CREATE TABLE person_face (
        id BIGSERIAL NOT NULL PRIMARY KEY,
        owner VARCHAR COLLATE "C" NOT NULL DEFAULT '',
        person_id BIGINT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        is_theirs BOOLEAN NOT NULL,
        shown BOOLEAN NOT NULL DEFAULT false,
        sha256 BYTEA NOT NULL,
        {_BOX})""",
    "CREATE INDEX person_face_person ON person_face (person_id)",
    "CREATE INDEX person_face_content ON person_face (sha256)",
    """CREATE TABLE face_group (
        id BIGSERIAL NOT NULL PRIMARY KEY,
        person_id BIGINT REFERENCES person (id) ON DELETE SET NULL,
        name VARCHAR COLLATE "C")""",
    f"""CREATE TABLE face_member (
        id BIGSERIAL NOT NULL PRIMARY KEY,
        group_id BIGINT NOT NULL REFERENCES face_group (id) ON DELETE CASCADE,
        content_id BIGINT NOT NULL REFERENCES content (id) ON DELETE CASCADE,
        unit_id BIGINT REFERENCES unit (id) ON DELETE SET NULL,
        {_BOX})""",
    "CREATE INDEX face_member_group ON face_member (group_id)",
    "CREATE INDEX face_member_unit ON face_member (unit_id)",
    "CREATE INDEX face_member_content ON face_member (content_id)",
)

LOCKS = 0x54525645
"""What our locks have in common in a database that may know others: "TRVE"."""
WORKERS = 1 << 16
"""The lock of a worker is its number behind this one."""

_ATTENDS = f"""CREATE FUNCTION trove_attends(worker bigint) RETURNS boolean LANGUAGE sql AS $$
    SELECT EXISTS (
        SELECT FROM pg_locks
        WHERE locktype = 'advisory' AND granted AND classid = {LOCKS} AND objid::bigint = {WORKERS} + worker
            AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) $$"""  # noqa: S608 - of this module alone

# What is made by whoever may do all in the library belongs to all.
_OWNER = """CREATE FUNCTION trove_owner() RETURNS varchar LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN pg_has_role(current_user, relowner, 'MEMBER') THEN '' ELSE current_user::varchar END
    FROM pg_class WHERE oid = 'library'::regclass $$"""

_PRIVATE = tuple(
    statement.format(name)
    for name in ("saved_search", "judgement", "opened")
    for statement in (
        "ALTER TABLE {0} ALTER owner SET DEFAULT trove_owner()",
        "ALTER TABLE {0} ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY seen ON {0} FOR SELECT USING (owner = '' OR owner = trove_owner())",
        "CREATE POLICY own ON {0} USING (owner = trove_owner()) WITH CHECK (owner = trove_owner())",
    )
)
"""What people make for themselves: who may not do all sees what is shared, and changes what is their own."""

_SAID = tuple(f"ALTER TABLE {name} ALTER author SET DEFAULT current_user" for name in AUTHORED)
"""What all see, or may see, says who said it."""

STEPS: Mapping[int, Sequence[str]] = {
    17: _PEOPLE,
    18: (
        """CREATE TABLE worker (
            id bigserial PRIMARY KEY,
            machine varchar COLLATE "C" NOT NULL,
            surveys boolean NOT NULL,
            alive_until float8 NOT NULL)""",
        """CREATE TABLE job (
            id bigserial PRIMARY KEY,
            run_id bigint NOT NULL,
            analyser varchar COLLATE "C" NOT NULL,
            needs varchar COLLATE "C" NOT NULL,
            root varchar COLLATE "C" NOT NULL,
            path varchar COLLATE "C" NOT NULL,
            size bigint NOT NULL,
            mtime_ns bigint NOT NULL,
            asset_id bigint,
            content_id bigint,
            may_be_copy boolean NOT NULL,
            files bigint NOT NULL,
            holder bigint,
            attempts bigint NOT NULL,
            word varchar COLLATE "C")""",
        "CREATE INDEX job_open ON job (holder, id) WHERE word IS NULL",
        "CREATE INDEX job_path ON job (path)",
        _ATTENDS,
        _OWNER,
        *_PRIVATE,
    ),
    19: (
        *(
            f"""ALTER TABLE {name} ADD COLUMN author VARCHAR COLLATE "C" NOT NULL DEFAULT ''"""
            for name in AUTHORED
        ),
        *_SAID,
    ),
}
"""What changes a library of the number before; a test holds it against the models."""

_COLLATIONS = ("pg_unicode_fast", "pg_c_utf8", "und-x-icu", "C.utf8", "C.UTF-8")
"""Those that know capital letters of all scripts, the best first; the first two came with 18 and 17."""

# Of NULL they make NULL. Where that says itself, STRICT would keep the server from writing a function out in
# the query, and have it called for each row.
_FUNCTIONS = (
    # Case folding is that of Python, as far as the server's version goes.
    r"""CREATE FUNCTION trove_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT CASE WHEN octet_length(value) = length(value) THEN lower(value) ELSE
            {folded}(normalize(regexp_replace(normalize(value, NFD), '[\u0300-\u036f]', '', 'g'), NFC)
                COLLATE "{collation}")
        END $$""",
    r"""CREATE FUNCTION trove_matches(value text, pattern text) RETURNS boolean
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT value COLLATE "{collation}" ~ pattern $$""",
    f"""CREATE FUNCTION trove_km(latitude float8, longitude float8, to_latitude float8, to_longitude float8)
        RETURNS float8 LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT 2 * {EARTH_KM} * asin(least(1.0, sqrt(
            sin(radians(to_latitude - latitude) / 2) ^ 2
            + cos(radians(latitude)) * cos(radians(to_latitude))
            * sin(radians(to_longitude - longitude) / 2) ^ 2))) $$""",
    """CREATE FUNCTION instr(value text, part text) RETURNS integer
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$ SELECT strpos(value, part) $$""",
    """CREATE FUNCTION trove_ids(ids text) RETURNS TABLE (value bigint)
        LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
        SELECT each::bigint FROM json_array_elements_text(ids::json) AS own (each) $$""",
    """CREATE FUNCTION trove_query(asked text) RETURNS tsquery
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT (asked::json ->> 'query')::tsquery $$""",
    # Whether a text has all of some runs of terms near each other: FTS5's NEAR, for each alternative.
    """CREATE FUNCTION trove_all_near(written tsvector, runs json, apart integer) RETURNS boolean
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        WITH place AS (
            SELECT lexeme, at::integer
            FROM unnest(written) AS own (lexeme, positions), unnest(positions) AS at),
        run AS (
            SELECT each, number, terms
            FROM json_array_elements(runs) WITH ORDINALITY AS alternative (own, each),
                json_array_elements(own) WITH ORDINALITY AS part (terms, number)),
        start AS (
            SELECT each, number, at, json_array_length(terms) AS long FROM run
            JOIN place ON place.lexeme = terms ->> 0
            WHERE NOT EXISTS (
                SELECT FROM json_array_elements_text(terms) WITH ORDINALITY AS own (term, nth)
                WHERE NOT EXISTS (
                    SELECT FROM place AS beside
                    WHERE beside.lexeme = term AND beside.at = place.at + nth - 1)))
        SELECT EXISTS (
            SELECT FROM start AS last WHERE
                (SELECT count(DISTINCT number) FROM start
                    WHERE each = last.each AND at BETWEEN last.at - long - apart AND last.at)
                = (SELECT count(*) FROM run WHERE each = last.each)) $$""",
    """CREATE FUNCTION trove_near(written tsvector, asked text) RETURNS boolean
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT CASE WHEN asked::json ->> 'near' IS NULL THEN true ELSE
            trove_all_near(written, asked::json -> 'near', (asked::json ->> 'apart')::integer) END $$""",
)

_REST = (
    # Two active models of one role can never answer at once, whatever the code does.
    "CREATE UNIQUE INDEX space_active ON space (role) WHERE state = 'active'",
    """CREATE TABLE passage (
        rowid bigint PRIMARY KEY REFERENCES unit (id) ON DELETE CASCADE,
        written tsvector,
        otherwise tsvector)""",
    "CREATE INDEX passage_written ON passage USING gin (written)",
    "CREATE INDEX passage_otherwise ON passage USING gin (otherwise)",
    "CREATE INDEX passage_due ON passage (rowid) WHERE written IS NULL",
    # Of all texts that ever were: one that nobody has any more suggests nothing.
    'CREATE TABLE passage_term (term varchar COLLATE "C" PRIMARY KEY)',
    # The terms are made here, by whoever has written the text: the server knows no languages as we do.
    """CREATE FUNCTION trove_reworded() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF new.text IS NULL THEN
            DELETE FROM passage WHERE rowid = new.id;
        ELSE
            INSERT INTO passage (rowid) VALUES (new.id)
            ON CONFLICT (rowid) DO UPDATE SET written = NULL, otherwise = NULL;
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE TRIGGER unit_said AFTER INSERT ON unit FOR EACH ROW WHEN (new.text IS NOT NULL)
        EXECUTE FUNCTION trove_reworded()""",
    """CREATE TRIGGER unit_reworded AFTER UPDATE OF text, language ON unit FOR EACH ROW
        WHEN (new.text IS DISTINCT FROM old.text OR new.language IS DISTINCT FROM old.language)
        EXECUTE FUNCTION trove_reworded()""",
)


def version(connection: Connection) -> int | None:
    """The number of the schema; None in a database without a library.

    Raises:
        LibraryDamagedError: it holds the tables of another program.
    """
    tables = inspect(connection).get_table_names()
    if "trove_schema" in tables:
        return int(connection.exec_driver_sql("SELECT number FROM trove_schema").scalar_one())
    if tables:
        raise LibraryDamagedError(
            "the database holds another program's tables",
            "Make a database for Trove alone, and name it with --library.",
        )
    return None


def is_moving(connection: Connection) -> bool:
    """Whether a library is being moved into the database; see ``db.engine.transfer``."""
    return bool(connection.exec_driver_sql("SELECT to_regclass('moving') IS NOT NULL").scalar())


def pending(connection: Connection) -> bool:
    """Whether the database has no library yet, or one of an older schema.

    Raises:
        LibraryNewerError: a newer Trove wrote it.
        LibraryDamagedError: it holds the tables of another program.
    """
    number = version(connection)
    if number is not None:
        migrations.require_known(number)
    return number is None or number < len(migrations.MIGRATIONS)


def migrate(connection: Connection) -> None:
    """Make the library, or bring it up to date, in the caller's transaction, which nobody else writes beside.

    Raises:
        LibraryError: the server cannot hold a library.
    """
    number = version(connection)
    if number is None:
        _make(connection)
    else:
        for due in range(number + 1, len(migrations.MIGRATIONS) + 1):
            migrations.tell_step(due)
            for statement in STEPS[due]:
                connection.exec_driver_sql(statement)
    connection.execute(
        text("UPDATE trove_schema SET number = :number"), {"number": len(migrations.MIGRATIONS)}
    )


def _make(connection: Connection) -> None:
    METADATA.create_all(connection)
    QueueBase.metadata.create_all(connection)
    known = set(connection.exec_driver_sql("SELECT collname FROM pg_collation").scalars())
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    collation = next((name for name in _COLLATIONS if name in known), None)
    if collation is None or encoding != "UTF8":
        raise LibraryError(
            f"the database is encoded as {encoding}, which cannot hold the names of all files",
            "Make one in UTF-8: createdb --encoding UTF8 --template template0 NAME",
        )
    folded = "casefold" if collation == "pg_unicode_fast" else "lower"
    for statement in _FUNCTIONS:
        named = statement.replace("{collation}", collation).replace("{folded}", folded)
        connection.exec_driver_sql(named)
    for statement in (*_REST, _ATTENDS, _OWNER, *_PRIVATE, *_SAID):
        connection.exec_driver_sql(statement)
    connection.exec_driver_sql("INSERT INTO library (id) VALUES (1)")
    connection.exec_driver_sql("CREATE TABLE trove_schema (number integer NOT NULL)")
    connection.exec_driver_sql("INSERT INTO trove_schema VALUES (0)")


def forget_terms(connection: Connection) -> None:
    """Keep the terms of those texts alone that are there."""
    connection.exec_driver_sql("DELETE FROM passage_term")
    connection.exec_driver_sql(
        "INSERT INTO passage_term SELECT DISTINCT unnest(tsvector_to_array(written) "
        "|| tsvector_to_array(otherwise)) FROM passage WHERE written IS NOT NULL ON CONFLICT DO NOTHING"
    )


def drop_foreign_keys(connection: Connection) -> None:
    """Check no row for what it refers to; the terms of a text still go with it."""
    known = inspect(connection)
    for table in METADATA.sorted_tables:
        for key in known.get_foreign_keys(table.name):
            connection.exec_driver_sql(f'ALTER TABLE "{table.name}" DROP CONSTRAINT "{key["name"]}"')


def add_foreign_keys(connection: Connection) -> None:
    """Check all rows for what they refer to, and each from here on."""
    for table in METADATA.sorted_tables:
        for key in table.foreign_key_constraints:
            connection.execute(AddConstraint(key, isolate_from_table=False))


def index_texts(connection: Connection) -> None:
    """Make the terms of the texts that are new, or have changed."""
    rows = connection.exec_driver_sql(
        "SELECT unit.id, unit.text, unit.language FROM passage JOIN unit ON unit.id = passage.rowid "
        "WHERE passage.written IS NULL ORDER BY unit.id"
    ).all()
    if not rows:
        return
    terms: set[str] = set()
    passages = []
    for unit_id, words, language in rows:
        made = [(each or "").split(" ") if each else [] for each in indexed(words, language)]
        terms.update(*made)
        passages.append((*map(tsvector, made), unit_id))
    connection.exec_driver_sql(
        "UPDATE passage SET written = %s::tsvector, otherwise = %s::tsvector WHERE rowid = %s", passages
    )
    # In one order: who waits for another must not be waited for.
    connection.exec_driver_sql(
        "INSERT INTO passage_term SELECT unnest(%s::varchar[]) ON CONFLICT DO NOTHING",
        (sorted(term[:MOST_LETTERS] for term in terms),),
    )
