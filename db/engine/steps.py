"""The SQL of each change of the schema, in their order. None is edited once it is released."""

from collections.abc import Iterator

FIRST = (
    """CREATE TABLE library (
        id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
        revision INTEGER NOT NULL DEFAULT 0)""",
    "INSERT INTO library (id) VALUES (1)",
    "CREATE TABLE root (id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, path VARCHAR NOT NULL UNIQUE)",
    """CREATE TABLE content (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        sha256 BLOB NOT NULL UNIQUE,
        kind VARCHAR NOT NULL,
        width INTEGER,
        height INTEGER,
        duration_s DOUBLE,
        taken_at DATETIME,
        latitude DOUBLE,
        longitude DOUBLE,
        camera VARCHAR,
        transcriber VARCHAR,
        has_audio BOOLEAN NOT NULL)""",
    """CREATE TABLE asset (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        path VARCHAR NOT NULL UNIQUE,
        size INTEGER NOT NULL,
        mtime_ns INTEGER NOT NULL,
        content_id INTEGER REFERENCES content (id),
        state VARCHAR NOT NULL,
        error VARCHAR,
        retry BOOLEAN NOT NULL DEFAULT 0,
        attempts INTEGER NOT NULL DEFAULT 0,
        indexed_at DATETIME NOT NULL)""",
    "CREATE INDEX asset_content ON asset (content_id)",
    "CREATE INDEX asset_state ON asset (state)",
    """CREATE TABLE unit (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        content_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
        kind VARCHAR NOT NULL,
        start_s DOUBLE,
        end_s DOUBLE,
        at_s DOUBLE,
        text VARCHAR)""",
    "CREATE INDEX unit_content ON unit (content_id)",
    """CREATE TABLE space (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        model VARCHAR NOT NULL,
        fingerprint VARCHAR NOT NULL,
        dim INTEGER NOT NULL,
        state VARCHAR NOT NULL,
        activated_at DATETIME,
        UNIQUE (model, fingerprint))""",
    # Two active models can never answer at once, whatever the code does.
    "CREATE UNIQUE INDEX space_active ON space (state) WHERE state = 'active'",
    """CREATE TABLE embedding (
        space_id INTEGER NOT NULL REFERENCES space (id) ON DELETE CASCADE,
        unit_id INTEGER NOT NULL REFERENCES unit (id) ON DELETE CASCADE,
        vector BLOB NOT NULL,
        PRIMARY KEY (space_id, unit_id))""",
    # Deleting a unit looks its embeddings up by unit alone.
    "CREATE INDEX embedding_unit ON embedding (unit_id)",
    """CREATE TABLE run (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        pid INTEGER NOT NULL,
        started_at DATETIME NOT NULL,
        updated_at DATETIME NOT NULL,
        finished_at DATETIME,
        total INTEGER NOT NULL,
        done INTEGER NOT NULL,
        report VARCHAR)""",
    """CREATE VIRTUAL TABLE passage USING fts5(
        text, content='unit', content_rowid='id', tokenize="porter unicode61 remove_diacritics 2")""",
    """CREATE TRIGGER unit_said AFTER INSERT ON unit WHEN new.text IS NOT NULL BEGIN
        INSERT INTO passage (rowid, text) VALUES (new.id, new.text);
    END""",
    """CREATE TRIGGER unit_unsaid AFTER DELETE ON unit WHEN old.text IS NOT NULL BEGIN
        INSERT INTO passage (passage, rowid, text) VALUES ('delete', old.id, old.text);
    END""",
)

SAVED_SEARCHES = (
    """CREATE TABLE saved_search (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        name VARCHAR NOT NULL UNIQUE,
        query VARCHAR NOT NULL,
        kind VARCHAR,
        created_at DATETIME NOT NULL,
        seen_content_id INTEGER NOT NULL)""",
    # No key to content or unit: what people have said must not go when a file does.
    """CREATE TABLE judgement (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        saved_id INTEGER NOT NULL REFERENCES saved_search (id) ON DELETE CASCADE,
        sha256 BLOB NOT NULL,
        kind VARCHAR NOT NULL,
        start_s DOUBLE NOT NULL,
        up BOOLEAN NOT NULL,
        path VARCHAR NOT NULL,
        UNIQUE (saved_id, sha256, kind, start_s))""",
)

