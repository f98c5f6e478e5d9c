#include "corpus.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

json_t *corpus_load(void) {
    json_error_t error;
    json_t *corpus = json_load_file(CORPUS, 0, &error);
    if (corpus == NULL)
        fail_msg("%s:%d: %s", CORPUS, error.line, error.text);
    return corpus;
}

struct rf_redaction *corpus_redaction(const json_t *corpus, enum rf_redact_names names) {
    struct rf_redaction *redaction =
        rf_redaction_new(&(struct rf_redact_rules){.key = "sixteen bytes ..", .names = names});
    assert_non_null(redaction);
    assert_int_equal(
        rf_redaction_secret(redaction, json_string_value(json_object_get(corpus, "own"))), RF_OK);
    return redaction;
}

const char *corpus_leak(const json_t *entry, const char *text) {
    const json_t *piece;
    size_t i;
    json_array_foreach(json_object_get(entry, "secret"), i,
                       piece) if (text != NULL && strstr(text, json_string_value(piece)) !=
                                                      NULL) return json_string_value(piece);
    return NULL;
}
