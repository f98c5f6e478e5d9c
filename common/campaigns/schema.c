#include "campaigns/schema.h"

#include "campaigns/schema_first.h"
#include "store/member.h"

// A migration that was released is never changed: the next one follows it. It is one text for both
// databases if it can be (BIGINT for numbers, as INTEGER is short in PostgreSQL), else
// schema_postgres.c has the other. The tables of
// transitions say the same as rf_contact_transitions and are held against it by a test; the
// triggers refuse what they do not list, whoever writes.
static const char first[] =
    "CREATE TABLE campaign ("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE,"
    " state TEXT NOT NULL CHECK (state IN ('loading', 'running', 'finished')),"
    " created INTEGER NOT NULL,"
    " started INTEGER,"
    " finished INTEGER);"

    "CREATE TABLE contact ("
    " id INTEGER PRIMARY KEY,"
    " campaign INTEGER NOT NULL REFERENCES campaign (id),"
    " line INTEGER NOT NULL,"
    " phone TEXT NOT NULL,"
    " name TEXT,"
    " fields TEXT,"
    " state TEXT NOT NULL DEFAULT 'new',"
    " step INTEGER NOT NULL DEFAULT 0 CHECK (step BETWEEN 0 AND 2)," // enum rf_step
    " due INTEGER NOT NULL DEFAULT 0,"
    " deferrals INTEGER NOT NULL DEFAULT 0,"
    " spent INTEGER NOT NULL DEFAULT 0,"
    " redials INTEGER NOT NULL DEFAULT 0,"
    " script TEXT,"
    " audio TEXT,"
    " audio_format TEXT,"
    " outcome TEXT,"
    " reason TEXT,"
    " message TEXT,"
    " UNIQUE (campaign, phone),"
    " UNIQUE (campaign, line));" RF_FIRST_CONTACT_INDEXES

    "CREATE TABLE contact_transition ("
    " old TEXT NOT NULL, new TEXT NOT NULL, PRIMARY KEY (old, new)) WITHOUT "
    "ROWID;" RF_FIRST_CONTACT_MOVES
    "CREATE TRIGGER contact_insert BEFORE INSERT ON contact WHEN NEW.state <> 'new' BEGIN"
    " SELECT RAISE (ABORT, 'a contact begins as new'); END;"
    "CREATE TRIGGER contact_update BEFORE UPDATE OF state ON contact"
    " WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM contact_transition"
    "  WHERE old = OLD.state AND new = NEW.state) BEGIN"
    " SELECT RAISE (ABORT, 'forbidden transition of a contact'); END;"

    "CREATE TABLE attempt ("
    " id TEXT PRIMARY KEY," // ULID; the id of its call on the bus
    " contact INTEGER NOT NULL REFERENCES contact (id),"
    " phone TEXT NOT NULL,"
    " created INTEGER NOT NULL,"
    " send_before INTEGER NOT NULL,"
    " state TEXT NOT NULL,"
    " sid TEXT,"
    " status TEXT) WITHOUT ROWID;" RF_FIRST_ATTEMPT_INDEXES

    "CREATE TABLE attempt_transition ("
    " old TEXT NOT NULL, new TEXT NOT NULL, PRIMARY KEY (old, new)) WITHOUT "
    "ROWID;" RF_FIRST_ATTEMPT_MOVES
    "CREATE TRIGGER attempt_insert BEFORE INSERT ON attempt WHEN NEW.state <> 'intent' BEGIN"
    " SELECT RAISE (ABORT, 'an attempt begins as intent'); END;"
    "CREATE TRIGGER attempt_update BEFORE UPDATE OF state ON attempt"
    " WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM attempt_transition"
    "  WHERE old = OLD.state AND new = NEW.state) BEGIN"
    " SELECT RAISE (ABORT, 'forbidden transition of an attempt'); END;"

    // AUTOINCREMENT: numbers ascend without reuse, also when all rows were sent and deleted.
    "CREATE TABLE outbox (seq INTEGER PRIMARY KEY AUTOINCREMENT, event TEXT NOT NULL);"
    // The stream's name belongs to this outbox: another database begins another stream at 1.
    "CREATE TABLE stream (name TEXT NOT NULL);"
    "INSERT INTO stream VALUES ('orchestrator-' || lower(hex(randomblob(8))));";

// A call that its provider denies for long is given up (follow.c).
static const char second[] =
    "INSERT INTO contact_transition VALUES ('running.follow', 'set_aside');";

// So is an attempt of which its provider refuses for long to say whether it has a call (dial.c).
static const char third[] = "INSERT INTO attempt_transition VALUES ('unknown', 'ended');";