NULL_SCORES = (
    """CREATE TABLE null_scores (
        space_id INTEGER NOT NULL PRIMARY KEY REFERENCES space (id) ON DELETE CASCADE,
        texts VARCHAR NOT NULL,
        pictures INTEGER NOT NULL,
        newest INTEGER NOT NULL,
        best_mean DOUBLE NOT NULL,
        best_deviation DOUBLE NOT NULL,
        spread DOUBLE NOT NULL,
        near_mean DOUBLE,
        near_deviation DOUBLE)""",
)


def _rebuilt(table: str, columns: str, select: str) -> Iterator[str]:
    """Statements that give a table other columns, as SQLite's manual has it ("Making other kinds of table
    schema changes"), with foreign keys off. Ids go on from where they were, so that none is used twice."""
    yield f"CREATE TABLE {table}_new ({columns})"
    yield f"INSERT INTO {table}_new {select}"
    yield f"DELETE FROM sqlite_sequence WHERE name = '{table}_new'"  # noqa: S608
    yield f"UPDATE sqlite_sequence SET name = '{table}_new' WHERE name = '{table}'"  # noqa: S608
    yield f"DROP TABLE {table}"
    yield f"ALTER TABLE {table}_new RENAME TO {table}"


# What was done is told by analyses and missing vectors alone, facts have sources, models have roles, and what
# users made has an owner and outlives files. The first edition's facts are the weakest claims: they give way
# when the files' headers are read.
ANALYSES = (
    """CREATE TABLE analysis (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        content_id INTEGER REFERENCES content (id) ON DELETE CASCADE,
        asset_id INTEGER REFERENCES asset (id) ON DELETE CASCADE,
        analyser VARCHAR NOT NULL,
        fingerprint VARCHAR NOT NULL,
        signature VARCHAR,
        state VARCHAR NOT NULL,
        error VARCHAR,
        took_ms INTEGER,
        CHECK ((content_id IS NULL) <> (asset_id IS NULL)))""",
    "CREATE UNIQUE INDEX analysis_content ON analysis (analyser, content_id)",
    "CREATE UNIQUE INDEX analysis_asset ON analysis (analyser, asset_id)",
    "CREATE INDEX analysis_of_content ON analysis (content_id)",
    "CREATE INDEX analysis_of_asset ON analysis (asset_id)",
    "CREATE INDEX analysis_state ON analysis (state, analyser)",
    """INSERT INTO analysis (content_id, analyser, fingerprint, state)
        SELECT id, 'pictures', '1', 'done' FROM content WHERE kind = 'image'""",
    """INSERT INTO analysis (content_id, analyser, fingerprint, state)
        SELECT id, 'frames', '1', 'done' FROM content WHERE kind = 'video'""",
    """INSERT INTO analysis (content_id, analyser, fingerprint, state)
        SELECT id, 'speech', coalesce(transcriber, 'builtin'), iif(has_audio, 'done', 'unwanted') FROM content
        WHERE kind <> 'image' AND (transcriber IS NOT NULL OR NOT has_audio)""",
    # A unit that no analysis accounts for would be lost.
    """INSERT INTO analysis (content_id, analyser, fingerprint, state)
        SELECT DISTINCT content_id, CASE kind
            WHEN 'image' THEN 'pictures' WHEN 'frame' THEN 'frames' ELSE 'speech' END, '1', 'done'
        FROM unit WHERE true ON CONFLICT DO NOTHING""",
    """CREATE TABLE fact (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        content_id INTEGER REFERENCES content (id) ON DELETE CASCADE,
        asset_id INTEGER REFERENCES asset (id) ON DELETE CASCADE,
        analysis_id INTEGER REFERENCES analysis (id) ON DELETE CASCADE,
        key VARCHAR NOT NULL,
        value VARCHAR NOT NULL,
        source VARCHAR NOT NULL,
        CHECK ((content_id IS NULL) <> (asset_id IS NULL)))""",
    "CREATE INDEX fact_content ON fact (content_id)",
    "CREATE INDEX fact_asset ON fact (asset_id)",
    "CREATE INDEX fact_analysis ON fact (analysis_id)",
    *(
        f"""INSERT INTO fact (content_id, key, value, source)
            SELECT id, '{key}', {value}, 'first edition' FROM content
            WHERE {column} IS NOT NULL AND typeof({column}) <> 'blob'"""  # noqa: S608
        for key, column, value in (
            ("taken_at", "taken_at", "json_quote(taken_at)"),
            ("place", "latitude + longitude", "json_array(latitude, longitude)"),
            ("camera", "camera", "json_quote(camera)"),
            ("size", "width + height", "json_array(width, height)"),
            ("duration", "duration_s", "json_quote(duration_s)"),
        )
    ),
    *(
        f"ALTER TABLE asset ADD COLUMN {column}"
        for column in (
            "taken_at DATETIME",
            "moment DATETIME",
            "latitude DOUBLE",
            "longitude DOUBLE",
            "camera VARCHAR",
            "width INTEGER",
            "height INTEGER",
            "duration_s DOUBLE",
        )
    ),
    """UPDATE asset SET (taken_at, latitude, longitude, camera, width, height, duration_s) = (
        SELECT taken_at, latitude, longitude, camera, width, height, duration_s
        FROM content WHERE content.id = asset.content_id)""",
    """UPDATE asset SET moment = coalesce(
        taken_at, strftime('%Y-%m-%d %H:%M:%f', mtime_ns / 1e9, 'unixepoch', 'localtime') || '000')""",
    """CREATE TABLE switch (
        analyser VARCHAR NOT NULL,
        folder VARCHAR NOT NULL,
        is_on BOOLEAN NOT NULL,
        PRIMARY KEY (analyser, folder))""",
    # Whoever never had anything transcribed had said so, by TROVE_WHISPER=none.
    """INSERT INTO switch SELECT 'speech', '.', 0
        WHERE EXISTS (SELECT 1 FROM content WHERE has_audio)
        AND NOT EXISTS (SELECT 1 FROM content WHERE transcriber IS NOT NULL)
        AND NOT EXISTS (SELECT 1 FROM unit WHERE kind = 'speech')""",
    """CREATE TABLE correction (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        sha256 BLOB NOT NULL,
        subject VARCHAR NOT NULL,
        start_s DOUBLE,
        end_s DOUBLE,
        x DOUBLE,
        y DOUBLE,
        w DOUBLE,
        h DOUBLE,
        value VARCHAR NOT NULL,
        created_at DATETIME NOT NULL)""",
    "CREATE INDEX correction_content ON correction (sha256)",
    *_rebuilt(
        "unit",
        """id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        content_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
        asset_id INTEGER REFERENCES asset (id) ON DELETE CASCADE,
        analysis_id INTEGER NOT NULL REFERENCES analysis (id) ON DELETE CASCADE,
        correction_id INTEGER REFERENCES correction (id) ON DELETE SET NULL,
        kind VARCHAR NOT NULL,
        start_s DOUBLE,
        end_s DOUBLE,
        at_s DOUBLE,
        x DOUBLE,
        y DOUBLE,
        w DOUBLE,
        h DOUBLE,
        text VARCHAR,
        language VARCHAR,
        track INTEGER,
        detail VARCHAR""",
        """(id, content_id, analysis_id, kind, start_s, end_s, at_s, text)
        SELECT unit.id, unit.content_id, analysis.id, kind, start_s, end_s, at_s, text
        FROM unit JOIN analysis ON analysis.content_id = unit.content_id AND analysis.analyser = CASE kind
            WHEN 'image' THEN 'pictures' WHEN 'frame' THEN 'frames' ELSE 'speech' END""",
    ),
    "CREATE INDEX unit_content ON unit (content_id)",
    "CREATE INDEX unit_analysis ON unit (analysis_id)",
    "CREATE INDEX unit_asset ON unit (asset_id)",
    # The triggers went with the table; the full text itself refers to it by name.
    *FIRST[-2:],
    """CREATE TRIGGER unit_reworded AFTER UPDATE OF text ON unit BEGIN
        INSERT INTO passage (passage, rowid, text)
            SELECT 'delete', old.id, old.text WHERE old.text IS NOT NULL;
        INSERT INTO passage (rowid, text) SELECT new.id, new.text WHERE new.text IS NOT NULL;
    END""",
    *_rebuilt(
        "space",
        """id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        role VARCHAR NOT NULL,
        model VARCHAR NOT NULL,
        fingerprint VARCHAR NOT NULL,
        dim INTEGER NOT NULL,
        state VARCHAR NOT NULL,
        activated_at DATETIME,
        UNIQUE (role, model, fingerprint)""",
        "SELECT id, 'clip', model, fingerprint, dim, state, activated_at FROM space",
    ),
    # Two active models of one role can never answer at once, whatever the code does.
    "CREATE UNIQUE INDEX space_active ON space (role) WHERE state = 'active'",
    *_rebuilt(
        "saved_search",
        """id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        name VARCHAR NOT NULL,
        query VARCHAR NOT NULL,
        kind VARCHAR,
        created_at DATETIME NOT NULL,
        seen INTEGER NOT NULL,
        UNIQUE (owner, name)""",
        "SELECT id, '', name, query, kind, created_at, seen_content_id FROM saved_search",
    ),
    *_rebuilt(
        "judgement",
        """id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        saved_id INTEGER NOT NULL REFERENCES saved_search (id) ON DELETE CASCADE,
        sha256 BLOB NOT NULL,
        kind VARCHAR NOT NULL,
        start_s DOUBLE,
        x DOUBLE,
        y DOUBLE,
        w DOUBLE,
        h DOUBLE,
        up BOOLEAN NOT NULL,
        path VARCHAR NOT NULL""",
        """(id, saved_id, sha256, kind, start_s, up, path)
        SELECT id, saved_id, sha256, kind, iif(kind = 'image', NULL, start_s), up, path FROM judgement""",
    ),
    "CREATE INDEX judgement_saved ON judgement (saved_id)",
    # Contents had come in the order of their ids, which saved searches remembered.
    "ALTER TABLE content ADD COLUMN arrived INTEGER NOT NULL DEFAULT 0",
    "UPDATE content SET arrived = id",
    "UPDATE library SET revision = 1 + max(revision, (SELECT coalesce(max(id), 0) FROM content))",
    *(
        f"ALTER TABLE content DROP COLUMN {column}"
        for column in (
            "width height duration_s taken_at latitude longitude camera transcriber has_audio".split()
        )
    ),
)

