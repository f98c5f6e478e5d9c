// The generic body: the alert's payload, made once with the alert, and its place in its incident.
#include "format.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/text.h"
#include "format_parts.h"
#include "view.h"

static bool set_place(json_t *data, const struct rf_alert *alert) {
    char opened[RF_RFC3339_SIZE];
    bool done =
        json_object_set_new(data, "kind", json_string(rf_notice_name(alert->kind))) == 0 &&
        json_object_set_new(data, "incident", json_string(alert->incident)) == 0 &&
        json_object_set_new(data, "thread", json_string(alert->thread)) == 0 &&
        json_object_set_new(data, "opened", json_string(rf_utc_format(alert->opened, opened))) == 0;
    if (done && alert->kind == RF_NOTICE_RESOLVED)
        done = json_object_set_new(
                   data, "lasted_s",
                   json_real((double)(alert->at.ns - alert->opened.ns) / (double)RF_NS_PER_S)) == 0;
    return done;
}

static char *generic_body(const struct rf_alert *alert) {
    json_t *body = json_loads(alert->payload, 0, NULL);
    json_t *data = json_object_get(body, "data");
    char *text = NULL;
    if (json_is_object(data) && !set_place(data, alert)) {
        json_decref(body);
        return NULL;
    }
    text = body == NULL ? strdup(alert->payload) : json_dumps(body, JSON_COMPACT);
    json_decref(body);
    return text;
}

static enum rf_err own_body(const struct rf_webhook_form *form, char **body) {
    struct rf_error why;
    json_t *view = rf_view_new(form->alert, form->now);
    if (view == NULL)
        return RF_ERR_NOMEM;
    enum rf_err result = rf_forms_render(form->forms, RF_FORM_WEBHOOK, true, view, body, &why);
    json_decref(view);
    if (result != RF_OK)
        rf_error_set(form->trouble, result, "%s: %s; the built-in form was sent",
                     rf_form_file(RF_FORM_WEBHOOK), why.message);
    return result;
}

enum rf_err rf_format_webhook(const struct rf_webhook_form *form, char **body,
                              struct rf_error *error) {
    *body = NULL;
    if (form->shape == RF_SHAPE_PAGERDUTY && form->secret == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "the webhook has no secret; PagerDuty needs its routing key there");
    if (form->shape != RF_SHAPE_GENERIC)
        *body = rf_shape_body(form);
    else if (!rf_forms_has_own(form->forms, RF_FORM_WEBHOOK) || own_body(form, body) != RF_OK)
        *body = generic_body(form->alert);
    if (*body == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a webhook's body");
    return RF_OK;
}
