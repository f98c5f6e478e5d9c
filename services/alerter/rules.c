#include "rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "events/field.h"
#include "events/sentence.h"

#define NAME_BYTES     96
#define WORDS_BYTES    1000
#define ATTEMPTS_TOLD  20    // of a contact's attempts; more are counted only
#define DETAILS_BYTES  65536 // of the event's data in the webhook's body
#define LABEL_TEMPLATE "%-12s"

// One default rule. `applies` may be NULL (always); `title` is told with the subject (NULL: there
// is no alert); `advice` says what to do.
struct rule {
    enum rf_event_type type;
    bool (*applies)(const struct rf_event *event);
    void (*title)(const struct rf_event *event, struct rf_text *title);
    const char *incident; // its area: with the subject it names the incident
    const char *advice;
};

const char *const rf_alert_topics[] = {
    "breaker.opened/", "breaker.closed/", "contact.set_aside/", "provider.down/",
    "provider.up/",    "process.lost/",   "journal.trimmed/",   "journal.replaced/",
    "mark.set/",       "key.set_aside/",  "worker.ejected/",
};
const size_t rf_alert_topic_count = sizeof rf_alert_topics / sizeof rf_alert_topics[0];

static bool has_reason(const struct rf_event *event, const char *reason) {
    const char *text = rf_field_text(event, "reason");
    return text != NULL && strcmp(text, reason) == 0;
}

static bool is_exhausted(const struct rf_event *event) {
    return has_reason(event, "retries_exhausted");
}

static bool is_interrupted(const struct rf_event *event) {
    return has_reason(event, "interrupted");
}

static bool is_auth(const struct rf_event *event) {
    return has_reason(event, "permanent.auth");
}

static bool is_quota(const struct rf_event *event) {
    return has_reason(event, "permanent.quota");
}

static bool is_lost(const struct rf_event *event) {
    return has_reason(event, "call_lost");
}

static bool is_unknown(const struct rf_event *event) {
    return has_reason(event, "call_unknown");
}

static bool is_config(const struct rf_event *event) {
    return has_reason(event, "permanent.config");
}

static bool is_permanent(const struct rf_event *event) {
    const char *text = rf_field_text(event, "reason");
    return text != NULL && strncmp(text, "permanent.", 10) == 0;
}

// The contact whose error made a mark: the mark's own alert tells of it, as that one cannot be lost
// with a gateway or an orchestrator.
static bool made_a_mark(const struct rf_event *event) {
    return json_is_true(json_object_get(event->data, "mark_made"));
}

static bool has_class(const struct rf_event *event, const char *class) {
    const char *text = rf_field_text(event, "class");
    return text != NULL && strcmp(text, class) == 0;
}

static bool class_auth(const struct rf_event *event) {
    return has_class(event, "permanent.auth");
}

static bool class_quota(const struct rf_event *event) {
    return has_class(event, "permanent.quota");
}

static bool class_config(const struct rf_event *event) {
    return has_class(event, "permanent.config");
}

// "Up" is told only after "down": a provider that was never down has nothing to resolve
// (incident 23).
static bool was_down(const struct rf_event *event) {
    const char *from = rf_field_text(event, "from");
    return from != NULL && strcmp(from, "down") == 0;
}

// An observing breaker holds nothing back: nothing for a person to do.
static bool only_observes(const struct rf_event *event) {
    const char *mode = rf_field_text(event, "mode"), *force = rf_field_text(event, "force");
    return mode != NULL && strcmp(mode, "observe") == 0 &&
           (force == NULL || strcmp(force, "none") == 0);
}

static void title_of(struct rf_text *title, const char *before, const char *name,
                     const char *after) {
    rf_text_add(title, "%s", before);
    rf_text_add_clean(title, name, NAME_BYTES);
    rf_text_add(title, "%s", after);
}

static void opened_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Circuit breaker of ", event->subject, " opened");
}

static void closed_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Circuit breaker of ", event->subject, " closed");
}

static void exhausted_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Retries exhausted: contact ", event->subject, " set aside");
}

static void interrupted_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Interrupted too often: contact ", event->subject, " set aside");
}

static void call_lost_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Call lost sight of: contact ", event->subject, " set aside");
}

static void call_unknown_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Not known whether called: contact ", event->subject, " set aside");
}

static void permanent_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Permanent failure: contact ", event->subject, " set aside");
}

static void down_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Provider ", event->subject, " is down");
}

