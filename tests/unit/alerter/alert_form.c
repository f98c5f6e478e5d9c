// Gives alerts their forms for tests in Python: each line of the input is a JSON object {"channel",
// "alert": {...}, "first": {...}, "from", "to", "now", "templates"}, each line of the output one
// with "form" or "error", and "trouble".
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "forms/forms.h"

static char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return (char *)(uintptr_t)(text == NULL ? "" : text);
}

static int64_t number_of(const json_t *object, const char *key) {
    return (int64_t)json_integer_value(json_object_get(object, key));
}

// Its texts are borrowed from the object.
static struct rf_alert alert_of(const json_t *object) {
    struct rf_alert alert = {.kind = rf_notice_parse(text_of(object, "kind")),
                             .n = number_of(object, "n"),
                             .at = {number_of(object, "at")},
                             .opened = {number_of(object, "opened")},
                             .severity = text_of(object, "severity"),
                             .type = text_of(object, "type"),
                             .subject = text_of(object, "subject"),
                             .incident = text_of(object, "incident"),
                             .title = text_of(object, "title"),
                             .text = text_of(object, "text"),
                             .payload = text_of(object, "payload")};
    snprintf(alert.id, sizeof alert.id, "%s", text_of(object, "id"));
    snprintf(alert.thread, sizeof alert.thread, "%s", text_of(object, "thread"));
    return alert;
}

static enum rf_err email_of(const json_t *order, struct rf_email_form *form, char **out,
                            struct rf_error *error) {
    struct rf_mailboxes from = {0}, to = {0};
    enum rf_err result = rf_mailboxes_parse(text_of(order, "from"), &from, error);
    if (result == RF_OK)
        result = rf_mailboxes_parse(text_of(order, "to"), &to, error);
    form->from = &from;
    form->to = &to;
    if (result == RF_OK)
        result = rf_format_email(form, out, error);
    rf_mailboxes_fini(&from);
    rf_mailboxes_fini(&to);
    return result;
}

static enum rf_err form_of(const json_t *order, const struct rf_forms *forms,
                           struct rf_error *trouble, char **out, struct rf_error *error) {
    struct rf_alert alert = alert_of(json_object_get(order, "alert"));
    struct rf_alert first = alert_of(json_object_get(order, "first"));
    struct rf_utc now = {number_of(order, "now")};
    const char *channel = text_of(order, "channel");
    struct rf_email_form email = {.alert = &alert,
                                  .first = first.id[0] == '\0' ? NULL : &first,
                                  .forms = forms,
                                  .now = now,
                                  .trouble = trouble};
    const char *method;
    struct rf_telegram_form telegram = {.alert = &alert,
                                        .forms = forms,
                                        .chat_id = "-100",
                                        .remote =
                                            json_string_value(json_object_get(order, "remote")),
                                        .anew = json_is_true(json_object_get(order, "anew")),
                                        .plain = json_is_true(json_object_get(order, "plain")),
                                        .now = now,
                                        .trouble = trouble};
    static const char *const shapes[] = {"webhook", "slack", "discord", "pagerduty"};
    struct rf_webhook_form webhook = {.alert = &alert,
                                      .forms = forms,
                                      .secret = json_string_value(json_object_get(order, "secret")),
                                      .now = now,
                                      .trouble = trouble};
    for (int s = 0; s < 4; s++) {
        if (strcmp(channel, shapes[s]) == 0) {
            webhook.shape = (enum rf_config_shape)s;
            return rf_format_webhook(&webhook, out, error);
        }
    }
    if (strcmp(channel, "email") == 0)
        return email_of(order, &email, out, error);
    if (strcmp(channel, "telegram") == 0)
        return rf_format_telegram(&telegram, &method, out, error);
    return rf_error_set(error, RF_ERR_INVALID, "no such channel: %s", channel);
}

static void answer(const json_t *order) {
    struct rf_forms *forms = NULL;
    struct rf_error error = {0}, trouble = {0};
    char *out = NULL;
    enum rf_err result =
        rf_forms_new(json_string_value(json_object_get(order, "templates")), &forms, &error);
    if (result == RF_OK)
        result = form_of(order, forms, &trouble, &out, &error);
    json_t *reply = result == RF_OK
                        ? json_pack("{s:s, s:s}", "form", out, "trouble", trouble.message)
                        : json_pack("{s:s}", "error", error.message);
    json_dumpf(reply, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(reply);
    free(out);
    rf_forms_destroy(&forms);
}

int main(void) {
    char *line = NULL;
    size_t room = 0;
    while (getline(&line, &room, stdin) > 0) {
        json_t *order = json_loads(line, 0, NULL);
        if (order == NULL)
            return 1;
        answer(order);
        json_decref(order);
    }
    free(line);
    return 0;
}