# What is new is told by the revision, since ids are not given in the order of commits. All that is there has
# been seen by whatever was made from it.
VECTOR_REVISIONS = (
    "ALTER TABLE embedding ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX embedding_revision ON embedding (space_id, revision)",
    "ALTER TABLE null_scores RENAME COLUMN newest TO revision",
    "UPDATE null_scores SET revision = (SELECT revision FROM library)",
)

# What the headers say is read with the next indexing, which takes the colours from the thumbnails; when
# contents came is told by their files, as far as it is known.
MORE_FACTS = (
    "ALTER TABLE asset ADD COLUMN lens VARCHAR",
    "ALTER TABLE asset ADD COLUMN screenshot BOOLEAN",
    "ALTER TABLE asset ADD COLUMN colours VARCHAR",
    "ALTER TABLE content ADD COLUMN added_at DATETIME",
    """UPDATE content SET added_at = (
        SELECT min(indexed_at) FROM asset WHERE asset.content_id = content.id)""",
)

# Nothing is remembered until somebody asks for it.
OPENED = (
    "ALTER TABLE library ADD COLUMN remembers_opened BOOLEAN NOT NULL DEFAULT 0",
    """CREATE TABLE opened (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        query VARCHAR NOT NULL,
        sha256 BLOB NOT NULL,
        start_s DOUBLE,
        rank INTEGER NOT NULL,
        opened_at DATETIME NOT NULL)""",
)

