"""A witness in the campaign's own database: triggers write down each change of a contact, each change of an
attempt and each event that is put into the outbox, in the transaction of the change. Nothing of the set knows of
them, and what they tell is what was committed. For both databases."""

import contextlib
import json
import sqlite3

SEEN = {
    "witness_contact": "contact BIGINT, old TEXT, new TEXT, steps BIGINT, owner BIGINT",
    "witness_attempt": "id TEXT, contact BIGINT, old TEXT, new TEXT, sid TEXT",
    "witness_event": "stream TEXT, number BIGINT, event TEXT",
}
# Name, when, of which table, the condition, into which table, and what.
TRIGGERS = [
    ("w_contact", "AFTER UPDATE OF state ON contact", "OLD.state <> NEW.state", "witness_contact",
     "(contact, old, new, steps, owner) VALUES (NEW.id, OLD.state, NEW.state, NEW.step - OLD.step, NEW.owner)"),
    ("w_attempt_new", "AFTER INSERT ON attempt", "NEW.id <> ''", "witness_attempt",
     "(id, contact, old, new, sid) VALUES (NEW.id, NEW.contact, '', NEW.state, NEW.sid)"),
    ("w_attempt", "AFTER UPDATE ON attempt", "OLD.state <> NEW.state", "witness_attempt",
     "(id, contact, old, new, sid) VALUES (NEW.id, NEW.contact, OLD.state, NEW.state, NEW.sid)"),
    ("w_event", "AFTER INSERT ON outbox", "NEW.seq > 0", "witness_event",
     "(stream, number, event) VALUES ((SELECT name FROM stream WHERE id = NEW.stream), NEW.seq, NEW.event)"),
]


class Sqlite:
    SERIAL = "INTEGER PRIMARY KEY AUTOINCREMENT"

    def __init__(self, file):
        self.file = file

    def rows(self, sql):
        with contextlib.closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True, timeout=30)) as db:
            return db.execute(sql).fetchall()

    def watch(self):
        with contextlib.closing(sqlite3.connect(self.file, timeout=30)) as db:
            for table, columns in SEEN.items():
                db.execute(f"CREATE TABLE {table} (place {self.SERIAL}, {columns})")
            for name, when, condition, table, what in TRIGGERS:
                db.execute(f"CREATE TRIGGER {name} {when} WHEN {condition} BEGIN INSERT INTO {table} {what}; END")
            db.commit()


class Postgres:
    SERIAL = "BIGSERIAL PRIMARY KEY"

    def __init__(self, server):
        self.server = server

    def rows(self, sql):
        """Each row as JSON, so that texts come whole and NULL is not ''."""
        return [tuple(json.loads(row[0]).values())
                for row in self.server.sql(f"SELECT row_to_json (r) FROM ({sql}) r")]

    def watch(self):
        for table, columns in SEEN.items():
            self.server.sql(f"CREATE TABLE {table} (place {self.SERIAL}, {columns});"
                            f"GRANT ALL ON {table}, {table}_place_seq TO ringfence")
        for name, when, condition, table, what in TRIGGERS:
            self.server.sql(f"CREATE FUNCTION {name} () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
                            f" INSERT INTO {table} {what}; RETURN NEW; END $$;"
                            f"CREATE TRIGGER {name} {when} FOR EACH ROW WHEN ({condition})"
                            f" EXECUTE FUNCTION {name} ()")