static void up_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Provider ", event->subject, " is up again");
}

static void lost_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Process ", event->subject, " is lost");
}

static void ejected_title(const struct rf_event *event, struct rf_text *title) {
    const char *provider = rf_field_text(event, "provider");
    title_of(title, "Gateway ", event->subject, " is kept from ");
    rf_text_add_clean(title, provider != NULL ? provider : "a provider", NAME_BYTES);
}

static void mark_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Provider ", event->subject, " is unusable");
}

static void key_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "A key of provider ", event->subject, " is set aside");
}

static void trimmed_title(const struct rf_event *event, struct rf_text *title) {
    title_of(title, "Events may be lost: ", event->subject, " has a gap");
}

#define MARK_ADVICE                                                                                \
    "The contact, if one is named, was set aside; all others that need the provider wait until "   \
    "that has changed, or until: ringfence mark clear PROVIDER. Another provider of the chain "    \
    "serves them meanwhile, if there is one."

// The first rule that applies makes the alert.
static const struct rule rules[] = {
    {RF_EVENT_BREAKER_OPENED, only_observes, NULL, NULL, NULL},
    {RF_EVENT_BREAKER_CLOSED, only_observes, NULL, NULL, NULL},
    {RF_EVENT_BREAKER_OPENED, NULL, opened_title, "breaker",
     "Nothing at once: contacts that need this provider wait and are called after its recovery. If "
     "it stays open, look at the provider's status page."},
    {RF_EVENT_BREAKER_CLOSED, NULL, closed_title, "breaker",
     "Nothing: the contacts that waited for this provider go on."},
    {RF_EVENT_CONTACT_SET_ASIDE, made_a_mark, NULL, NULL, NULL},
    {RF_EVENT_CONTACT_SET_ASIDE, is_exhausted, exhausted_title, "contact",
     "The contact was taken out of the queue and is not called again by itself. The campaign goes "
     "on."},
    {RF_EVENT_CONTACT_SET_ASIDE, is_interrupted, interrupted_title, "contact",
     "An orchestrator or a gateway was lost each time that it had this contact's dial in hand: see "
     "in its log why. The contact is not called again by itself."},
    {RF_EVENT_CONTACT_SET_ASIDE, is_lost, call_lost_title, "contact",
     "Look for the call in the provider's own log: it was made, and how it ended is not known. Was "
     "the account or its region changed?"},
    {RF_EVENT_CONTACT_SET_ASIDE, is_unknown, call_unknown_title, "contact",
     "Look for a call to this contact's number in the provider's own log: its dial was sent and "
     "not "
     "answered, and the provider refuses to list its calls. Is the account's SID or address wrong? "
     "It is not called again by itself."},
    {RF_EVENT_CONTACT_SET_ASIDE, is_auth, permanent_title, "contact",
     "Check the provider's key. The other contacts wait until the key has changed."},
    {RF_EVENT_CONTACT_SET_ASIDE, is_quota, permanent_title, "contact",
     "Check the provider's account: credit or quota is used up. The other contacts wait."},
    {RF_EVENT_CONTACT_SET_ASIDE, is_config, permanent_title, "contact",
     "Mend what the message names: the provider's section of the configuration (address, "
     "certificate, caller id), which the other contacts wait for; or, for a country that may be "
     "called, Twilio's geo permissions. Then: ringfence campaign retry NAME --reason "
     "permanent.config."},
    {RF_EVENT_CONTACT_SET_ASIDE, is_permanent, permanent_title, "contact",
     "Check this contact's data, such as its number. The other contacts are not concerned."},
    {RF_EVENT_WORKER_EJECTED, NULL, ejected_title, "worker",
     "Look at this gateway's way to the provider: its network, DNS, proxy, clock, its "
     "configuration. "
     "Its calls are carried out by the other gateways, and no contact waits for it. It is tried "
     "again by itself, each time later while it fails."},
    {RF_EVENT_PROVIDER_DOWN, NULL, down_title, "provider",
     "Look at the provider's status page and at our own network."},
    {RF_EVENT_PROVIDER_UP, was_down, up_title, "provider", "Nothing: the provider answers again."},
    {RF_EVENT_PROCESS_LOST, NULL, lost_title, "process",
     "Start the process again, unless its supervisor does. Its last words are on its standard "
     "error."},
    {RF_EVENT_MARK_SET, class_auth, mark_title, "mark", "Check the provider's key. " MARK_ADVICE},
    {RF_EVENT_MARK_SET, class_quota, mark_title, "mark",
     "Check the provider's account: credit or quota is used up. " MARK_ADVICE},
    {RF_EVENT_MARK_SET, class_config, mark_title, "mark",
     "Check the provider's section of the configuration (address, certificate, caller id, "
     "permissions). " MARK_ADVICE},
    {RF_EVENT_MARK_SET, NULL, mark_title, "mark",
     "Look at the provider's message and at its status page. " MARK_ADVICE},
    {RF_EVENT_KEY_SET_ASIDE, NULL, key_title, "key",
     "Replace this key, or look at its account: its file is read again by itself. Nothing waits: "
     "the provider's other keys are used."},
    {RF_EVENT_JOURNAL_TRIMMED, NULL, trimmed_title, "journal",
     "It was behind, or away, for longer than the journal keeps events: what it missed is in no "
     "log "
     "or alert of it. journal.max_age, max_events and max_bytes say how much is kept."},
    {RF_EVENT_JOURNAL_REPLACED, NULL, trimmed_title, "journal",
     "The broker's database is another than before, or an older copy: events of the former one "
     "that "
     "it had not read are in no log or alert of it, and what it reads again may be told twice. Was "
     "a backup brought back, or state_dir emptied?"},
};

