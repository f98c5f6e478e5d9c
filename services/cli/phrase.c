#include "phrase.h"

#include "events/field.h"

void cli_phrase_since(struct rf_text *text, int64_t at, struct rf_utc now) {
    char span[RF_TIME_TEXT_SIZE];
    if (at > 0)
        rf_text_add(text, "for %s", rf_span_text(rf_utc_since(now, (struct rf_utc){at}), span));
}

void cli_phrase_because(struct rf_text *text, const char *why) {
    if (why[0] == '\0')
        return;
    rf_text_add(text, ": ");
    rf_text_add_clean(text, why, 200);
}
