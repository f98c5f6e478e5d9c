#include "timeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "events/field.h"

static const char *member_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text != NULL ? text : "";
}

static int64_t member_number(const json_t *object, const char *name) {
    return json_integer_value(json_object_get(object, name));
}

void rf_timeline_init(struct rf_timeline *timeline, const char *wanted) {
    *timeline = (struct rf_timeline){.wanted = wanted};
}

// ---- keeping ----

#define TEXTS(X)                                                                                   \
    X(id)                                                                                          \
    X(stream) X(origin) X(severity) X(type) X(subject) X(service) X(campaign) X(contact) X(trace)

static void event_free(struct rf_event *event) {
#define X(field) free((char *)(uintptr_t)event->field);
    TEXTS(X)
#undef X
    json_decref(event->data);
}

static bool event_copy(struct rf_event *copy, const struct rf_event *event) {
    bool whole = true;
    *copy = *event;
    copy->data = json_incref(event->data);
#define X(field)                                                                                   \
    copy->field = event->field == NULL ? NULL : strdup(event->field);                              \
    whole = whole && (event->field == NULL || copy->field != NULL);
    TEXTS(X)
#undef X
    if (!whole)
        event_free(copy);
    return whole;
}

void rf_timeline_fini(struct rf_timeline *timeline) {
    for (size_t i = 0; i < timeline->count; i++)
        event_free(&timeline->kept[i].event);
    for (size_t i = 0; i < timeline->contact_count; i++)
        free(timeline->contacts[i]);
    free(timeline->kept);
    free(timeline->contacts);
    rf_timeline_init(timeline, timeline->wanted);
}

