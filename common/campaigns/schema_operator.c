// What operators need of the database of campaigns: the states of a campaign, contacts that go back
// into the queue, and counts that answer at once however many contacts there are.
#include "campaigns/schema.h"

// A column with another check takes the place of the old one, as neither database can change a
// check in place and contacts refer to the table.
#define STATES                                                                                     \
    "ALTER TABLE campaign ADD COLUMN stage TEXT NOT NULL DEFAULT 'loading'"                        \
    " CHECK (stage IN ('loading', 'running', 'paused', 'finished', 'cancelled'));"                 \
    "UPDATE campaign SET stage ="                                                                  \
    " CASE WHEN state = 'running' AND paused = 1 THEN 'paused' ELSE state END;"                    \
    "ALTER TABLE campaign DROP COLUMN state;"                                                      \
    "ALTER TABLE campaign DROP COLUMN paused;"                                                     \
    "ALTER TABLE campaign RENAME COLUMN stage TO state;"                                           \
    "ALTER TABLE campaign ADD COLUMN changed BIGINT NOT NULL DEFAULT 0;" /* since when it is so */ \
    "CREATE TABLE campaign_transition ("                                                           \
    " old TEXT NOT NULL, new TEXT NOT NULL, PRIMARY KEY (old, new));"                              \
    "INSERT INTO campaign_transition VALUES"                                                       \
    " ('loading', 'running'), ('loading', 'cancelled'),"                                           \
    " ('running', 'paused'), ('running', 'finished'), ('running', 'cancelled'),"                   \
    " ('paused', 'running'), ('paused', 'finished'), ('paused', 'cancelled'),"                     \
    " ('finished', 'running');"                                                                    \
    "INSERT INTO contact_transition VALUES"                                                        \
    " ('new', 'set_aside'), ('scheduled', 'set_aside'), ('waiting.retry', 'set_aside'),"           \
    " ('waiting.breaker', 'set_aside'), ('waiting.window', 'set_aside'),"                          \
    " ('set_aside', 'waiting.retry');"                                                             \
    "CREATE INDEX contact_ended ON contact (campaign, ended) WHERE ended > 0;"                     \
    "CREATE INDEX contact_set_aside ON contact (campaign, line) WHERE state = 'set_aside';"        \
    "CREATE INDEX contact_waiting ON contact (campaign, state, reason, due)"                       \
    " WHERE " RF_SCHEMA_WAITING_7 ";"

// Triggers count, not the code: whoever writes a contact, it is counted in the same transaction.
// Each orchestrator has rows of its own, so that none waits for another's commit: a row may be
// negative, their sum is right.
#define COUNTS                                                                                     \
    "CREATE TABLE campaign_count ("                                                                \
    " campaign BIGINT NOT NULL,"                                                                   \
    " owner BIGINT NOT NULL,"                                                                      \
    " state TEXT NOT NULL,"                                                                        \
    " outcome TEXT NOT NULL,"                                                                      \
    " reason TEXT NOT NULL,"                                                                       \
    " count BIGINT NOT NULL,"                                                                      \
    " PRIMARY KEY (campaign, state, outcome, reason, owner))"

#define COUNTED                                                                                    \
    "INSERT INTO campaign_count (campaign, owner, state, outcome, reason, count)"                  \
    " SELECT campaign, 0, state, coalesce (outcome, ''), coalesce (reason, ''), count (*)"         \
    " FROM contact GROUP BY campaign, state, coalesce (outcome, ''), coalesce (reason, '');"

#define COUNT_UP                                                                                   \
    " INSERT INTO campaign_count (campaign, owner, state, outcome, reason, count)"                 \
    "  VALUES (NEW.campaign, 0, NEW.state, coalesce (NEW.outcome, ''),"                            \
    "   coalesce (NEW.reason, ''), 1)"                                                             \
    "  ON CONFLICT (campaign, state, outcome, reason, owner) DO UPDATE SET count = count + 1;"
