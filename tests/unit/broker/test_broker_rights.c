// Roles: which message takes which, checked by the key that a peer has and nothing that it says.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "keyring.h"
#include "rights.h"

static struct stage stage;
static struct rf_principal who;

static int open_stage(void **state) {
    (void)state;
    stage_open(&stage, NULL);
    who = (struct rf_principal){.name = "somebody"};
    return 0;
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static struct rf_peer keyed(enum rf_socket socket, const char *name) {
    struct rf_peer it = peer(socket, name);
    it.who = &who;
    return it;
}

// The catalogue says which messages come to the broker.
static void every_message_that_comes_in_has_a_rule_and_no_other(void **state) {
    (void)state;
    static const struct {
        const char *name, *flow;
    } messages[RF_MESSAGE_COUNT] = {
#define MESSAGE(name, type, flow, meaning) [RF_MESSAGE_##name] = {#name, flow},
#include <ringfence/messages.def>
    };
    for (int type = 0; type < RF_MESSAGE_COUNT; type++) {
        bool comes_in = strstr(messages[type].flow, "> broker") != NULL;
        bool has_rule = rf_rights_of((enum rf_message_type)type) != 0;
        if (comes_in != has_rule)
            fail_msg("%s (%s): %s", messages[type].name, messages[type].flow,
                     comes_in ? "which role may send it? rights.c has no row for it"
                              : "rights.c has a row for it, but it does not come in");
    }
}

static const struct rf_refusal *refused(const struct rf_peer *from) {
    const struct rf_refusal *refusal = &stage_next(&stage, from, RF_MESSAGE_refusal)->as.refusal;
    assert_string_equal(refusal->code, "not_allowed");
    return refusal;
}

// What one may try to do, and the roles (without admin, who may everything) that let it.
enum act { PUBLISH, READ_PAGE, WATCH, GET, CALL, CANCEL, WORK, PERMIT, OVERRIDE, STATUS, HELLO };

static const struct {
    const char *name;
    enum act act;
    enum rf_socket socket;
    unsigned roles;
    const char *question; // by which the refusal is known again
} acts[] = {
    {"publish", PUBLISH, RF_SOCKET_INGEST, RF_ROLE_PUBLISHER, NULL},
    {"read a page", READ_PAGE, RF_SOCKET_INGEST, RF_ROLE_SUBSCRIBER, "q"},
    {"watch", WATCH, RF_SOCKET_INGEST, RF_ROLE_SUBSCRIBER | RF_ROLE_WORKER, "q"},
    {"get", GET, RF_SOCKET_INGEST, RF_ROLE_SUBSCRIBER | RF_ROLE_WORKER, "q"},
    {"call", CALL, RF_SOCKET_CALLS, RF_ROLE_CALLER, "q"},
    {"cancel", CANCEL, RF_SOCKET_CALLS, RF_ROLE_CALLER, NULL},
    {"work", WORK, RF_SOCKET_WORKERS, RF_ROLE_WORKER, NULL},
    {"ask for a permit", PERMIT, RF_SOCKET_WORKERS, RF_ROLE_WORKER, NULL},
    {"override", OVERRIDE, RF_SOCKET_CALLS, RF_ROLE_ADMIN, "q"},
    {"override by ingest", OVERRIDE, RF_SOCKET_INGEST, RF_ROLE_ADMIN, "q"},
    {"ask how it is", STATUS, RF_SOCKET_CALLS, RF_ROLES_ALL, "q"},
    {"say hello", HELLO, RF_SOCKET_INGEST, RF_ROLES_ALL, NULL},
};

static void act_as(const struct rf_peer *from, enum act act) {
    static const struct rf_breaker_control force = {.rid = "q",
                                                    .service = "elevenlabs",
                                                    .action = "force_open",
                                                    .who = "admin",
                                                    .why = "because I say so"};
    switch (act) {
    case PUBLISH:
        stage_receive(&stage, from, RF_MESSAGE_stream_open,
                      &(struct rf_stream_open){.stream = "s", .next = 1});
        break;
    case READ_PAGE:
        stage_receive(&stage, from, RF_MESSAGE_journal_read,
                      &(struct rf_journal_read){.rid = "q", .limit = 1});
        break;
    case WATCH:
        stage_receive(&stage, from, RF_MESSAGE_state_watch,
                      &(struct rf_state_watch){.rid = "q", .prefix = "mark/"});
        break;
    case GET:
        stage_receive(&stage, from, RF_MESSAGE_state_get,
                      &(struct rf_state_get){.rid = "q", .key = "mark/x"});
        break;
    case CALL:
        call(&stage, from, "q", RF_NS_PER_S);
        break;
    case CANCEL:
        stage_receive(&stage, from, RF_MESSAGE_call_cancel, &(struct rf_call_cancel){.id = "q"});
        break;
    case WORK:
        beat(&stage, from, "worker-1", NULL, 1, 0);
        break;
    case PERMIT:
        stage_receive(
            &stage, from, RF_MESSAGE_permit_request,
            &(struct rf_permit_request){.call = "c", .service = "elevenlabs", .epoch = 0});
        break;
    case OVERRIDE:
        stage_receive(&stage, from, RF_MESSAGE_breaker_control, &force);
        break;
    case STATUS:
        stage_receive(&stage, from, RF_MESSAGE_status_request,
                      &(struct rf_status_request){.rid = "q"});
        break;
    case HELLO:
        stage_receive(&stage, from, RF_MESSAGE_hello,
                      &(struct rf_hello){.instance = "admin-1", .service = "admin"});
        break;
    }
}

static void each_role_may_do_its_own_and_nothing_else(void **state) {
    static const unsigned roles[] = {
        0, RF_ROLE_PUBLISHER, RF_ROLE_SUBSCRIBER, RF_ROLE_WORKER, RF_ROLE_CALLER, RF_ROLES_ALL};
    for (size_t r = 0; r < sizeof roles / sizeof roles[0]; r++) {
        for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
            assert_int_equal(open_stage(state), 0);
            who.roles = roles[r];
            struct rf_peer from = keyed(acts[i].socket, "somebody");
            bool allowed = (acts[i].roles & roles[r]) != 0;
            act_as(&from, acts[i].act);
            int64_t counted = stage.core->ground.counters.messages_no_role;
            if (counted != (allowed ? 0 : 1))
                fail_msg("roles %u: %s: refused %lld times", roles[r], acts[i].name,
                         (long long)counted);
            if (!allowed) {
                const struct rf_refusal *refusal = refused(&from);
                assert_int_equal(refusal->rid == NULL, acts[i].question == NULL);
                if (acts[i].question != NULL)
                    assert_string_equal(refusal->rid, acts[i].question);
                stage_quiet(&stage, &from);
            }
            close_stage(state);
        }
    }
}

