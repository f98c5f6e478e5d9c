#include "engine_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KILL_SHARE 0.04 // of the moments at which one can come

// ---- configuration ----

static unsigned named(const void *arg, const char *names) {
    unsigned channels = 0;
    (void)arg;
    for (unsigned c = 0; names != NULL && c < 3; c++)
        channels |= strchr(names, "abc"[c]) != NULL ? 1U << c : 0U;
    return names == NULL ? 7U : channels;
}

static struct rf_engine_setup setup_of(struct world *world) {
    static struct rf_hours hours = {.days = 127, .from = 22 * 60, .to = 31 * 60};
    const struct script_rules *rules = world->rules;
    world->config = (struct rf_config_alerter){
        .rules = {.items = (void *)(uintptr_t)rules->rules, .count = rules->rule_count},
        .storm = rules->storm,
        .own_side = {.providers = 3, .within = rf_seconds(15)},
        .remind = rules->remind,
        .flap_window = rf_seconds(300),
        .flap_changes = 4,
        .settle = rf_seconds(60)};
    if (rules->quiet)
        world->config.quiet = (struct rf_config_quiet){.hours = {.items = &hours, .count = 1},
                                                       .time_zone = (char *)(uintptr_t) "UTC",
                                                       .below = (char *)(uintptr_t) "critical"};
    struct rf_engine_setup setup = {
        .config = &world->config, .zone = world->zone, .channels = 7, .named = named};
    static const char *const names[] = {"a", "b", "c"};
    for (int c = 0; c < 3; c++)
        setup.takes[c] = world->script->takes[c];
    memcpy(setup.names, names, sizeof names);
    return setup;
}

// ---- what people said, which the broker retains ----

static const struct script_step *silence_of(const struct world *world, size_t which) {
    const struct script_step *found = NULL;
    for (size_t i = 0; i < world->said; i++)
        if (world->script->steps[i].kind == STEP_SILENCE && world->script->steps[i].which == which)
            found = &world->script->steps[i];
    return found;
}

static void put_silence(struct world *world, size_t which) {
    char id[16];
    snprintf(id, sizeof id, "s%zu", which);
    const struct script_step *step = world->silenced[which] ? silence_of(world, which) : NULL;
    json_t *value =
        step == NULL ? NULL
                     : json_pack("{s:{s:s}, s:I, s:I}", "match", "incident", step->pattern, "from",
                                 (json_int_t)step->from.ns, "until", (json_int_t)step->until.ns);
    assert_true(rf_silences_put(&world->engine.silences, id, value));
    json_decref(value);
}

static void put_ack(struct world *world, const struct script_step *step) {
    rf_engine_ack(&world->engine, world->script->events[step->which].id, "Ada", "seen", step->at);
}

// ---- life ----

static void load(struct world *world) {
    struct rf_error error;
    struct rf_engine_setup setup = setup_of(world);
    rf_engine_init(&world->engine, &setup);
    if (rf_ledger_load_incidents(world->ledger, &world->engine, &error) != RF_OK)
        fail_msg("seed %d: %s", (int)world->script->seed, error.message);
    for (size_t i = 0; i < SCRIPT_SILENCES; i++)
        put_silence(world, i);
    for (size_t i = 0; i < world->said; i++)
        if (world->script->steps[i].kind == STEP_ACK)
            put_ack(world, &world->script->steps[i]);
}

static enum rf_err none(void *arg, const char *channel, const struct rf_delivery *delivery,
                        struct rf_error *error) {
    (void)arg, (void)channel, (void)delivery, (void)error;
    return RF_OK;
}

static bool store(struct world *world, bool moved);