# Which contents belong together is worked out by the next indexing, which reads in the headers what says so.
STACKS = (
    "ALTER TABLE library ADD COLUMN stacked INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE stack_member (
        content_id INTEGER NOT NULL PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
        shown_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        reason VARCHAR NOT NULL)""",
    "CREATE INDEX stack_member_shown ON stack_member (shown_id)",
    """CREATE TABLE stack_choice (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        sha256 BLOB NOT NULL,
        chosen_at DATETIME NOT NULL,
        UNIQUE (owner, sha256))""",
)

# Nothing is hidden until somebody hides it.
HIDDEN = (
    """CREATE TABLE hidden (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        sha256 BLOB,
        path VARCHAR NOT NULL,
        hidden_at DATETIME NOT NULL)""",
    "CREATE INDEX hidden_content ON hidden (sha256)",
)
# Nothing was left out on purpose; what programs fill goes with the next indexing.
LEAVING_OUT = ("ALTER TABLE root ADD COLUMN exclude VARCHAR NOT NULL DEFAULT ''",)

# Filled by the next indexing, which finds every file as it was.
MOUNTS = ("CREATE TABLE mount (path VARCHAR NOT NULL PRIMARY KEY, volume VARCHAR NOT NULL)",)

# The terms of each text in its language, made by functions of ours, so that the index need know none. A text
# is taken for English until the next indexing tells its language. The index has its own copy of the terms:
# what it was given can be taken out again, whatever a newer stemmer makes of a word.
_TERMS = "INSERT INTO passage (rowid, written, otherwise) SELECT id, trove_written(text, language), "
FILL_WORDS = f"{_TERMS} trove_otherwise(text, language) FROM unit WHERE text IS NOT NULL"
_OF_NEW = FILL_WORDS.replace("WHERE", "WHERE id = new.id AND")
WORDS_IN_LANGUAGES = (
    *(f"DROP TRIGGER {name}" for name in ("unit_said", "unit_unsaid", "unit_reworded")),
    "DROP TABLE passage",
    """CREATE VIRTUAL TABLE passage USING fts5(
        written, otherwise, tokenize="ascii tokenchars '_'")""",
    f"CREATE TRIGGER unit_said AFTER INSERT ON unit WHEN new.text IS NOT NULL BEGIN {_OF_NEW}; END",
    """CREATE TRIGGER unit_unsaid AFTER DELETE ON unit WHEN old.text IS NOT NULL BEGIN
        DELETE FROM passage WHERE rowid = old.id;
    END""",
    f"""CREATE TRIGGER unit_reworded AFTER UPDATE OF text, language ON unit
    WHEN new.text IS NOT old.text OR new.language IS NOT old.language BEGIN
        DELETE FROM passage WHERE rowid = old.id;
        {_OF_NEW};
    END""",  # noqa: S608 - of this module alone
    "CREATE INDEX unit_language ON unit (language) WHERE text IS NOT NULL",
    FILL_WORDS,
)

# What people wrote is read by the next indexing, in the headers and beside the files.
WORDS_OF_PEOPLE = (
    "ALTER TABLE asset ADD COLUMN rating INTEGER",
    "ALTER TABLE asset ADD COLUMN label VARCHAR",
    "ALTER TABLE asset ADD COLUMN pick VARCHAR",
    "ALTER TABLE asset ADD COLUMN favourite BOOLEAN",
    """CREATE TABLE asset_tag (
        asset_id INTEGER NOT NULL REFERENCES asset (id) ON DELETE CASCADE,
        tag VARCHAR NOT NULL,
        level VARCHAR NOT NULL,
        PRIMARY KEY (asset_id, tag))""",
    "CREATE INDEX asset_tag_level ON asset_tag (level)",
)

# Filled by the next indexing, which reads headers and sidecars again, for their dates and places.
PLACE_NAMES = tuple(f"ALTER TABLE asset ADD COLUMN {name} VARCHAR" for name in ("city", "region", "country"))

# Events are worked out by the next indexing; nobody has said anything of them.
EVENTS = (
    "ALTER TABLE library ADD COLUMN eventful INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE event_said (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        name VARCHAR,
        said_at DATETIME NOT NULL)""",
    """CREATE TABLE event_picture (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        event_id INTEGER REFERENCES event_said (id) ON DELETE CASCADE,
        sha256 BLOB NOT NULL,
        UNIQUE (owner, sha256))""",
    "CREATE INDEX event_picture_event ON event_picture (event_id)",
    """CREATE TABLE event (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        said_id INTEGER REFERENCES event_said (id) ON DELETE SET NULL,
        name VARCHAR NOT NULL,
        words VARCHAR NOT NULL,
        first DATETIME NOT NULL,
        last DATETIME NOT NULL)""",
    """CREATE TABLE event_member (
        content_id INTEGER NOT NULL PRIMARY KEY REFERENCES content (id) ON DELETE CASCADE,
        event_id INTEGER NOT NULL REFERENCES event (id) ON DELETE CASCADE)""",
    "CREATE INDEX event_member_event ON event_member (event_id)",
)