// The ends of calls that the provider told are believed (told.h): not everybody may say them.
static void what_a_provider_told_of_a_call_may_only_a_teller_say(void **state) {
    (void)state;
    struct rf_peer from = keyed(RF_SOCKET_INGEST, "somebody");
    struct rf_event events[3];
    for (int i = 0; i < 3; i++)
        events[i] = (struct rf_event){.id = "01EVENT",
                                      .seq = i + 1,
                                      .ts = 1,
                                      .severity = "info",
                                      .type = i == 1 ? "call.told" : "process.ready",
                                      .subject = "x"};
    who.roles = RF_ROLE_PUBLISHER;
    for (int round = 0; round < 2; round++) {
        int64_t published = stage.core->ground.counters.events_accepted;
        const char *stream = round == 0 ? "s" : "t";
        stage_receive(&stage, &from, RF_MESSAGE_stream_open,
                      &(struct rf_stream_open){.stream = stream, .next = 1});
        (void)stage_next(&stage, &from, RF_MESSAGE_stream_opened);
        struct rf_event_publish publish = {.stream = stream, .events = {events, 3}};
        stage_receive(&stage, &from, RF_MESSAGE_event_publish, &publish);
        // It is not held up by it: what it may say goes on.
        assert_int_equal(stage_next(&stage, &from, RF_MESSAGE_event_ack)->as.event_ack.seq, 3);
        assert_int_equal(stage.core->ground.counters.messages_no_role, 1);
        assert_int_equal(stage.core->ground.counters.events_accepted - published,
                         round == 0 ? 2 : 3);
        who.roles = RF_ROLE_PUBLISHER | RF_ROLE_TELLER;
    }
    who.roles = RF_ROLE_PUBLISHER;
    const struct rf_message message = {.type = RF_MESSAGE_event_publish,
                                       .as.event_publish = {.stream = "s", .events = {events, 3}}};
    struct rf_error error = {0};
    assert_int_equal(rf_rights_check_events(&from, &message, &error), RF_ERR_INVALID);
    assert_string_equal(error.message,
                        "call.told needs the role teller; the key of somebody has publisher");
    from.who = NULL; // over ipc
    assert_int_equal(rf_rights_check_events(&from, &message, &error), RF_OK);
}

