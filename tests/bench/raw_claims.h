// The queue in plain SQL that claims are held against: a row of contact as a list brings it, what
// is due in an index of its own, one statement a claim.
#ifndef BENCH_RAW_CLAIMS_H
#define BENCH_RAW_CLAIMS_H

#define RAW_CLAIMS_TABLE(id)                                                                       \
    "CREATE TABLE contact (id " id ", campaign BIGINT NOT NULL, line BIGINT NOT NULL,"             \
    " phone TEXT NOT NULL, name TEXT, fields TEXT, state TEXT NOT NULL, step INTEGER NOT NULL,"    \
    " due BIGINT NOT NULL, owner BIGINT NOT NULL);"                                                \
    "CREATE INDEX contact_due ON contact (campaign, step, due, id) WHERE state = 'scheduled'"

// Row number `n`.
#define RAW_CLAIMS_ROW(n)                                                                          \
    "INSERT INTO contact (campaign, line, phone, name, fields, state, step, due, owner) VALUES"    \
    " (1, " n " + 2, '+' || (12020000000 + " n "), 'Contact ' || " n                               \
    ", '{\"city\":\"Washington\"}', 'scheduled', 0, 1700000000000000000, 0)"

#define RAW_CLAIMS_CLAIM(batch, lock)                                                              \
    "UPDATE contact SET state = 'running.script', owner = 1 WHERE id IN (SELECT id FROM contact"   \
    " WHERE campaign = 1 AND state = 'scheduled' AND step = 0 AND due <= 1800000000000000000"      \
    " ORDER BY due, id LIMIT " batch lock ")"                                                      \
    " RETURNING id, campaign, line, phone, name, fields, state, step, due"

#endif