static bool begins(const char *text, const char *prefix) {
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

static bool is_one_of(const struct rf_timeline *timeline, const char *contact) {
    for (size_t i = 0; i < timeline->contact_count; i++)
        if (strcmp(timeline->contacts[i], contact) == 0)
            return true;
    return false;
}

static bool add_contact(struct rf_timeline *timeline, const char *contact) {
    char **contacts = realloc(timeline->contacts, (timeline->contact_count + 1) * sizeof *contacts);
    if (contacts == NULL)
        return false;
    timeline->contacts = contacts;
    contacts[timeline->contact_count] = strdup(contact);
    return contacts[timeline->contact_count] != NULL && ++timeline->contact_count > 0;
}

// Whether the event is of a contact that is wanted; one that is met for the first time is noted.
static bool is_wanted(struct rf_timeline *timeline, const struct rf_event *event, bool *whole) {
    *whole = true;
    if (event->contact == NULL)
        return false;
    if (is_one_of(timeline, event->contact))
        return true;
    const char *phone = rf_field_text(event, "phone");
    bool wanted = timeline->wanted[0] == '+' ? phone != NULL && strcmp(phone, timeline->wanted) == 0
                                             : strcmp(event->contact, timeline->wanted) == 0;
    if (wanted)
        *whole = add_contact(timeline, event->contact);
    return wanted;
}

bool rf_timeline_take(struct rf_timeline *timeline, const struct rf_event *event) {
    bool whole;
    bool of_contact = is_wanted(timeline, event, &whole);
    if (!whole)
        return false;
    if (!of_contact && (event->contact != NULL || begins(event->type, "retry.") ||
                        begins(event->type, "fallback.")))
        return true; // another's
    if (timeline->count == timeline->room) {
        size_t room = timeline->room == 0 ? 64 : timeline->room * 2;
        struct rf_kept_event *kept = realloc(timeline->kept, room * sizeof *kept);
        if (kept == NULL)
            return false;
        timeline->kept = kept;
        timeline->room = room;
    }
    struct rf_kept_event *kept = &timeline->kept[timeline->count];
    if (!event_copy(&kept->event, event))
        return false;
    kept->of_contact = of_contact;
    timeline->count++;
    return true;
}

// ---- telling ----

struct telling {
    const struct rf_timeline *timeline;
    const char *contact;
    struct rf_timeline_entry *entries;
    size_t count, room;
    struct rf_timeline_sum *sum;
    bool failed;
};

static void add_entry(struct telling *telling, struct rf_utc at, const struct rf_event *event,
                      const json_t *attempt, size_t number) {
    if (telling->count == telling->room) {
        size_t room = telling->room == 0 ? 64 : telling->room * 2;
        struct rf_timeline_entry *entries = realloc(telling->entries, room * sizeof *entries);
        telling->failed = telling->failed || entries == NULL;
        if (entries == NULL)
            return;
        telling->entries = entries;
        telling->room = room;
    }
    telling->entries[telling->count++] = (struct rf_timeline_entry){at, event, attempt, number};
}

static bool is_own(const struct telling *telling, const struct rf_kept_event *kept) {
    return kept->of_contact && strcmp(kept->event.contact, telling->contact) == 0;
}

// Whether an event of the contact has the attempts of this call: a gateway's word about one of them
// would tell it twice.
static bool is_told(const struct telling *telling, const char *call) {
    const struct rf_timeline *timeline = telling->timeline;
    for (size_t i = 0; call != NULL && i < timeline->count; i++) {
        const struct rf_event *event = &timeline->kept[i].event;
        const char *other = rf_field_text(event, "call");
        if (is_own(telling, &timeline->kept[i]) && rf_field_array(event, "attempts") != NULL &&
            other != NULL && strcmp(other, call) == 0)
            return true;
    }
    return false;
}

static void sum_up(struct rf_timeline_sum *sum, const struct rf_event *event) {
    const char *phone = rf_field_text(event, "phone"), *name = rf_field_text(event, "name");
    const char *outcome = rf_field_text(event, "outcome"), *reason = rf_field_text(event, "reason");
    if (event->campaign != NULL)
        sum->campaign = event->campaign;
    sum->phone = phone != NULL ? phone : sum->phone;
    sum->name = name != NULL ? name : sum->name;
    sum->ended.ns = event->ts > sum->ended.ns ? event->ts : sum->ended.ns;
    if (sum->began.ns == 0 || event->ts < sum->began.ns)
        sum->began.ns = event->ts;
    if (strcmp(event->type, "contact.started") == 0) {
        sum->whole = true;
        sum->state = "running";
    } else if (strcmp(event->type, "contact.done") == 0) {
        sum->state = "done";
        sum->outcome = outcome != NULL ? outcome : "";
    } else if (strcmp(event->type, "contact.set_aside") == 0) {
        sum->state = "set_aside";
        sum->outcome = reason != NULL ? reason : "";
    } else if (strcmp(event->type, "contact.deferred") == 0) {
        sum->state = "deferred";
        sum->outcome = reason != NULL ? reason : "";
        sum->deferrals++;
    } else if (strcmp(event->type, "contact.step") == 0) {
        sum->state = "running";
        sum->outcome = "";
    }
}

static void add_attempts(struct telling *telling, const struct rf_event *event) {
    const json_t *attempts = rf_field_array(event, "attempts");
    struct rf_timeline_sum *sum = telling->sum;
    for (size_t i = 0; i < json_array_size(attempts); i++) {
        const json_t *attempt = json_array_get(attempts, i);
        int64_t began = member_number(attempt, "began");
        add_entry(telling, (struct rf_utc){began > 0 ? began : event->ts}, event, attempt, i + 1);
        sum->attempts++;
        sum->failed += strcmp(member_text(attempt, "class"), "ok") != 0;
        sum->waited.ns = rf_ns_add(sum->waited.ns, member_number(attempt, "waited_ns"));
        if (began > 0 && began < sum->began.ns)
            sum->began.ns = began;
    }
}

static void add_own(struct telling *telling) {
    const struct rf_timeline *timeline = telling->timeline;
    for (size_t i = 0; i < timeline->count; i++) {
        const struct rf_event *event = &timeline->kept[i].event;
        if (!is_own(telling, &timeline->kept[i]))
            continue;
        sum_up(telling->sum, event);
        if (begins(event->type, "retry.") && is_told(telling, rf_field_text(event, "call")))
            continue;
        add_attempts(telling, event);
        add_entry(telling, (struct rf_utc){event->ts}, event, NULL, 0);
    }
}

static bool uses(const struct telling *telling, size_t own, const char *provider) {
    for (size_t i = 0; i < own; i++) {
        const struct rf_timeline_entry *entry = &telling->entries[i];
        const char *one = entry->attempt != NULL ? member_text(entry->attempt, "provider")
                                                 : rf_field_text(entry->event, "provider");
        if ((one != NULL && strcmp(one, provider) == 0) ||
            (entry->event->service != NULL && strcmp(entry->event->service, provider) == 0))
            return true;
    }
    return false;
}

static bool is_entry(const struct telling *telling, const char *id) {
    for (size_t i = 0; id != NULL && i < telling->count; i++)
        if (telling->entries[i].event->id != NULL && strcmp(telling->entries[i].event->id, id) == 0)
            return true;
    return false;
}

// What happened meanwhile to the providers that were used.
static void add_surroundings(struct telling *telling) {
    const struct rf_timeline *timeline = telling->timeline;
    const struct rf_timeline_sum *sum = telling->sum;
    bool over = strcmp(sum->state, "done") == 0 || strcmp(sum->state, "set_aside") == 0;
    size_t own = telling->count;
    for (size_t i = 0; i < timeline->count; i++) {
        const struct rf_event *event = &timeline->kept[i].event;
        const char *provider = rf_field_text(event, "provider");
        if (timeline->kept[i].of_contact || begins(event->type, "alert.") ||
            event->ts < sum->began.ns || (over && event->ts > sum->ended.ns))
            continue;
        if (uses(telling, own,
                 begins(event->type, "worker.") && provider != NULL ? provider : event->subject))
            add_entry(telling, (struct rf_utc){event->ts}, event, NULL, 0);
    }
}

// An alert has the id of the event that it tells of.
static void add_alerts(struct telling *telling) {
    const struct rf_timeline *timeline = telling->timeline;
    for (size_t i = 0; i < timeline->count; i++) {
        const struct rf_event *event = &timeline->kept[i].event;
        if (begins(event->type, "alert.") && is_entry(telling, rf_field_text(event, "alert")))
            add_entry(telling, (struct rf_utc){event->ts}, event, NULL, 0);
    }
}

// By time; what happened at once, or has one event, stays as the journal has it, an event behind
// its attempts.
static int compare(const void *a, const void *b) {
    const struct rf_timeline_entry *left = a, *right = b;
    if (left->at.ns != right->at.ns)
        return left->at.ns < right->at.ns ? -1 : 1;
    if (left->event->n != right->event->n)
        return left->event->n < right->event->n ? -1 : 1;
    size_t l = left->attempt != NULL ? left->number : SIZE_MAX;
    size_t r = right->attempt != NULL ? right->number : SIZE_MAX;
    return l < r ? -1 : l > r;
}

struct rf_timeline_entry *rf_timeline_of(const struct rf_timeline *timeline, const char *contact,
                                         size_t *count, struct rf_timeline_sum *sum) {
    struct telling telling = {.timeline = timeline, .contact = contact, .sum = sum};
    *sum = (struct rf_timeline_sum){
        .state = "running", .outcome = "", .campaign = "", .phone = "", .name = ""};
    add_own(&telling);
    add_surroundings(&telling);
    add_alerts(&telling);
    if (telling.failed) {
        free(telling.entries);
        return NULL;
    }
    if (telling.count > 0)
        qsort(telling.entries, telling.count, sizeof *telling.entries, compare);
    *count = telling.count;
    return telling.entries;
}