# What was heard before a correction is kept from now on; of an older one nobody knows it.
CORRECTIONS_TAKEN_BACK = (
    "ALTER TABLE correction ADD COLUMN track INTEGER",
    "ALTER TABLE correction ADD COLUMN language VARCHAR",
    "ALTER TABLE correction ADD COLUMN replaced VARCHAR",
)

# Nobody looks for faces until people ask for it.
PEOPLE = (
    "ALTER TABLE library ADD COLUMN peopled INTEGER NOT NULL DEFAULT 0",
    """CREATE TABLE person (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        name VARCHAR,
        hidden BOOLEAN NOT NULL DEFAULT 0,
        said_at DATETIME NOT NULL)""",
    """CREATE TABLE person_face (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        owner VARCHAR NOT NULL DEFAULT '',
        person_id INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
        is_theirs BOOLEAN NOT NULL,
        shown BOOLEAN NOT NULL DEFAULT 0,
        sha256 BLOB NOT NULL,
        at_s DOUBLE,
        x DOUBLE NOT NULL,
        y DOUBLE NOT NULL,
        w DOUBLE NOT NULL,
        h DOUBLE NOT NULL)""",
    "CREATE INDEX person_face_person ON person_face (person_id)",
    "CREATE INDEX person_face_content ON person_face (sha256)",
    """CREATE TABLE face_group (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        person_id INTEGER REFERENCES person (id) ON DELETE SET NULL,
        name VARCHAR)""",
    """CREATE TABLE face_member (
        id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
        group_id INTEGER NOT NULL REFERENCES face_group (id) ON DELETE CASCADE,
        content_id INTEGER NOT NULL REFERENCES content (id) ON DELETE CASCADE,
        unit_id INTEGER REFERENCES unit (id) ON DELETE SET NULL,
        at_s DOUBLE,
        x DOUBLE NOT NULL,
        y DOUBLE NOT NULL,
        w DOUBLE NOT NULL,
        h DOUBLE NOT NULL)""",
    "CREATE INDEX face_member_group ON face_member (group_id)",
    "CREATE INDEX face_member_unit ON face_member (unit_id)",
    "CREATE INDEX face_member_content ON face_member (content_id)",
)

AUTHORED = (
    "saved_search",
    "correction",
    "stack_choice",
    "hidden",
    "event_said",
    "event_picture",
    "person",
    "person_face",
)
"""The tables of what says who said it, as of that step."""

# Of what was said before nobody knows by whom; on this machine there are no users.
AUTHORS = tuple(f"ALTER TABLE {name} ADD COLUMN author VARCHAR NOT NULL DEFAULT ''" for name in AUTHORED)