static void a_refusal_names_the_role_that_is_missing_and_the_key(void **state) {
    (void)state;
    struct rf_peer from = keyed(RF_SOCKET_CALLS, "x");
    who.roles = RF_ROLE_SUBSCRIBER;
    call(&stage, &from, "c1", RF_NS_PER_S);
    assert_string_equal(refused(&from)->message,
                        "call.request needs the role caller; the key of somebody has subscriber");
    act_as(&from, OVERRIDE);
    assert_string_equal(refused(&from)->message, "breaker.control needs the role admin; the key "
                                                 "of somebody has subscriber");
    who.roles = 0;
    act_as(&from, STATUS);
    assert_string_equal(refused(&from)->message,
                        "the key of somebody is not in the broker's list any more");
}

static void what_is_refused_has_no_effect(void **state) {
    (void)state;
    struct rf_peer from = keyed(RF_SOCKET_CALLS, "x");
    who.roles = RF_ROLE_CALLER | RF_ROLE_PUBLISHER | RF_ROLE_SUBSCRIBER | RF_ROLE_WORKER;
    act_as(&from, OVERRIDE);
    refused(&from);
    assert_int_equal(rf_authority_figures(&stage.core->authority.guards[0]).force,
                     RF_BREAKER_UNFORCED);
    who.roles = RF_ROLES_ALL;
    act_as(&from, OVERRIDE);
    assert_true(stage_next(&stage, &from, RF_MESSAGE_breaker_controlled)->as.breaker_controlled.ok);
    assert_int_equal(rf_authority_figures(&stage.core->authority.guards[0]).force,
                     RF_BREAKER_FORCE_OPEN);
    // It says that it is the admin; the key is told whoever it says it is.
    assert_string_equal(stage.core->authority.guards[0].force_who, "key somebody: admin");
}

static void a_peer_over_ipc_has_no_roles_and_may_everything(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++) {
        struct rf_peer from = peer(acts[i].socket, "local");
        act_as(&from, acts[i].act);
    }
    assert_int_equal(stage.core->ground.counters.messages_no_role, 0);
}

static void a_state_is_written_by_whom_it_belongs_to(void **state) {
    (void)state;
    static const struct {
        const char *key;
        unsigned roles;
    } keys[] = {
        {"process/gateway-1", RF_ROLES_ALL},
        {"provider/openai", RF_ROLE_PUBLISHER | RF_ROLE_ADMIN},
        {"mark/openai", RF_ROLE_WORKER | RF_ROLE_ADMIN},
        {"key/openai/0011", RF_ROLE_WORKER | RF_ROLE_ADMIN},
        {"fallback/speech", RF_ROLE_WORKER | RF_ROLE_ADMIN},
        {"silence/x", RF_ROLE_ADMIN},
        {"mark", RF_ROLE_ADMIN}, // no prefix of ours
        {"", RF_ROLE_ADMIN},
    };
    json_t *value = json_object();
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        struct rf_message put = {.type = RF_MESSAGE_state_put};
        struct rf_message cas = {.type = RF_MESSAGE_state_cas};
        put.as.state_put = (struct rf_state_put){.rid = "q", .key = keys[i].key, .value = value};
        cas.as.state_cas = (struct rf_state_cas){.rid = "q", .key = keys[i].key};
        assert_int_equal(rf_rights_need(&put), keys[i].roles);
        assert_int_equal(rf_rights_need(&cas), keys[i].roles);
    }
    // A deletion is a write: a caller does not clear a mark.
    struct rf_peer from = keyed(RF_SOCKET_INGEST, "x");
    who.roles = RF_ROLE_CALLER;
    stage_receive(&stage, &from, RF_MESSAGE_state_cas,
                  &(struct rf_state_cas){.rid = "q", .key = "mark/openai", .version = 1});
    assert_string_equal(refused(&from)->message, "state.cas of mark/openai needs the role worker; "
                                                 "the key of somebody has caller");
    json_decref(value);
}

static const char *put_as(const struct rf_peer *from, const char *key) {
    json_t *value = json_object();
    stage_receive(&stage, from, RF_MESSAGE_state_put,
                  &(struct rf_state_put){.rid = "q", .key = key, .value = value});
    json_decref(value);
    const struct rf_state_reply *reply =
        &stage_next(&stage, from, RF_MESSAGE_state_reply)->as.state_reply;
    return reply->ok ? "ok" : reply->code;
}

