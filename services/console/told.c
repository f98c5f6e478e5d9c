#include "told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define DURATION_DIGITS 9

static bool is_form(const char *type) {
    static const char form[] = "application/x-www-form-urlencoded";
    return type != NULL && strncasecmp(type, form, sizeof form - 1) == 0;
}

static bool is_signed(const struct console_post *post, const struct rf_form *form,
                      const struct rf_secret *tokens, size_t count) {
    for (size_t i = 0; i < count && !form->cut; i++)
        if (tokens[i].value != NULL && rf_callback_signed(tokens[i].value, post->url, form->fields,
                                                          form->count, post->signature))
            return true;
    return false;
}

// Copies a word of the form; an absent or empty one leaves "". False: it is no such word.
static bool take_word(const struct rf_form *form, const char *name, const char *characters,
                      char *out, size_t size) {
    const char *value = rf_form_get(form, name);
    out[0] = '\0';
    if (value == NULL)
        return true;
    size_t length = strspn(value, characters);
    if (value[length] != '\0' || length >= size)
        return false;
    memcpy(out, value, length + 1);
    return true;
}

static bool take_form(const struct rf_form *form, struct console_told *told) {
#define SMALL  "abcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"
    char duration[DURATION_DIGITS + 1];
    if (!take_word(form, "CallSid", SMALL "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS, told->sid,
                   sizeof told->sid) ||
        !take_word(form, "CallStatus", SMALL "-", told->status, sizeof told->status) ||
        !take_word(form, "AnsweredBy", SMALL "_", told->answered_by, sizeof told->answered_by) ||
        !take_word(form, "CallDuration", DIGITS, duration, sizeof duration))
        return false;
    told->duration_s = duration[0] != '\0' ? strtoll(duration, NULL, 10) : -1;
    return told->sid[0] != '\0' && (told->status[0] != '\0' || told->answered_by[0] != '\0');
}

enum console_trust console_told_read(const struct console_post *post,
                                     const struct rf_secret *tokens, size_t count,
                                     struct console_told *told) {
    struct rf_form form;
    *told = (struct console_told){.duration_s = -1};
    if (!is_form(post->type) || post->signature == NULL)
        return CONSOLE_FORGED;
    if (rf_form_parse(&form, post->body) != RF_OK)
        return CONSOLE_UNUSABLE;
    enum console_trust trust = CONSOLE_FORGED;
    if (is_signed(post, &form, tokens, count))
        trust = take_form(&form, told) ? CONSOLE_SIGNED : CONSOLE_UNUSABLE;
    rf_form_fini(&form);
    return trust;
}

static bool put(json_t *data, const char *key, const char *text) {
    return text[0] == '\0' || json_object_set_new(data, key, json_string(text)) == 0;
}

json_t *console_told_data(const struct console_told *told, const char *attempt) {
    json_t *data = json_pack("{s:s,s:s}", "provider", rf_provider_name(RF_PROVIDER_TWILIO),
                             "attempt", attempt);
    bool whole = data != NULL && put(data, "status", told->status) &&
                 put(data, "answered_by", told->answered_by) &&
                 (told->duration_s < 0 ||
                  json_object_set_new(data, "duration_s", json_integer(told->duration_s)) == 0);
    if (!whole) {
        json_decref(data);
        return NULL;
    }
    return data;
}
