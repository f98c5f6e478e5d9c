#include "engine_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SECONDS(n) rf_ns((int64_t)((n) * (double)RF_NS_PER_S))

static struct rf_utc at(const struct bench *bench) {
    return (struct rf_utc){START + SECONDS(bench->now).ns};
}

// Names of one letter each.
static unsigned named(const void *arg, const char *names) {
    const struct bench *bench = arg;
    unsigned channels = 0;
    for (unsigned c = 0; names != NULL && c < 3; c++)
        channels |= strchr(names, bench->names[c][0]) != NULL ? 1U << c : 0U;
    return names == NULL ? 7U : channels;
}

static struct rf_engine_setup setup_of(const struct bench *bench) {
    struct rf_engine_setup setup = {.config = &bench->config,
                                    .zone = bench->zone,
                                    .channels = 7,
                                    .acks = bench->acks,
                                    .named = named,
                                    .arg = bench};
    for (int c = 0; c < RF_CHANNELS_MOST; c++)
        setup.takes[c] = 15;
    memcpy(setup.names, bench->names, sizeof bench->names);
    return setup;
}

struct bench *bench_new(void) {
    struct bench *bench = calloc(1, sizeof *bench);
    static const char *const names[] = {"a", "b", "c"};
    struct rf_error error;
    assert_int_equal(rf_zone_new("UTC", &bench->zone, &error), RF_OK);
    bench->config = (struct rf_config_alerter){
        .rules = {.items = bench->rules},
        .storm = {.notices = 2, .within = rf_seconds(10), .gather = rf_seconds(60)},
        .own_side = {.providers = 3, .within = rf_seconds(15)},
        .remind = rf_seconds(4L * 3600),
        .flap_window = rf_seconds(300),
        .flap_changes = 4,
        .settle = rf_seconds(60)};
    memcpy(bench->names, names, sizeof names);
    struct rf_engine_setup setup = setup_of(bench);
    rf_engine_init(&bench->engine, &setup);
    return bench;
}

void bench_destroy(struct bench *bench) {
    rf_engine_fini(&bench->engine);
    rf_zone_destroy(&bench->zone);
    for (size_t i = 0; i < bench->told_count; i++)
        rf_alert_fini(&bench->told[i]);
    free(bench->told);
    free(bench);
}

static void take(struct bench *bench) {
    struct rf_engine_changes changes;
    struct rf_error error;
    assert_int_equal(rf_engine_changes(&bench->engine, &changes, &error), RF_OK);
    bench->told =
        realloc(bench->told, (bench->told_count + changes.alert_count + 1) * sizeof *bench->told);
    for (size_t i = 0; i < changes.alert_count; i++)
        bench->told[bench->told_count++] = changes.alerts[i];
    changes.alert_count = 0;
    rf_engine_changes_free(&changes);
    rf_engine_stored(&bench->engine);
}

void bench_tick(struct bench *bench) {
    struct rf_utc wake = rf_engine_tick(&bench->engine, at(bench));
    bench->wake = wake.ns == INT64_MAX ? -1 : (double)(wake.ns - START) / (double)RF_NS_PER_S;
    take(bench);
}

void bench_event(struct bench *bench, const char *type, const char *subject, const char *data) {
    char *text = strdup(data), id[32];
    for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
        *quote = '"';
    json_t *json = json_loads(text, 0, NULL);
    assert_non_null(json);
    bench->n++;
    snprintf(id, sizeof id, "E%d", (int)bench->n);
    enum rf_event_type known = 0;
    while (known < RF_EVENT_COUNT - 1 && strcmp(rf_event_type_name(known), type) != 0)
        known++;
    struct rf_event event = {.id = id,
                             .n = bench->n,
                             .ts = at(bench).ns - SECONDS(bench->late).ns,
                             .type = type,
                             .subject = subject,
                             .severity = rf_event_severity(known),
                             .campaign = "spring",
                             .contact = strncmp(type, "contact.", 8) == 0 ? subject : NULL,
                             .data = json};
    rf_engine_event(&bench->engine, &event, at(bench));
    json_decref(json);
    free(text);
    if (!bench->paged || bench->n % 256 == 0)
        bench_tick(bench);
}

void bench_wait(struct bench *bench, double seconds) {
    double end = bench->now + seconds;
    while (bench->wake >= 0 && bench->wake <= end) {
        bench->now = bench->wake > bench->now ? bench->wake : bench->now + 0.001;
        bench_tick(bench);
    }
    bench->now = end;
    bench_tick(bench);
}

