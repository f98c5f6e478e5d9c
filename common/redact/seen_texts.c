#include "redact/seen_texts.h"

#include <assert.h>
#include <string.h>

#include "base/block.h"
#include "events/json_line.h"
#include "redact/text_place.h"

void rf_seen_texts_begin(struct rf_seen_texts *seen, const struct rf_redaction *redaction) {
    if (seen->redaction != rf_redaction_number(redaction))
        *seen = (struct rf_seen_texts){.redaction = rf_redaction_number(redaction)};
}

// ---- clean ones ----

// Whether `text` is what is kept, which has the same size; without a call and a loop.
static bool is_kept(const char *kept, const struct rf_text_words *words, const char *text,
                    size_t size) {
    if (size < sizeof(rf_block)) {
        struct rf_text_words of = rf_text_words(kept, size);
        return words->first == of.first && words->last == of.last;
    }
    size_t last = size - sizeof(rf_block), middle = last / 2;
    return !rf_block_any((rf_block_at(text) ^ rf_block_at(kept)) |
                         (rf_block_at(text + middle) ^ rf_block_at(kept + middle)) |
                         (rf_block_at(text + last) ^ rf_block_at(kept + last)));
}
_Static_assert(RF_CLEAN_TEXT_BYTES <= 3 * sizeof(rf_block), "three blocks cover it");

static void add_kept(const struct rf_clean_text *kept, struct rf_text *json) {
    char *room = kept->plain ? rf_text_room(json, RF_CLEAN_TEXT_BYTES + 2) : NULL;
    if (room == NULL) {
        rf_json_line_add(json, kept->text, kept->size);
        return;
    }
    room[0] = '"';
    memcpy(room + 1, kept->text, RF_CLEAN_TEXT_BYTES); // always as many: no loop
    room[1 + kept->size] = '"';
    rf_text_take_room(json, kept->size + 2U);
}

static void keep(struct rf_clean_text *place, const char *text, size_t size) {
    memcpy(place->text, text, size);
    place->size = (unsigned char)size;
    place->plain = rf_json_line_is_plain(text, size);
}

// Looks through it; `place`: where a text of its kind is kept, NULL: nowhere.
static bool redact_anew(const struct rf_redaction *redaction, struct rf_clean_text *place,
                        const char *text, size_t size, struct rf_text *out, struct rf_text *json) {
    if (rf_redact(redaction, text, size, out))
        return true;
    if (place != NULL)
        keep(place, text, size);
    if (json != NULL)
        rf_json_line_add(json, text, size);
    return false;
}

bool rf_redact_again(const struct rf_redaction *redaction, struct rf_seen_texts *seen,
                     const char *text, size_t size, struct rf_text *out, struct rf_text *json) {
    assert(seen->redaction == rf_redaction_number(redaction));
    if (size == 0 || size > RF_CLEAN_TEXT_BYTES)
        return redact_anew(redaction, NULL, text, size, out, json);
    struct rf_text_words words = rf_text_words(text, size);
    struct rf_clean_text *place = &seen->clean[rf_text_place(&words, size, RF_CLEAN_TEXTS)];
    if (place->size != size || !is_kept(place->text, &words, text, size))
        return redact_anew(redaction, place, text, size, out, json);
    if (json != NULL)
        add_kept(place, json);
    return false;
}

// ---- numbers ----

enum rf_redact_verdict rf_redact_phone_again(const struct rf_redaction *redaction,
                                             struct rf_seen_texts *seen, const char *text,
                                             size_t size, struct rf_text *out) {
    assert(seen->redaction == rf_redaction_number(redaction));
    if (size == 0 || size > RF_SHOWN_PHONE_BYTES)
        return rf_redact_value(redaction, RF_REDACT_PHONE, text, size, out);
    struct rf_text_words words = rf_text_words(text, size), kept;
    struct rf_shown_phone *place = &seen->phones[rf_text_place(&words, size, RF_SHOWN_PHONES)];
    if (place->size == size) {
        kept = rf_text_words(place->text, size);
        if (rf_text_is(&words, text, size, &kept, place->text)) {
            rf_text_add_bytes(out, place->shown, place->shown_size);
            return RF_REDACT_CHANGED;
        }
    }
    size_t before = out->size;
    enum rf_redact_verdict verdict = rf_redact_value(redaction, RF_REDACT_PHONE, text, size, out);
    size_t shown = out->size - before;
    if (verdict != RF_REDACT_CHANGED || out->failed || shown > RF_SHOWN_PHONE_BYTES)
        return verdict;
    memcpy(place->text, text, size);
    memcpy(place->shown, out->data + before, shown);
    place->size = (unsigned char)size;
    place->shown_size = (unsigned char)shown;
    return verdict;
}
