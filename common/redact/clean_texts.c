#include "redact/clean_texts.h"

#include <string.h>

#include "redact/text_place.h"

static void forget_others(const struct rf_redaction *redaction, struct rf_clean_texts *seen) {
    if (seen->redaction == rf_redaction_number(redaction))
        return;
    *seen = (struct rf_clean_texts){.redaction = rf_redaction_number(redaction)};
}

bool rf_redact_again(const struct rf_redaction *redaction, struct rf_clean_texts *seen,
                     const char *text, size_t size, struct rf_text *out) {
    if (size == 0 || size > RF_CLEAN_TEXT_BYTES)
        return rf_redact(redaction, text, size, out);
    forget_others(redaction, seen);
    struct rf_text_words words = rf_text_words(text, size), kept;
    size_t place = rf_text_place(&words, size, RF_CLEAN_TEXTS);
    if (seen->places[place].size == size) {
        kept = rf_text_words(seen->places[place].text, size);
        if (rf_text_is(&words, text, size, &kept, seen->places[place].text))
            return false;
    }
    if (rf_redact(redaction, text, size, out))
        return true;
    memcpy(seen->places[place].text, text, size);
    seen->places[place].size = (unsigned char)size;
    return false;
}
