#include "syslog_record.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "events/sentence.h"

#define VALUE_BYTES  160 // of a parameter
#define SENTENCE_MIN 256 // so much of a message is kept for its sentence

// Header fields are printable ASCII without a space; "-" where there is nothing (RFC 5424, 6).
static void add_field(struct rf_text *out, const char *text, size_t limit) {
    size_t length = text == NULL ? 0 : strlen(text);
    if (length > limit)
        length = limit;
    for (size_t i = 0; i < length; i++) {
        bool fits = text[i] > ' ' && text[i] < 0x7f;
        rf_text_add_bytes(out, fits ? text + i : "?", 1);
    }
    rf_text_add(out, "%s ", length == 0 ? "-" : "");
}

static int severity_of(const char *severity) {
    static const struct {
        const char *name;
        int number; // 6.2.1
    } all[] = {{"info", 6}, {"warning", 4}, {"error", 3}, {"critical", 2}};
    for (size_t i = 0; severity != NULL && i < sizeof all / sizeof all[0]; i++)
        if (strcmp(severity, all[i].name) == 0)
            return all[i].number;
    return 3; // unknown: as if it were an error, as everywhere
}

static void add_header(struct rf_text *out, const struct rf_event *event,
                       const struct rf_syslog_form *form) {
    char time[RF_RFC3339_SIZE];
    rf_text_add(out, "<%d>1 %s ", form->facility * 8 + severity_of(event->severity),
                rf_utc_format((struct rf_utc){event->ts}, time));
    add_field(out, form->host, 255);
    add_field(out, form->app_name, 48);
    add_field(out, event->origin, 128); // one life of one process: PROCID
    add_field(out, event->type, 32);    // MSGID
}

// ' name="value"', or nothing if there is no value, or no room.
static void add_param(struct rf_text *out, size_t end, const char *name, const char *value) {
    struct rf_text clean = {0}, param = {0};
    if (value == NULL || value[0] == '\0')
        return;
    rf_text_add_clean(&clean, value, VALUE_BYTES);
    rf_text_add(&param, " %s=\"", name);
    for (size_t i = 0; i < clean.size; i++) {
        if (strchr("\"\\]", clean.data[i]) != NULL)
            rf_text_add_bytes(&param, "\\", 1);
        rf_text_add_bytes(&param, clean.data + i, 1);
    }
    rf_text_add_bytes(&param, "\"", 1);
    if (clean.failed || param.failed)
        out->failed = true;
    else if (out->size + param.size < end)
        rf_text_add_bytes(out, param.data, param.size);
    rf_text_fini(&clean);
    rf_text_fini(&param);
}

static void add_data(struct rf_text *out, size_t end, const struct rf_event *event,
                     const struct rf_syslog_form *form) {
    char n[24], seq[24] = "";
    snprintf(n, sizeof n, "%" PRId64, event->n);
    if (event->seq > 0)
        snprintf(seq, sizeof seq, "%" PRId64, event->seq);
    const struct {
        const char *name, *value;
    } params[] = {{"n", n},
                  {"id", event->id},
                  {"type", event->type},
                  {"severity", event->severity},
                  {"subject", event->subject},
                  {"service", event->service},
                  {"campaign", event->campaign},
                  {"contact", event->contact},
                  {"trace", event->trace},
                  {"stream", event->stream},
                  {"seq", seq}};
    rf_text_add(out, "[%s", form->sd_id);
    for (size_t i = 0; i < sizeof params / sizeof params[0]; i++)
        add_param(out, end, params[i].name, params[i].value);
    rf_text_add(out, "]");
}

static bool is_ascii(const struct rf_text *text) {
    for (size_t i = 0; i < text->size; i++)
        if ((unsigned char)text->data[i] >= 0x80)
            return false;
    return true;
}

// The mark says that it is UTF-8 (6.4); text that is ASCII needs none, and is read by more.
static void add_sentence(struct rf_text *out, size_t limit, const struct rf_event *event) {
    struct rf_text sentence = {0};
    rf_event_sentence(event, &sentence);
    bool ascii = is_ascii(&sentence);
    size_t room = limit - out->size - 1 - (ascii ? 0 : 3);
    if (sentence.failed)
        out->failed = true;
    else if (sentence.size > 0) {
        rf_text_add(out, ascii ? " " : " \xEF\xBB\xBF");
        rf_text_add_clean(out, sentence.data, room);
    }
    rf_text_fini(&sentence);
}

static void add_message(const struct rf_event *event, const struct rf_syslog_form *form,
                        struct rf_text *out) {
    add_header(out, event, form);
    add_data(out, form->limit - SENTENCE_MIN, event, form);
    if (!out->failed)
        add_sentence(out, form->limit, event);
}

void rf_syslog_record(const struct rf_redaction *redaction, const struct rf_event *event,
                      const struct rf_syslog_form *form, struct rf_text *out) {
    struct rf_redacted_event redacted;
    struct rf_text message = {0};
    if (rf_redact_event(redaction, event, &redacted) != RF_OK) {
        out->failed = true;
        return;
    }
    add_message(&redacted.event, form, &message);
    rf_redacted_event_fini(&redacted);
    if (form->counted)
        rf_text_add(out, "%zu ", message.size);
    if (message.failed)
        out->failed = true;
    else
        rf_text_add_bytes(out, message.data, message.size);
    rf_text_fini(&message);
}