static void a_key_registers_its_own_process_and_no_other(void **state) {
    (void)state;
    struct rf_peer from = keyed(RF_SOCKET_INGEST, "x");
    struct rf_hello hello = {.instance = "logger-1", .service = "logger"};
    who.roles = RF_ROLE_SUBSCRIBER;
    assert_string_equal(put_as(&from, "process/logger-1"), "not_allowed"); // no hello
    stage_receive(&stage, &from, RF_MESSAGE_hello, &hello);
    stage_hush(&stage);
    assert_string_equal(put_as(&from, "process/logger-1"), "ok");
    assert_string_equal(put_as(&from, "process/gateway-1"), "not_allowed");
    assert_string_equal(put_as(&from, "process/"), "not_allowed");
    who.roles = RF_ROLE_ADMIN;
    assert_string_equal(put_as(&from, "process/gateway-1"), "ok");
}

static void take_roles(unsigned roles) {
    who.lost = who.roles & ~roles;
    who.roles = roles;
    rf_core_rights_changed(stage.core, &stage.now);
}

static void a_worker_that_loses_its_role_is_lost_at_once(void **state) {
    (void)state;
    struct rf_peer worker = keyed(RF_SOCKET_WORKERS, "w");
    struct rf_peer client = peer(RF_SOCKET_CALLS, "c");
    who.roles = RF_ROLE_WORKER | RF_ROLE_PUBLISHER;
    beat(&stage, &worker, "worker-1", NULL, 1, 0);
    stage_hush(&stage);
    call(&stage, &client, "c1", RF_NS_PER_S);
    stage_next(&stage, &worker, RF_MESSAGE_call_request);
    take_roles(RF_ROLE_PUBLISHER);
    assert_int_equal(rf_core_peers(stage.core), 0);
    assert_reply(&stage, &client, "c1", "worker_lost", "maybe");
    // Its word counts no more.
    answer(&stage, &worker, "c1");
    beat(&stage, &worker, "worker-1", NULL, 1, 0);
    assert_int_equal(rf_core_peers(stage.core), 0);
    stage_quiet(&stage, &client);
}

static void a_watcher_that_loses_a_role_hears_no_more(void **state) {
    (void)state;
    struct rf_peer client = keyed(RF_SOCKET_INGEST, "c");
    struct rf_peer writer = peer(RF_SOCKET_INGEST, "w");
    who.roles = RF_ROLE_SUBSCRIBER | RF_ROLE_CALLER;
    act_as(&client, HELLO);
    act_as(&client, WATCH);
    assert_int_equal(rf_core_peers(stage.core), 1);
    stage_hush(&stage);
    take_roles(RF_ROLE_CALLER);
    assert_int_equal(rf_core_peers(stage.core), 0);
    json_t *value = json_object();
    stage_receive(&stage, &writer, RF_MESSAGE_state_put,
                  &(struct rf_state_put){.rid = "q", .key = "mark/openai", .value = value});
    json_decref(value);
    stage_quiet(&stage, &client);
    // It registers again, but does not watch again.
    act_as(&client, HELLO);
    assert_true(stage_next(&stage, &client, RF_MESSAGE_welcome)->as.welcome.registered);
    act_as(&client, WATCH);
    refused(&client);
}

static void who_loses_nothing_is_left_alone(void **state) {
    (void)state;
    struct rf_peer client = keyed(RF_SOCKET_INGEST, "c");
    who.roles = RF_ROLE_SUBSCRIBER;
    act_as(&client, HELLO);
    act_as(&client, WATCH);
    stage_hush(&stage);
    take_roles(RF_ROLE_SUBSCRIBER | RF_ROLE_CALLER);
    assert_int_equal(rf_core_peers(stage.core), 1);
    json_t *value = json_object();
    struct rf_peer writer = peer(RF_SOCKET_INGEST, "w");
    stage_receive(&stage, &writer, RF_MESSAGE_state_put,
                  &(struct rf_state_put){.rid = "q", .key = "mark/openai", .value = value});
    json_decref(value);
    stage_next(&stage, &client, RF_MESSAGE_state_change);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_stage, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_message_that_comes_in_has_a_rule_and_no_other),
        cmocka_unit_test(each_role_may_do_its_own_and_nothing_else),
        TEST(what_a_provider_told_of_a_call_may_only_a_teller_say),
        TEST(a_refusal_names_the_role_that_is_missing_and_the_key),
        TEST(what_is_refused_has_no_effect),
        TEST(a_peer_over_ipc_has_no_roles_and_may_everything),
        TEST(a_state_is_written_by_whom_it_belongs_to),
        TEST(a_key_registers_its_own_process_and_no_other),
        TEST(a_worker_that_loses_its_role_is_lost_at_once),
        TEST(a_watcher_that_loses_a_role_hears_no_more),
        TEST(who_loses_nothing_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