// Whom a call did not reach is called again: how its calls ended, counted below one cap
// (outcome.c), and when it may be called. Claims go campaign by campaign, by priority (turn.c).
static const char fourth[] =
    "ALTER TABLE contact ADD COLUMN time_zone TEXT;"
    "ALTER TABLE contact ADD COLUMN busy INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN no_answer INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN failed INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN canceled INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN voicemail INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE contact ADD COLUMN last_unreached TEXT NOT NULL DEFAULT 'none';"
    "ALTER TABLE contact ADD COLUMN spoken BIGINT NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN priority INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE campaign ADD COLUMN paused INTEGER NOT NULL DEFAULT 0;"
    "DROP INDEX contact_queued;"
    "CREATE INDEX contact_queued ON contact (campaign, step, due, id) WHERE " RF_SCHEMA_QUEUED_4 ";"
    "INSERT INTO contact_transition VALUES"
    " ('running.dial', 'running.speech'),"
    " ('running.follow', 'waiting.retry'),"
    " ('running.follow', 'waiting.window');";

// Numbers that nobody may call; how many contacts a campaign has, and which columns, as asking all
// of them takes long; and what an export tells of a contact and its calls.
static const char fifth[] = "CREATE TABLE do_not_call ("
                            " number BIGINT PRIMARY KEY," // rf_phone_number
                            " since BIGINT NOT NULL,"
                            " why TEXT NOT NULL DEFAULT '');"
                            "CREATE TABLE campaign_column ("
                            " campaign BIGINT NOT NULL REFERENCES campaign (id),"
                            " name TEXT NOT NULL,"
                            " place BIGINT NOT NULL,"
                            " PRIMARY KEY (campaign, name));"
                            "ALTER TABLE campaign ADD COLUMN total BIGINT NOT NULL DEFAULT 0;"
                            "UPDATE campaign SET total ="
                            " (SELECT count (*) FROM contact WHERE contact.campaign = campaign.id);"
                            "ALTER TABLE contact ADD COLUMN created BIGINT NOT NULL DEFAULT 0;"
                            "ALTER TABLE contact ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;"
                            "ALTER TABLE attempt ADD COLUMN provider TEXT;"
                            "ALTER TABLE attempt ADD COLUMN ended BIGINT NOT NULL DEFAULT 0;"
                            "ALTER TABLE attempt ADD COLUMN duration_s BIGINT;";

// Several orchestrators share a database that is made for it: who works on a contact (member.h),
// and a stream of events for each, whose numbers have no gaps.
static const char sixth[] = RF_MEMBER_TABLE_SQLITE
    "ALTER TABLE contact ADD COLUMN owner BIGINT NOT NULL DEFAULT 0;"
    "CREATE INDEX contact_running ON contact (campaign, owner) WHERE " RF_SCHEMA_RUNNING_6 ";"
    "ALTER TABLE stream RENAME TO stream_5;"
    "ALTER TABLE outbox RENAME TO outbox_5;"
    "CREATE TABLE stream (id INTEGER PRIMARY KEY AUTOINCREMENT" RF_SCHEMA_STREAM ");"
    "INSERT INTO stream (name, next) SELECT name,"
    " coalesce ((SELECT seq + 1 FROM sqlite_sequence WHERE sqlite_sequence.name = 'outbox_5'), 1)"
    " FROM stream_5;"
    "CREATE TABLE outbox (" RF_SCHEMA_OUTBOX ") WITHOUT ROWID;"
    "INSERT INTO outbox SELECT stream.id, outbox_5.seq, event FROM outbox_5, stream;"
    "DROP TABLE outbox_5;"
    "DROP TABLE stream_5;";

// A campaign may have settings of its own (settings.h); whoever is about to be called is not, once
// the cap of calls is lower than the calls it had.
static const char eighth[] =
    "ALTER TABLE campaign ADD COLUMN settings TEXT;" // JSON; NULL: none of its own
    "ALTER TABLE campaign ADD COLUMN version BIGINT NOT NULL DEFAULT 0;" // of the settings
    "ALTER TABLE campaign ADD COLUMN concurrency BIGINT;" // out of the settings, for claims
    "INSERT INTO contact_transition VALUES ('running.dial', 'done');";

// Of PostgreSQL's plans, and of the work of its triggers: nothing to do here.
static const char ninth[] = "SELECT 1;";
static const char seventeenth[] = "SELECT 1;";

// See RF_SCHEMA_QUEUED: without lists an update of a contact takes two thirds of the time.
static const char tenth[] =
    "DROP INDEX contact_queued;"
    "CREATE INDEX contact_queued ON contact (campaign, step, due, id) WHERE " RF_SCHEMA_QUEUED ";"
    "DROP INDEX contact_running;"
    "CREATE INDEX contact_running ON contact (campaign, owner) WHERE " RF_SCHEMA_RUNNING ";"
    "DROP INDEX contact_waiting;"
    "CREATE INDEX contact_waiting ON contact (campaign, state, reason, due)"
    " WHERE " RF_SCHEMA_WAITING ";"
    "DROP INDEX attempt_open;"
    "CREATE UNIQUE INDEX attempt_open ON attempt (phone) WHERE " RF_SCHEMA_OPEN ";";

