#include "notice.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "concern.h"
#include "engine.h"
#include "events/field.h"
#include "events/sentence.h"
#include "notice_parts.h"

#define NAME_BYTES    96
#define WORDS_BYTES   1000
#define TITLE_BYTES   240
#define ATTEMPTS_TOLD 20 // of a contact's attempts; more are counted only
#define LABEL         "%-12s"

// ---- lines ----

static void add_line(struct rf_text *text, const char *label, const char *value) {
    if (value == NULL || value[0] == '\0')
        return;
    rf_text_add(text, LABEL, label);
    rf_text_add_clean(text, value, WORDS_BYTES);
    rf_text_add(text, "\n");
}

static void add_time(struct rf_text *text, const char *label, int64_t ns) {
    char when[RF_TIME_TEXT_SIZE];
    if (ns > 0)
        rf_text_add(text, LABEL "%s\n", label, rf_time_text((struct rf_utc){ns}, when));
}

static int64_t member_number(const json_t *object, const char *key) {
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static void add_attempt(struct rf_text *text, size_t place, const json_t *attempt) {
    int64_t status = member_number(attempt, "status");
    char span[RF_TIME_TEXT_SIZE];
    rf_text_add(text, LABEL "%zu. ", place == 0 ? "Attempts:" : "", place + 1);
    rf_text_add_clean(text, json_string_value(json_object_get(attempt, "provider")), NAME_BYTES);
    if (status > 0)
        rf_text_add(text, ", HTTP %" PRId64, status);
    rf_text_add(text, ", ");
    rf_text_add_clean(text, json_string_value(json_object_get(attempt, "class")), NAME_BYTES);
    rf_text_add(text, ", took %s", rf_span_text(rf_ns(member_number(attempt, "took_ns")), span));
    if (member_number(attempt, "waited_ns") > 0)
        rf_text_add(text, " after a wait of %s",
                    rf_span_text(rf_ns(member_number(attempt, "waited_ns")), span));
    const char *message = json_string_value(json_object_get(attempt, "message"));
    if (message != NULL) {
        rf_text_add(text, ": ");
        rf_text_add_clean(text, message, WORDS_BYTES / 4);
    }
    rf_text_add(text, "\n");
}

static void add_attempts(struct rf_text *text, const struct rf_event *event) {
    const json_t *attempts = rf_field_array(event, "attempts");
    size_t told = json_array_size(attempts);
    int64_t count = (int64_t)told;
    rf_field_number(event, "attempts_count", &count); // the list was cut to be kept
    told = told < ATTEMPTS_TOLD ? told : ATTEMPTS_TOLD;
    for (size_t i = 0; i < told; i++)
        add_attempt(text, i, json_array_get(attempts, i));
    if (count > (int64_t)told && attempts != NULL)
        rf_text_add(text, LABEL "and %" PRId64 " more\n", "", count - (int64_t)told);
}

// What the event says of itself.
static void add_details(struct rf_text *text, const struct rf_event *event) {
    int64_t since = 0;
    rf_field_number(event, "since", &since);
    add_time(text, "Since:", since);
    add_line(text, "Campaign:", event->campaign);
    add_line(text, "Contact:", event->contact);
    add_line(text, "Name:", rf_field_text(event, "name"));
    add_line(text, "Phone:", rf_field_text(event, "phone"));
    add_line(text, "Step:", rf_field_text(event, "step"));
    add_line(text, "Provider:", event->service ? event->service : rf_field_text(event, "provider"));
    add_line(text, "Reason:", rf_field_text(event, "reason"));
    add_line(text, "Message:", rf_field_text(event, "message"));
    add_attempts(text, event);
}

// ---- what it is by now ----

static const char *at_least(const struct rf_incident *incident) {
    return incident->seen_full ? "at least " : "";
}

// Whom it concerns, when that is more than the one that the event names.
static void add_subjects(struct rf_text *text, const struct rf_incident *incident) {
    if (incident->subjects <= 1)
        return;
    rf_text_add(text, LABEL "%s%" PRId64 ": ", "Concerns:", at_least(incident), incident->subjects);
    for (size_t i = 0; i < incident->name_count; i++)
        rf_text_add(text, "%s%s", i > 0 ? ", " : "", incident->names[i]);
    int64_t more = incident->subjects - (int64_t)incident->name_count;
    if (more > 0)
        rf_text_add(text, " and %" PRId64 " more", more);
    rf_text_add(text, "\n");
}

void rf_notice_cost(struct rf_text *text, const struct rf_incident *incident) {
    const char *joint = "";
    if (incident->costs[0] != '\0') {
        rf_text_add(text, "%s%" PRId64 " contacts deferred, %" PRId64 " set aside",
                    at_least(incident), incident->deferred, incident->set_aside);
        joint = "; ";
    }
    if (incident->swallowed > 0)
        rf_text_add(text, "%s%" PRId64 " alerts that follow from it are not told by themselves",
                    joint, incident->swallowed);
}

static void add_cost(struct rf_text *text, const struct rf_incident *incident, bool over) {
    struct rf_text cost = {0};
    rf_notice_cost(&cost, incident);
    if (cost.size > 0)
        add_line(text, over ? "It cost:" : "Cost so far:", cost.data);
    rf_text_fini(&cost);
}

static void add_course(struct rf_text *text, const struct rf_incident *incident,
                       const struct rf_alert *alert, struct rf_utc now) {
    char span[RF_TIME_TEXT_SIZE], began[RF_TIME_TEXT_SIZE];
    bool over = alert->kind == RF_NOTICE_RESOLVED;
    struct rf_utc end = over ? incident->resolved : now;
    if (alert->kind != RF_NOTICE_OPENED)
        rf_text_add(text, LABEL "%s, since %s\n", over ? "It lasted:" : "Open for:",
                    rf_span_text(rf_utc_since(end, incident->opened), span),
                    rf_time_text(incident->opened, began));
    if (incident->events > 1 && incident->events != incident->subjects)
        rf_text_add(text, LABEL "%" PRId64 "\n", "Events:", incident->events);
    if (incident->flapping)
        rf_text_add(text,
                    LABEL "%" PRId64 " changes so far; it is told again when it has been steady\n",
                    "Flapping:", incident->changes);
    add_subjects(text, incident);
    add_cost(text, incident, over);
    if (incident->acked.ns > 0) {
        rf_text_add(text, LABEL "by ", "In hand:");
        rf_text_add_clean(text, incident->acked_by, NAME_BYTES);
        if (incident->acked_why[0] != '\0')
            rf_text_add(text, ": ");
        rf_text_add_clean(text, incident->acked_why, WORDS_BYTES);
        rf_text_add(text, "\n");
    }
}

static void add_advice(struct rf_text *text, const struct rf_config_alert_rule *rule,
                       const struct rf_event *first, bool over) {
    const char *advice = over ? rule->advice_resolved : rule->advice;
    if (advice == NULL)
        return;
    rf_text_add(text, LABEL, "What to do:");
    rf_rule_fill(advice, first, NULL, text);
    rf_text_add(text, "\n");
}

static char *text_of(const struct rf_incident *incident, const struct rf_config_alert_rule *rule,
                     const struct rf_alert *alert, struct rf_utc now) {
    struct rf_text text = {0};
    json_t *first_root, *root;
    struct rf_event first = rf_event_kept(incident->first_event, &first_root);
    struct rf_event event = rf_event_kept(incident->event, &root);
    rf_event_sentence(&event, &text);
    rf_text_add(&text, "\n\n");
    add_line(&text, "Severity:", incident->severity);
    add_time(&text, "When:", alert->at.ns);
    add_course(&text, incident, alert, now);
    add_details(&text, &event);
    add_advice(&text, rule, &first, alert->kind == RF_NOTICE_RESOLVED);
    json_decref(first_root);
    json_decref(root);
    return rf_text_take(&text);
}

// ---- the title ----

static void add_resolved_title(struct rf_text *title, const struct rf_incident *incident,
                               const struct rf_config_alert_rule *rule) {
    json_t *root;
    char count[24], span[RF_TIME_TEXT_SIZE];
    struct rf_event first = rf_event_kept(incident->first_event, &root);
    snprintf(count, sizeof count, "%" PRId64, incident->subjects);
    if (rule->title_resolved != NULL)
        rf_rule_fill(rule->title_resolved, &first, count, title);
    else
        rf_text_add(title, "Over: %s", incident->title);
    rf_text_add(title, " after %s",
                rf_span_text(rf_utc_since(incident->resolved, incident->opened), span));
    json_decref(root);
}

static char *title_of(const struct rf_incident *incident, const struct rf_config_alert_rule *rule,
                      const struct rf_alert *alert, struct rf_utc now) {
    struct rf_text title = {0};
    char span[RF_TIME_TEXT_SIZE];
    rf_span_text(rf_utc_since(now, incident->opened), span);
    if (alert->kind == RF_NOTICE_RESOLVED)
        add_resolved_title(&title, incident, rule);
    else if (alert->kind == RF_NOTICE_REMINDER)
        rf_text_add(&title, "Still open after %s: %s", span, incident->title);
    else if (alert->kind == RF_NOTICE_ESCALATED)
        rf_text_add(&title, "Nobody has it in hand after %s: %s", span, incident->title);
    else if (alert->kind == RF_NOTICE_ACKED)
        rf_text_add(&title, "In hand after %s: %s", span, incident->title);
    else if (incident->flapping)
        rf_text_add(&title, "Flapping: %s", incident->title);
    else if (alert->kind == RF_NOTICE_UPDATED)
        rf_text_add(&title, "Update: %s", incident->title);
    else
        rf_text_add(&title, "%s", incident->title);
    char *text = rf_text_take(&title);
    if (text != NULL)
        text[rf_utf8_cut(text, strlen(text), TITLE_BYTES)] = '\0';
    return text;
}

// ---- the whole ----

const char *rf_notice_graver(const char *a, const char *b) {
    return rf_severity_rank(b) > rf_severity_rank(a) ? b : a;
}

// All texts that leave by the channels come past here.
enum rf_err rf_notice_finish(struct rf_alert *alert, struct rf_error *error) {
    if (alert->severity != NULL && alert->type != NULL && alert->subject != NULL &&
        alert->incident != NULL && alert->concerns != NULL && alert->title != NULL &&
        alert->text != NULL && alert->payload != NULL)
        return RF_OK;
    rf_alert_fini(alert);
    return rf_error_set(error, RF_ERR_NOMEM, "no memory for a notice");
}

static struct rf_utc time_of(const struct rf_incident *incident, enum rf_notice kind,
                             struct rf_utc now) {
    if (kind == RF_NOTICE_OPENED)
        return incident->opened;
    if (kind == RF_NOTICE_UPDATED)
        return incident->last;
    return kind == RF_NOTICE_RESOLVED ? incident->resolved : now;
}

enum rf_err rf_notice_make(const struct rf_incident *incident,
                           const struct rf_config_alert_rule *rule, struct rf_utc now,
                           struct rf_alert *alert, struct rf_error *error) {
    json_t *root;
    struct rf_event event = rf_event_kept(incident->event, &root);
    struct rf_text type = {0};
    alert->n = incident->n;
    alert->opened = incident->opened;
    alert->at = time_of(incident, alert->kind, now);
    rf_text_add_clean(&type, event.type, NAME_BYTES);
    alert->type = rf_text_take(&type);
    alert->severity = strdup(incident->severity);
    alert->subject = strdup(incident->subject);
    alert->incident = strdup(incident->fingerprint);
    alert->concerns = rf_concern_of((const char *const *)&incident->fingerprint, 1);
    alert->title = title_of(incident, rule, alert, now);
    alert->text = text_of(incident, rule, alert, now);
    if (alert->title != NULL && alert->text != NULL && alert->type != NULL)
        alert->payload = rf_notice_payload(incident, &event, alert);
    json_decref(root);
    return rf_notice_finish(alert, error);
}