static const struct rule *rule_for(const struct rf_event *event) {
    static const char *const names[RF_EVENT_COUNT] = {
#define EVENT(name, type, severity, meaning) [RF_EVENT_##name] = (type),
#include <ringfence/messages.def>
    };
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        if (strcmp(names[rules[i].type], event->type) == 0 &&
            (rules[i].applies == NULL || rules[i].applies(event)))
            return &rules[i];
    return NULL;
}

// The id stands in headers and in webhook-id (where a '.' is not allowed), so an event id that is
// not of our own kind is replaced by the journal number, which is as unique.
static void set_id(struct rf_alert *alert, const struct rf_event *event) {
    const char *id = event->id == NULL ? "" : event->id;
    size_t length = strspn(id, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-");
    if (length > 0 && id[length] == '\0' && length < sizeof alert->id)
        memcpy(alert->id, id, length + 1);
    else
        snprintf(alert->id, sizeof alert->id, "event-%" PRId64, event->n);
}

static void add_line(struct rf_text *text, const char *label, const char *value) {
    if (value == NULL || value[0] == '\0')
        return;
    rf_text_add(text, LABEL_TEMPLATE, label);
    rf_text_add_clean(text, value, WORDS_BYTES);
    rf_text_add(text, "\n");
}

static void add_time(struct rf_text *text, const char *label, int64_t ns) {
    char when[RF_TIME_TEXT_SIZE];
    if (ns > 0)
        rf_text_add(text, LABEL_TEMPLATE "%s\n", label, rf_time_text((struct rf_utc){ns}, when));
}

static int64_t member_number(const json_t *object, const char *key) {
    return (int64_t)json_integer_value(json_object_get(object, key));
}

static void add_attempt(struct rf_text *text, size_t place, const json_t *attempt) {
    int64_t status = member_number(attempt, "status");
    char span[RF_TIME_TEXT_SIZE];
    rf_text_add(text, LABEL_TEMPLATE "%zu. ", place == 0 ? "Attempts:" : "", place + 1);
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

static void add_attempts(struct rf_text *text, const json_t *attempts) {
    size_t count = json_array_size(attempts);
    for (size_t i = 0; i < count && i < ATTEMPTS_TOLD; i++)
        add_attempt(text, i, json_array_get(attempts, i));
    if (count > ATTEMPTS_TOLD)
        rf_text_add(text, LABEL_TEMPLATE "and %zu more\n", "", count - ATTEMPTS_TOLD);
}

static char *text_of(const struct rf_event *event, const struct rule *rule) {
    struct rf_text text = {0};
    int64_t since = 0;
    rf_field_number(event, "since", &since);
    rf_event_sentence(event, &text);
    rf_text_add(&text, "\n\n");
    add_line(&text, "Severity:", event->severity);
    add_time(&text, "When:", event->ts);
    add_time(&text, "Since:", since);
    add_line(&text, "Campaign:", event->campaign);
    add_line(&text, "Contact:", event->contact);
    add_line(&text, "Name:", rf_field_text(event, "name"));
    add_line(&text, "Phone:", rf_field_text(event, "phone"));
    add_line(&text, "Step:", rf_field_text(event, "step"));
    add_line(&text,
             "Provider:", event->service ? event->service : rf_field_text(event, "provider"));
    add_line(&text, "Reason:", rf_field_text(event, "reason"));
    add_line(&text, "Message:", rf_field_text(event, "message"));
    add_attempts(&text, rf_field_array(event, "attempts"));
    rf_text_add(&text, LABEL_TEMPLATE "%s\n", "What to do:", rule->advice);
    return rf_text_take(&text);
}

static char *title_text(const struct rf_event *event, const struct rule *rule) {
    struct rf_text title = {0};
    rule->title(event, &title);
    return rf_text_take(&title);
}

static char *clean_copy(const char *outside, size_t limit) {
    struct rf_text text = {0};
    rf_text_add_clean(&text, outside, limit);
    return rf_text_take(&text);
}

static char *incident_of(const struct rf_event *event, const struct rule *rule) {
    struct rf_text text = {0};
    rf_text_add(&text, "%s/", rule->incident);
    rf_text_add_clean(&text, event->subject, NAME_BYTES);
    const char *key = rf_field_text(event, "key"); // two keys are two incidents
    if (key != NULL) {
        rf_text_add(&text, "/");
        rf_text_add_clean(&text, key, NAME_BYTES);
    }
    return rf_text_take(&text);
}

static bool set_text(json_t *object, const char *key, const char *outside) {
    if (outside == NULL)
        return true;
    char *clean = clean_copy(outside, WORDS_BYTES);
    bool done = clean != NULL && json_object_set_new(object, key, json_string(clean)) == 0;
    free(clean);
    return done;
}

// The event's own data go along, unless they are so large that a receiver may refuse the whole.
static bool set_details(json_t *object, const json_t *data) {
    if (data == NULL)
        return true;
    size_t size = json_dumpb(data, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);
    if (size > DETAILS_BYTES)
        return json_object_set_new(object, "details_left_out_bytes",
                                   json_integer((json_int_t)size)) == 0;
    return json_object_set_new(object, "details", json_deep_copy(data)) == 0;
}

// {"type", "timestamp", "data"} is the shape that the Standard Webhooks specification advises.
static char *payload_of(const struct rf_event *event, const struct rf_alert *alert) {
    char when[RF_RFC3339_SIZE];
    char *payload = NULL;
    json_t *data = json_pack("{s:s, s:I, s:s, s:s, s:s, s:s}", "id", alert->id, "n",
                             (json_int_t)alert->n, "severity", alert->severity, "subject",
                             alert->subject, "title", alert->title, "text", alert->text);
    if (data != NULL && set_text(data, "service", event->service) &&
        set_text(data, "campaign", event->campaign) && set_text(data, "contact", event->contact) &&
        set_details(data, event->data)) {
        json_t *body = json_pack("{s:s, s:s, s:O}", "type", alert->type, "timestamp",
                                 rf_utc_format(alert->at, when), "data", data);
        payload = body == NULL ? NULL : json_dumps(body, JSON_COMPACT);
        json_decref(body);
    }
    json_decref(data);
    return payload;
}

enum rf_err rf_alert_make(const struct rf_event *event, bool *made, struct rf_alert *alert,
                          struct rf_error *error) {
    const struct rule *rule = rule_for(event);
    *made = false;
    *alert = (struct rf_alert){0};
    if (rule == NULL || rule->title == NULL)
        return RF_OK;
    set_id(alert, event);
    memcpy(alert->thread, alert->id, sizeof alert->thread);
    alert->kind = RF_NOTICE_OPENED;
    alert->n = event->n;
    alert->opened = (struct rf_utc){event->ts};
    alert->at = (struct rf_utc){event->ts};
    alert->severity = clean_copy(event->severity, 16);
    alert->type = clean_copy(event->type, NAME_BYTES);
    alert->subject = clean_copy(event->subject, NAME_BYTES);
    alert->incident = incident_of(event, rule);
    alert->title = title_text(event, rule);
    alert->text = text_of(event, rule);
    if (alert->severity != NULL && alert->type != NULL && alert->subject != NULL &&
        alert->incident != NULL && alert->title != NULL && alert->text != NULL)
        alert->payload = payload_of(event, alert);
    if (alert->payload == NULL) {
        rf_alert_fini(alert);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for the alert of event %" PRId64,
                            event->n);
    }
    *made = true;
    return RF_OK;
}