static void kill_and_load(struct world *world) {
    struct rf_journal_place cursor;
    struct rf_error error;
    bool known;
    world->killed++;
    rf_engine_fini(&world->engine);
    assert_int_equal(rf_ledger_load(world->ledger, &known, &cursor, none, NULL, &error), RF_OK);
    world->read = (size_t)cursor.n;
    load(world);
    if (world->kills != WORLD_LOOSELY)
        return;
    world->now = rf_utc_add(world->now, rf_ms((int64_t)(rf_rng_next(&world->rng) >> 44)));
    while (!store(world, false))
        continue;
}

static bool is_killed(struct world *world) {
    return world->kills != WORLD_WHOLE && rf_rng_unit(&world->rng) < KILL_SHARE;
}

// ---- what was told ----

static struct telling *new_telling(struct world *world) {
    if (world->telling_count == world->telling_capacity) {
        world->telling_capacity = world->telling_capacity * 2 + 64;
        world->tellings =
            realloc(world->tellings, world->telling_capacity * sizeof *world->tellings);
    }
    struct telling *telling = &world->tellings[world->telling_count++];
    *telling = (struct telling){0};
    return telling;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text == NULL ? "" : text;
}

static void add_telling(struct world *world, const struct rf_alert *alert, const json_t *course,
                        enum rf_notice kind) {
    struct telling *telling = new_telling(world);
    memcpy(telling->notice, alert->id, sizeof telling->notice);
    memcpy(telling->thread, alert->thread, sizeof telling->thread);
    snprintf(telling->incident, sizeof telling->incident, "%s", text_of(course, "id"));
    snprintf(telling->name, sizeof telling->name, "%s", text_of(course, "name"));
    snprintf(telling->rule, sizeof telling->rule, "%s", text_of(course, "rule"));
    telling->kind = kind;
    telling->digest = alert->kind == RF_NOTICE_DIGEST;
    telling->channels = alert->channels;
    telling->at = world->now;
    telling->order = alert->order;
    telling->flaps = json_is_true(json_object_get(course, "flapping"));
}

static void hear(struct world *world, const struct rf_alert *alert) {
    json_t *body = json_loads(alert->payload, 0, NULL);
    const json_t *data = json_object_get(body, "data"), *list = json_object_get(data, "incidents");
    assert_non_null(data);
    rf_text_add(&world->notices, "%s %s %s %u %lld: %s\n", alert->id, alert->thread,
                rf_notice_name(alert->kind), alert->channels, (long long)alert->order,
                alert->payload);
    if (alert->kind != RF_NOTICE_DIGEST)
        add_telling(world, alert, json_object_get(data, "course"), alert->kind);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *course = json_array_get(list, i);
        add_telling(world, alert, course, rf_notice_parse(text_of(course, "kind")));
    }
    json_decref(body);
}

// ---- storing ----

static void on_stored(void *arg) {
    struct world *world = arg;
    world->stored = true;
    rf_loop_stop(world->loop);
}

static void commit(struct world *world, bool moved) {
    struct rf_ledger_page *page = &world->page;
    struct rf_error error;
    page->fresh = calloc(page->changes.alert_count + 1, sizeof *page->fresh);
    for (int c = 0; c < 3; c++)
        snprintf(page->names.names[c], sizeof page->names.names[c], "%c", "abc"[c]);
    page->moved = moved;
    page->cursor = rf_journal_place((int64_t)world->read, "journal");
    page->now = world->now;
    page->stored = on_stored;
    page->arg = world;
    world->stored = false;
    rf_ledger_submit_page(world->ledger, page);
    while (!world->stored)
        assert_int_equal(rf_loop_run(world->loop, &error), RF_OK);
    for (size_t i = 0; i < page->changes.alert_count; i++) {
        if (!page->fresh[i])
            fail_msg("seed %d: notice %s was made twice", (int)world->script->seed,
                     page->changes.alerts[i].id);
        hear(world, &page->changes.alerts[i]);
    }
    free(page->fresh);
}