// A copy says when it was made, and a database that was restored from one when that was; a contact
// whose calls since then are not in it is asked for before it is dialled (backup.h).
static const char eleventh[] =
    "CREATE TABLE copy (made BIGINT NOT NULL);"
    "CREATE TABLE restored (made BIGINT NOT NULL, at BIGINT NOT NULL);"
    "ALTER TABLE contact ADD COLUMN ask_since BIGINT NOT NULL DEFAULT 0;";

// What is asked about an attempt, and when its absence is proven, stays as it was when it was
// begun, whatever the configuration is by then (dial.c).
static const char twelfth[] =
    "ALTER TABLE attempt ADD COLUMN account TEXT;" // NULL: not told
    "ALTER TABLE attempt ADD COLUMN sender TEXT;"  // the number that calls
    "ALTER TABLE attempt ADD COLUMN proven_after BIGINT NOT NULL DEFAULT 0;";

// The member that puts contacts of a started campaign into the queue (enqueue.h); 0: it is done.
static const char thirteenth[] =
    "ALTER TABLE campaign ADD COLUMN starting BIGINT NOT NULL DEFAULT 0;";

// Deaths of ours with a dial in hand are counted apart from dials without an answer (dial.h).
static const char fourteenth[] =
    "ALTER TABLE contact ADD COLUMN interruptions INTEGER NOT NULL DEFAULT 0;";

// One that was set aside with an open attempt is tried again by asking what became of that.
static const char fifteenth[] = "INSERT INTO contact_transition VALUES"
                                " ('set_aside', 'running.ask'), ('set_aside', 'running.follow');";

// By which windows, zone and holidays contacts wait; and the campaigns whose waiting contacts are
// being looked at again, with the line up to which they were (reopen.h).
static const char sixteenth[] =
    "CREATE TABLE calendar (id BIGINT PRIMARY KEY CHECK (id = 1), fingerprint TEXT NOT NULL);"
    "CREATE TABLE reopen (campaign BIGINT PRIMARY KEY, line BIGINT NOT NULL);";

// While its window is shut a contact is put off before its script or its speech is made, too; and
// those for whom something was made are counted: the index has more columns than are needed, as
// SQLite prefers one of all who wait to one with fewer that are compared.
static const char eighteenth[] =
    "INSERT INTO contact_transition VALUES"
    " ('running.script', 'waiting.window'), ('running.speech', 'waiting.window'),"
    " ('waiting.window', 'running.script'), ('waiting.window', 'running.speech');"
    "CREATE INDEX contact_ahead ON contact (campaign, state, last_unreached) WHERE " RF_SCHEMA_AHEAD
    ";";

// Dials that our own side refused before anything was sent are told apart; and questions about
// calls that a restored database does not know, which no dial of ours made, are marked as such.
static const char nineteenth[] =
    "ALTER TABLE attempt ADD COLUMN unsent INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE attempt ADD COLUMN question INTEGER NOT NULL DEFAULT 0;"
    "UPDATE attempt SET question = 1 WHERE " RF_SCHEMA_OPEN " AND created ="
    " (SELECT c.ask_since FROM contact c WHERE c.id = attempt.contact AND c.ask_since <> 0);";

// Since when it is told to stand still; NULL: it is not (stall_rows.h).
static const char twentieth[] = "ALTER TABLE campaign ADD COLUMN stalled BIGINT;";

const struct rf_migration rf_schema_migrations[] = {{1, first},
                                                    {2, second},
                                                    {3, third},
                                                    {4, fourth},
                                                    {5, fifth},
                                                    {6, sixth},
                                                    {7, rf_schema_operator},
                                                    {8, eighth},
                                                    {9, ninth},
                                                    {10, tenth},
                                                    {11, eleventh},
                                                    {12, twelfth},
                                                    {13, thirteenth},
                                                    {14, fourteenth},
                                                    {15, fifteenth},
                                                    {16, sixteenth},
                                                    {17, seventeenth},
                                                    {18, eighteenth},
                                                    {19, nineteenth},
                                                    {20, twentieth}};
const struct rf_migration rf_schema_postgres[] = {{1, rf_schema_postgres_first},
                                                  {2, second},
                                                  {3, third},
                                                  {4, fourth},
                                                  {5, fifth},
                                                  {6, rf_schema_postgres_sixth},
                                                  {7, rf_schema_operator_postgres},
                                                  {8, eighth},
                                                  {9, rf_schema_postgres_ninth},
                                                  {10, tenth},
                                                  {11, eleventh},
                                                  {12, twelfth},
                                                  {13, thirteenth},
                                                  {14, fourteenth},
                                                  {15, fifteenth},
                                                  {16, sixteenth},
                                                  {17, rf_schema_postgres_seventeenth},
                                                  {18, eighteenth},
                                                  {19, nineteenth},
                                                  {20, twentieth}};
const size_t rf_schema_migration_count = sizeof rf_schema_migrations / sizeof *rf_schema_migrations;
_Static_assert(sizeof rf_schema_postgres == sizeof rf_schema_migrations,
               "both databases have the same versions");
