// The corpus of what must not leave the set, and of what must stay readable: corpus.json, which the
// tests with real processes read too.
#ifndef RF_TEST_REDACT_CORPUS_H
#define RF_TEST_REDACT_CORPUS_H

#include <jansson.h>

#include "redact/redact.h"

// corpus_load: the whole of it; fails the test if it cannot be read. The caller lets go of it.
json_t *corpus_load(void);

// corpus_redaction: one that knows the corpus's own secret.
struct rf_redaction *corpus_redaction(const json_t *corpus, enum rf_redact_names names);

// corpus_leak: the first of the pieces of `entry` that stand in `text`, or NULL.
const char *corpus_leak(const json_t *entry, const char *text);

#endif
