#include "request.h"

#include <stdlib.h>
#include <string.h>

#include "contacts/template.h"
#include "dial.h"
#include "media/media.h"
#include "twiml.h"

// What placeholders may stand for: the columns, and above them the name and the number.
static json_t *fields_of(const struct rf_contact *contact) {
    json_t *fields = contact->fields ? json_loads(contact->fields, 0, NULL) : NULL;
    if (!json_is_object(fields)) {
        json_decref(fields);
        fields = json_object();
    }
    if (json_object_set_new(fields, "name", json_string(contact->name ? contact->name : "")) != 0 ||
        json_object_set_new(fields, "phone", json_string(contact->phone)) != 0) {
        json_decref(fields);
        return NULL;
    }
    return fields;
}

// The fields go along for a gateway that has to fill in a text of its own.
json_t *rf_request_script(const struct rf_contact *contact, const struct rf_config *config) {
    json_t *fields = fields_of(contact);
    char *prompt = fields ? rf_template_fill(config->orchestrator.prompt, fields, NULL, 0) : NULL;
    json_t *params = prompt ? json_pack("{s:s, s:O}", "prompt", prompt, "fields", fields) : NULL;
    free(prompt);
    json_decref(fields);
    return params;
}

json_t *rf_request_speech(const struct rf_contact *contact) {
    return json_pack("{s:s}", "text", contact->script ? contact->script : "");
}

// The TwiML of the dial. A contact whose audio is missing, as the configuration changed while it
// waited, is read to by the provider.
static char *twiml(const struct rf_contact *contact, const struct rf_config *config,
                   struct rf_utc now, struct rf_error *error) {
    const struct rf_config_telephony *telephony = &config->telephony;
    char *text;
    if (strcmp(telephony->audio, "play") == 0 && contact->audio[0]) {
        char path[RF_MEDIA_PATH_SIZE];
        if (rf_media_path(telephony->media_secret.value, rf_utc_add(now, telephony->media_ttl),
                          contact->audio, contact->audio_format, path, error) != RF_OK)
            return NULL;
        text = rf_twiml_play(telephony->media_url ? telephony->media_url : "", path);
    } else {
        text = rf_twiml_say(contact->script ? contact->script : "");
    }
    if (!text)
        (void)rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return text;
}

static json_t *with(json_t *params, const char *key, json_t *value) {
    if (params && json_object_set_new(params, key, value) != 0) {
        json_decref(params);
        return NULL;
    }
    return params;
}

// Whose call it is, as it was when the attempt was begun.
static json_t *owned(json_t *params, const struct rf_dial *dial) {
    if (params && dial->account[0])
        params = with(params, "account", json_string(dial->account));
    if (params && dial->sender[0])
        params = with(params, "from", json_string(dial->sender));
    return params;
}

json_t *rf_request_dial(const struct rf_contact *contact, const struct rf_config *config,
                        struct rf_utc now, struct rf_error *error) {
    char *text = twiml(contact, config, now, error);
    if (!text)
        return NULL;
    json_t *params =
        owned(json_pack("{s:s,s:s}", "to", contact->phone, "twiml", text), &contact->dial);
    if (params && contact->dial.within.ns > 0)
        params = with(params, "within_ns", json_integer(contact->dial.within.ns));
    if (!params)
        (void)rf_error_set(error, RF_ERR_INVALID, "the call's text is not valid UTF-8");
    free(text);
    return params;
}

json_t *rf_request_find(const struct rf_contact *contact, const struct rf_rules *rules,
                        struct rf_utc now, json_t *known) {
    struct rf_utc after = rf_dial_created_after(&contact->dial, rules);
    struct rf_utc unsure = rf_dial_unsure_after(&contact->dial, now);
    return owned(json_pack("{s:s,s:I,s:I,s:O}", "to", contact->phone, "created_after",
                           (json_int_t)after.ns, "unsure_after", (json_int_t)unsure.ns, "known",
                           known),
                 &contact->dial);
}

json_t *rf_request_status(const struct rf_contact *contact) {
    return owned(json_pack("{s:s}", "sid", contact->dial.sid), &contact->dial);
}