#define COUNT_DOWN                                                                                 \
    " UPDATE campaign_count SET count = count - 1 WHERE campaign = OLD.campaign"                   \
    "  AND state = OLD.state AND outcome = coalesce (OLD.outcome, '')"                             \
    "  AND reason = coalesce (OLD.reason, '') AND owner = 0;"

const char rf_schema_operator[] =
    STATES "CREATE TRIGGER campaign_update BEFORE UPDATE OF state ON campaign"
           " WHEN NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM campaign_transition"
           "  WHERE old = OLD.state AND new = NEW.state) BEGIN"
           " SELECT RAISE (ABORT, 'forbidden transition of a campaign'); END;" COUNTS
           " WITHOUT ROWID;" COUNTED
           "CREATE TRIGGER contact_count_insert AFTER INSERT ON contact BEGIN" COUNT_UP " END;"
           "CREATE TRIGGER contact_count_update AFTER UPDATE OF state, outcome, reason ON contact"
           " WHEN OLD.state <> NEW.state OR OLD.outcome IS NOT NEW.outcome"
           "  OR OLD.reason IS NOT NEW.reason BEGIN" COUNT_DOWN COUNT_UP " END;"
           "CREATE TRIGGER contact_count_delete AFTER DELETE ON contact BEGIN" COUNT_DOWN " END;";

// One statement for all rows of a statement: a row that is updated a million times in a transaction
// is slow here.
#define SUM_INTO                                                                                   \
    " INSERT INTO campaign_count AS k (campaign, owner, state, outcome, reason, count)"            \
    "  SELECT x.campaign, x.owner, x.state, coalesce (x.outcome, ''), coalesce (x.reason, ''),"    \
    "   sum (x.n) FROM ("
#define SUM_OF                                                                                     \
    ") x GROUP BY 1, 2, 3, 4, 5 HAVING sum (x.n) <> 0 ORDER BY 1, 2, 3, 4, 5"                      \
    "  ON CONFLICT (campaign, state, outcome, reason, owner)"                                      \
    "  DO UPDATE SET count = k.count + excluded.count; RETURN NULL; END $$;"

const char rf_schema_operator_postgres[] = STATES
    "CREATE FUNCTION campaign_guard () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF NEW.state <> OLD.state AND NOT EXISTS (SELECT 1 FROM campaign_transition t"
    "  WHERE t.old = OLD.state AND t.new = NEW.state) THEN"
    "  RAISE EXCEPTION 'forbidden transition of a campaign' USING ERRCODE = 'check_violation';"
    " END IF; RETURN NEW; END $$;"
    "CREATE TRIGGER campaign_guard BEFORE UPDATE OF state ON campaign"
    " FOR EACH ROW EXECUTE FUNCTION campaign_guard ();" COUNTS ";" COUNTED
    "CREATE FUNCTION contact_count_insert () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN" SUM_INTO
    "SELECT campaign, owner, state, outcome, reason, 1 AS n FROM added" SUM_OF
    "CREATE FUNCTION contact_count_update () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN" SUM_INTO
    "SELECT campaign, owner, state, outcome, reason, 1 AS n FROM added UNION ALL"
    " SELECT r.campaign, a.owner, r.state, r.outcome, r.reason, -1 FROM removed r"
    " JOIN added a ON a.id = r.id" SUM_OF
    "CREATE FUNCTION contact_count_delete () RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN" SUM_INTO
    "SELECT campaign, owner, state, outcome, reason, -1 AS n FROM removed" SUM_OF
    "CREATE TRIGGER contact_count_insert AFTER INSERT ON contact REFERENCING NEW TABLE AS added"
    " FOR EACH STATEMENT EXECUTE FUNCTION contact_count_insert ();"
    "CREATE TRIGGER contact_count_update AFTER UPDATE ON contact"
    " REFERENCING OLD TABLE AS removed NEW TABLE AS added"
    " FOR EACH STATEMENT EXECUTE FUNCTION contact_count_update ();"
    "CREATE TRIGGER contact_count_delete AFTER DELETE ON contact REFERENCING OLD TABLE AS removed"
    " FOR EACH STATEMENT EXECUTE FUNCTION contact_count_delete ();";