// False: it was killed before that was stored.
static bool store(struct world *world, bool moved) {
    struct rf_error error;
    world->wake = rf_engine_tick(&world->engine, world->now);
    assert_int_equal(rf_engine_changes(&world->engine, &world->page.changes, &error), RF_OK);
    bool nothing = !moved && world->page.changes.state == NULL;
    if (is_killed(world)) {
        rf_engine_changes_free(&world->page.changes);
        kill_and_load(world);
        return false;
    }
    if (!nothing)
        commit(world, moved);
    rf_engine_changes_free(&world->page.changes);
    if (is_killed(world))
        kill_and_load(world);
    else if (!nothing)
        rf_engine_stored(&world->engine);
    return true;
}

static void tick(struct world *world) {
    while (!store(world, false))
        continue;
}

static void wait_until(struct world *world, struct rf_utc at) {
    for (int i = 0; world->wake.ns <= at.ns; i++) {
        struct rf_utc soon = rf_utc_add(world->now, rf_ms(1));
        if (i > 100000)
            fail_msg("seed %d: it is never done", (int)world->script->seed);
        world->now = world->wake.ns > world->now.ns ? world->wake : soon;
        tick(world);
    }
    world->now = at.ns > world->now.ns ? at : world->now;
}

// ---- a script ----

static void take_event(struct world *world, size_t place) {
    const struct script_event *made = &world->script->events[place];
    json_t *data = json_loads(made->data, 0, NULL);
    struct rf_event event = {.id = made->id,
                             .n = (int64_t)place + 1,
                             .ts = made->ts,
                             .type = made->type,
                             .subject = made->subject,
                             .severity = made->severity,
                             .campaign = "spring",
                             .contact = made->contact[0] == '\0' ? NULL : made->contact,
                             .data = data};
    assert_non_null(data);
    rf_engine_event(&world->engine, &event, world->now);
    json_decref(data);
}

static void read_journal(struct world *world) {
    while (world->read < world->published) {
        size_t end = world->published;
        if (world->kills == WORLD_LOOSELY)
            end = world->read + 1 + (size_t)(rf_rng_next(&world->rng) >> 40) % (end - world->read);
        while (world->read < end)
            take_event(world, world->read++);
        store(world, true);
    }
}

static void reload(struct world *world, size_t which) {
    world->rules = &script_rules[which];
    struct rf_engine_setup setup = setup_of(world);
    rf_engine_set(&world->engine, &setup);
}

static void take_step(struct world *world, const struct script_step *step) {
    world->said++;
    switch (step->kind) {
    case STEP_EVENTS:
        world->published = step->first + step->count;
        read_journal(world);
        return;
    case STEP_SILENCE:
    case STEP_UNSILENCE:
        world->silenced[step->which] = step->kind == STEP_SILENCE;
        put_silence(world, step->which);
        break;
    case STEP_ACK:
        put_ack(world, step);
        break;
    case STEP_RULES:
        reload(world, step->which);
        break;
    case STEP_WAIT:
        break;
    }
    tick(world);
}

void world_play(struct world *world, const struct script *script, enum world_kills kills,
                uint64_t seed) {
    struct rf_error error;
    *world = (struct world){.script = script,
                            .kills = kills,
                            .rng = {seed},
                            .now = script->steps[0].at,
                            .wake = {INT64_MAX},
                            .rules = &script_rules[0]};
    assert_int_equal(rf_zone_new("UTC", &world->zone, &error), RF_OK);
    world->loop = rf_loop_new();
    assert_non_null(world->loop);
    if (rf_ledger_open(world->loop, ":memory:", &world->ledger, &error) != RF_OK)
        fail_msg("%s", error.message);
    load(world);
    for (size_t i = 0; i < script->step_count; i++) {
        wait_until(world, script->steps[i].at);
        take_step(world, &script->steps[i]);
    }
}

void world_fini(struct world *world) {
    rf_engine_fini(&world->engine);
    rf_ledger_close(&world->ledger);
    rf_loop_destroy(&world->loop);
    rf_zone_destroy(&world->zone);
    free(world->tellings);
    rf_text_fini(&world->notices);
}
