#include "format.h"

#include <jansson.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"
#include "events/text.h"
#include "view.h"

// Room for the line that tells what was left out.
#define LEFT_OUT_UNITS 64

struct measure {
    size_t bytes, units, characters;
};

// How much of `text` (valid UTF-8) fits into `limit` UTF-16 code units.
static struct measure measure_text(const char *text, size_t limit) {
    struct measure m = {0};
    size_t size = strlen(text);
    while (m.bytes < size) {
        uint32_t code = 0;
        size_t length = rf_utf8_decode(text + m.bytes, size - m.bytes, &code);
        size_t units = code > 0xFFFF ? 2 : 1;
        if (length == 0)
            length = 1;
        if (m.units + units > limit)
            break;
        m.bytes += length;
        m.units += units;
        m.characters++;
    }
    return m;
}

static size_t units_of(const char *text) {
    return measure_text(text, SIZE_MAX).units;
}

static char *text_of(const struct rf_alert *alert, struct rf_utc now) {
    struct rf_text head = {0}, tail = {0}, whole = {0};
    char age[RF_AGE_SIZE];
    rf_view_age(alert, now, age);
    rf_text_add(&head, "[%s] %s\n%s%s\n", alert->severity, alert->title, age,
                age[0] == '\0' ? "" : "\n");
    rf_text_add(&tail, "id: %s", alert->id);
    if (!head.failed && !tail.failed) {
        size_t taken = units_of(head.data) + units_of(tail.data) + 1;
        size_t room = RF_TELEGRAM_UNITS - taken;
        rf_text_add_bytes(&whole, head.data, head.size);
        if (units_of(alert->text) <= room)
            rf_text_add(&whole, "%s", alert->text);
        else {
            struct measure kept = measure_text(alert->text, room - LEFT_OUT_UNITS);
            size_t all = measure_text(alert->text, SIZE_MAX).characters;
            rf_text_add_bytes(&whole, alert->text, kept.bytes);
            rf_text_add(&whole, "\n[%zu characters left out]\n", all - kept.characters);
        }
        rf_text_add(&whole, "\n%s", tail.data);
    }
    whole.failed = whole.failed || head.failed || tail.failed;
    rf_text_fini(&head);
    rf_text_fini(&tail);
    return rf_text_take(&whole);
}

enum rf_err rf_format_telegram(const struct rf_alert *alert, const char *chat_id, struct rf_utc now,
                               char **body, struct rf_error *error) {
    char *text = text_of(alert, now);
    json_t *object = text == NULL ? NULL
                                  : json_pack("{s:s, s:s, s:b}", "chat_id", chat_id, "text", text,
                                              "disable_web_page_preview", 1);
    *body = object == NULL ? NULL : json_dumps(object, JSON_COMPACT);
    json_decref(object);
    free(text);
    if (*body == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a Telegram message");
    return RF_OK;
}
