-- Who may do what in a shared library; to be run in its database by the role that made it, or a superuser.
--
-- Then, for each person, whose role is their own: CREATE ROLE anna LOGIN; GRANT trove_editor TO anna;
-- An owner is a member of the role that made the library: GRANT trove TO anna;

DO $$ BEGIN
    IF to_regrole('trove_reader') IS NULL THEN CREATE ROLE trove_reader; END IF;
    IF to_regrole('trove_editor') IS NULL THEN CREATE ROLE trove_editor IN ROLE trove_reader; END IF;
END $$;

-- Readers search, and see hits, transcripts and what is shared.
GRANT SELECT ON ALL TABLES IN SCHEMA public TO trove_reader;
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO trove_reader;

-- Editors save searches, judge, correct, hide, and name events and people; they do not index.
GRANT INSERT, UPDATE, DELETE ON
    saved_search, judgement, opened, correction, hidden, stack_choice, event_said, event_picture, person, person_face,
    event, event_member, stack_member, face_group, face_member, unit, embedding, fact, asset_tag, passage, passage_term, null_scores
TO trove_editor;
GRANT UPDATE ON library, asset, content, analysis TO trove_editor;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO trove_editor;

-- Where the server searches vectors, corrections change these, too.
DO $$ BEGIN
    IF to_regclass('half') IS NOT NULL THEN
        GRANT INSERT, UPDATE, DELETE ON half TO trove_editor;
        GRANT UPDATE ON graph TO trove_editor;
    END IF;
END $$;