void bench_kill(struct bench *bench) {
    struct rf_engine next;
    struct rf_engine_setup setup = setup_of(bench);
    rf_engine_init(&next, &setup);
    next.silences = bench->engine.silences; // they come from the bus
    bench->engine.silences = (struct rf_silences){0};
    for (const struct rf_incident *kept = bench->engine.first; kept != NULL; kept = kept->next) {
        struct rf_incident *loaded = rf_incident_new();
        memcpy(loaded->id, kept->id, sizeof kept->id);
        memcpy(loaded->thread, kept->thread, sizeof kept->thread);
        rf_incident_set(&loaded->fingerprint, kept->fingerprint);
        rf_incident_set(&loaded->rule, kept->rule);
        rf_incident_set(&loaded->severity, kept->severity);
        rf_incident_set(&loaded->subject, kept->subject);
        rf_incident_set(&loaded->service, kept->service);
        rf_incident_set(&loaded->campaign, kept->campaign);
        rf_incident_set(&loaded->title, kept->title);
        rf_incident_set(&loaded->acked_by, kept->acked_by);
        rf_incident_set(&loaded->acked_why, kept->acked_why);
        loaded->phase = rf_phase_parse(rf_phase_name(kept->phase));
        loaded->told = rf_told_parse(rf_told_name(kept->told));
        loaded->opened = kept->opened;
        loaded->last = kept->last;
        loaded->resolved = kept->resolved;
        loaded->events = kept->events;
        loaded->subjects = kept->subjects;
        loaded->deferred = kept->deferred;
        loaded->set_aside = kept->set_aside;
        loaded->swallowed = kept->swallowed;
        loaded->acked = kept->acked;
        char *state = rf_incident_state(kept, &bench->engine.names);
        assert_true(rf_incident_restore(loaded, state, &next.names));
        free(state);
        for (size_t i = 0; i < kept->seen.capacity; i++)
            if (kept->seen.slots[i] != 0)
                rf_seen_add(&loaded->seen, kept->seen.slots[i]);
        rf_engine_load(&next, loaded);
    }
    // What stands beside the incidents is written with each change.
    struct rf_incident *first = bench->engine.first;
    bench->engine.ends_changed = true;
    struct rf_engine_changes changes;
    struct rf_error error;
    assert_int_equal(rf_engine_changes(&bench->engine, &changes, &error), RF_OK);
    assert_true(first == bench->engine.first);
    rf_engine_load_state(&next, changes.state, 0);
    rf_engine_changes_free(&changes);
    rf_engine_fini(&bench->engine);
    bench->engine = next;
    bench_tick(bench);
}

void bench_reload(struct bench *bench) {
    struct rf_engine_setup setup = setup_of(bench);
    rf_engine_set(&bench->engine, &setup);
    bench_tick(bench);
}

void bench_silence(struct bench *bench, const char *id, const char *value) {
    json_t *json = NULL;
    if (value != NULL) {
        char *text = strdup(value);
        for (char *quote = text; (quote = strchr(quote, '\'')) != NULL;)
            *quote = '"';
        json = json_loads(text, 0, NULL);
        free(text);
        assert_non_null(json);
        const char *const ends[] = {"from", "until"}; // in seconds of the bench
        for (int i = 0; i < 2; i++) {
            double seconds = json_number_value(json_object_get(json, ends[i]));
            json_object_set_new(json, ends[i],
                                json_integer((json_int_t)(START + SECONDS(seconds).ns)));
        }
    }
    assert_true(rf_silences_put(&bench->engine.silences, id, json));
    json_decref(json);
    bench_tick(bench);
}

const struct rf_alert *bench_last(const struct bench *bench) {
    assert_true(bench->told_count > 0);
    return &bench->told[bench->told_count - 1];
}

const struct rf_alert *bench_last_on(const struct bench *bench, unsigned c) {
    size_t i = bench->told_count;
    while (i > 0 && !(bench->told[i - 1].channels & 1U << c))
        i--;
    assert_true(i > 0);
    return &bench->told[i - 1];
}

size_t bench_count(const struct bench *bench, const char *kind, const char *incident) {
    size_t count = 0;
    for (size_t i = 0; i < bench->told_count; i++)
        count += strcmp(rf_notice_name(bench->told[i].kind), kind) == 0 &&
                 (incident == NULL || strcmp(bench->told[i].incident, incident) == 0);
    return count;
}

char *bench_kinds(const struct bench *bench, unsigned channels) {
    struct rf_text text = {0};
    for (size_t i = 0; i < bench->told_count; i++)
        if (channels == UINT32_MAX || bench->told[i].channels & channels)
            rf_text_add(&text, "%s%s %s", text.size > 0 ? ", " : "",
                        rf_notice_name(bench->told[i].kind), bench->told[i].incident);
    return rf_text_take(&text);
}

static void expect(const struct bench *bench, unsigned channels, const char *kinds) {
    char *told = bench_kinds(bench, channels);
    assert_string_equal(told, kinds);
    free(told);
}

void bench_expect(const struct bench *bench, const char *kinds) {
    expect(bench, UINT32_MAX, kinds);
}

void bench_expect_on(const struct bench *bench, unsigned c, const char *kinds) {
    expect(bench, 1U << c, kinds);
}

void bench_says(const char *text, const char *part) {
    if (strstr(text, part) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", text, part);
}

void bench_fail_contact(struct bench *bench, const char *contact) {
    bench_event(bench, "contact.set_aside", contact,
                "{'reason': 'retries_exhausted', 'provider': 'x', 'step': 'speech'}");
}

void bench_defer_contact(struct bench *bench, const char *contact) {
    bench_event(bench, "contact.deferred", contact, "{'provider': 'x', 'reason': 'breaker_open'}");
}

int bench_set_up(void **state) {
    *state = bench_new();
    return 0;
}

int bench_tear_down(void **state) {
    bench_destroy(*state);
    return 0;
}
