// What calls may cost the broker, and what it does when that is reached.
#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

#include "job.h"
#include "wire/request.h"

#define LONG (60 * RF_NS_PER_S)
#define MB   ((size_t)1024 * 1024)

static struct stage stage;
static struct rf_peer client, worker, second;

static void few_answers(struct rf_core_settings *settings) {
    settings->calls.once = 8;
}

static int open_with(void (*change)(struct rf_core_settings *settings)) {
    stage_open(&stage, change);
    client = peer(RF_SOCKET_CALLS, "client");
    worker = peer(RF_SOCKET_WORKERS, "w1");
    second = peer(RF_SOCKET_WORKERS, "w2");
    return 0;
}

static int open_stage(void **state) {
    (void)state;
    return open_with(NULL);
}

static int open_stage_of_few_answers(void **state) {
    (void)state;
    return open_with(few_answers);
}

static int close_stage(void **state) {
    (void)state;
    stage_close(&stage);
    return 0;
}

static void request(const char *service, const char *id, bool repeatable, int64_t asked_ns,
                    size_t size) {
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    struct rf_call_request request = {.id = id,
                                      .service = service,
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + LONG,
                                      .remaining_ns = LONG,
                                      .repeatable = repeatable,
                                      .asked_ns = asked_ns,
                                      .trace = text};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    free(text);
}

static const char *numbered(int i) {
    static char id[16];
    snprintf(id, sizeof id, "c%d", i);
    return id;
}

static size_t taken_of(const char *service, size_t size, int *number) {
    size_t taken = 0;
    int64_t refused = stage.core->ground.counters.calls_overloaded;
    while (stage.core->ground.counters.calls_overloaded == refused) {
        request(service, numbered((*number)++), true, 0, size);
        taken++;
    }
    assert_reply(&stage, &client, numbered(*number - 1), "overloaded", "no");
    return taken - 1;
}

static void calls_are_bounded_by_their_bytes_and_a_service_leaves_room_for_others(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 0, 0);
    beat(&stage, &second, "g-2", "script", 0, 0);
    int number = 0;
    // 64 MB: of calls of 5 MB six fit into the half.
    assert_int_equal(taken_of("speech", 5 * MB, &number), 6);
    assert_true(stage.core->dispatch.bytes > 30 * MB && stage.core->dispatch.bytes < 31 * MB);
    // Another service has half of what is left, and what is small finds room there.
    assert_int_equal(taken_of("script", 5 * MB, &number), 3);
    request("script", "small", true, 0, 1000);
    stage_quiet(&stage, &client);
    assert_true(stage.core->dispatch.bytes <= 64 * MB);
}

static void what_a_call_took_is_free_again_when_it_is_over_and_not_before(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 4, 0);
    int number = 0;
    assert_int_equal(taken_of("speech", 8 * MB, &number), 3); // in hand, they count as well
    answer(&stage, &worker, "c0");
    assert_reply(&stage, &client, "c0", NULL, "yes");
    request("speech", "one", true, 0, 8 * MB);
    stage_quiet(&stage, &client);
    for (int i = 1; i < 3; i++)
        answer(&stage, &worker, numbered(i));
    answer(&stage, &worker, "one");
    assert_int_equal(stage.core->dispatch.jobs.count, 0);
    assert_int_equal(stage.core->dispatch.bytes, 0);
    assert_int_equal(rf_seats_queue(&stage.core->dispatch.seats, rf_str_of("speech"), false)->bytes,
                     0);
}

static void a_call_that_is_handed_back_counts_once_with_what_was_tried(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 1, 0);
    call(&stage, &client, "c1", LONG);
    size_t before = stage.core->dispatch.bytes;
    struct rf_attempt attempt = {
        .provider = "elevenlabs", .class = "transient", .began = 1, .took_ns = 2};
    struct rf_worker_handback handback = {.id = "c1", .attempts = {&attempt, 1}};
    for (int i = 0; i < 3; i++) {
        stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
        credit(&stage, &worker, i + 1);
        assert_true(stage.core->dispatch.bytes > before);
        assert_true(stage.core->dispatch.bytes < before + 200);
    }
    assert_int_equal(stage.core->dispatch.answers.awaited, 1);
    answer(&stage, &worker, "c1");
    assert_int_equal(stage.core->dispatch.bytes, 0);
    assert_int_equal(stage.core->dispatch.answers.awaited, 0);
}

static void carry_out(const char *service, const struct rf_peer *from, int i, bool repeatable) {
    request(service, numbered(i), repeatable, 0, 10);
    answer(&stage, from, numbered(i));
    assert_reply(&stage, &client, numbered(i), NULL, "yes");
}

static void what_may_not_be_repeated_is_refused_rather_than_an_answer_forgotten(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    beat(&stage, &second, "g-2", "script", 100, 0);
    for (int i = 0; i < 4; i++) // half of eight
        carry_out("speech", &worker, i, false);
    request("speech", "c4", false, 0, 10);
    assert_reply(&stage, &client, "c4", "overloaded", "no");
    // Another service, what may be repeated, and what was asked before go on.
    carry_out("script", &second, 5, false);
    for (int i = 6; i < 60; i++)
        carry_out("speech", &worker, i, true);
    for (int i = 0; i < 4; i++) {
        request("speech", numbered(i), false, i % 2, 10);
        assert_reply(&stage, &client, numbered(i), NULL, "yes");
    }
    // And all of it when ten minutes are over.
    stage_at(&stage, RF_ANSWERS_KEEP);
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    carry_out("speech", &worker, 61, false);
}

static void calls_in_hand_take_the_room_of_their_answers(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    for (int i = 0; i < 4; i++)
        request("speech", numbered(i), false, 0, 10);
    stage_quiet(&stage, &client);
    request("speech", "c4", false, 0, 10);
    assert_reply(&stage, &client, "c4", "overloaded", "no");
    // Cancelled before it was begun one leaves nothing that has to be remembered so.
    struct rf_call_reply reply = {.id = "c0", .class = "local", .code = "cancelled", .sent = "no"};
    stage_receive(&stage, &worker, RF_MESSAGE_call_reply, &reply);
    assert_reply(&stage, &client, "c0", "cancelled", "no");
    request("speech", "c5", false, 0, 10);
    assert_reply(&stage, &client, "c5", "overloaded", "no"); // the worker's word is remembered
}

static void a_flood_of_refused_calls_pushes_out_no_answer(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    stage_at(&stage, STAGE_LEASE + 1);
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    stage_hush(&stage);
    carry_out("speech", &worker, 0, false);
    char id[16];
    for (int i = 0; i < 3 * RF_ANSWERS_MAX; i++) {
        snprintf(id, sizeof id, "n%d", i);
        request("nobody", id, false, 0, 10);
        if (i % 1000 == 0)
            stage_forget(&stage);
    }
    assert_int_equal(stage.core->dispatch.answers.memories[RF_ANSWERS_ONCE_NO].count,
                     RF_ANSWERS_MAX);
    stage_forget(&stage);
    request("speech", "c0", false, 0, 10);
    assert_reply(&stage, &client, "c0", NULL, "yes");
    stage_quiet(&stage, &worker);
}

static void an_answer_whose_bytes_went_is_told_as_one_that_may_have_been_sent(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    unsigned char *body = calloc(1, 15 * MB);
    assert_non_null(body);
    for (int i = 0; i < 4; i++)
        request("speech", numbered(i), false, 0, 10);
    for (int i = 0; i < 4; i++) {
        struct rf_call_reply reply = {
            .id = numbered(i), .ok = true, .class = "ok", .sent = "yes", .body = {body, 15 * MB}};
        stage_receive(&stage, &worker, RF_MESSAGE_call_reply, &reply);
    }
    for (int i = 4; i < 6; i++) { // told late, as after a restart
        struct rf_call_reply reply = {
            .id = numbered(i), .ok = true, .class = "ok", .sent = "yes", .body = {body, 15 * MB}};
        stage_receive(&stage, &worker, RF_MESSAGE_call_reply, &reply);
    }
    free(body);
    stage_forget(&stage);
    request("speech", "c0", false, 0, 10);
    assert_reply(&stage, &client, "c0", "worker_lost", "maybe");
    request("speech", "c5", false, 0, 10);
    assert_reply(&stage, &client, "c5", NULL, "yes");
    stage_quiet(&stage, &worker);
}

// A flood of calls that one worker gave back waits for the other, and holds up nobody.
static void calls_of_another_worker_go_past_those_that_wait_for_another(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 50, 0);
    beat(&stage, &second, "g-2", "speech", 0, 0);
    for (int i = 0; i < 50; i++)
        request("speech", numbered(i), true, 0, 10);
    beat(&stage, &second, "g-2", "speech", 1, 0);
    request("speech", "other", true, 0, 10); // in the hand of g-2
    stage_hush(&stage);
    for (int i = 0; i < 50; i++) {
        struct rf_worker_handback handback = {.id = numbered(i)};
        stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    }
    credit(&stage, &worker, 50);
    stage_quiet(&stage, &worker);
    struct rf_worker_handback handback = {.id = "other"};
    stage_receive(&stage, &second, RF_MESSAGE_worker_handback, &handback);
    assert_string_equal(stage_next(&stage, &worker, RF_MESSAGE_call_request)->as.call_request.id,
                        "other");
    stage_quiet(&stage, &worker);
    // When the other one is gone they come back to the one that is left.
    struct rf_worker_bye bye = {.instance = "g-2"};
    stage_receive(&stage, &second, RF_MESSAGE_worker_bye, &bye);
    stage_hush(&stage);
    beat(&stage, &worker, "g-1", "speech", 50, 50);
    stage_next(&stage, &worker, RF_MESSAGE_worker_welcome);
    stage_next(&stage, &worker, RF_MESSAGE_call_request);
}

static void when_the_worker_that_gave_calls_back_is_lost_they_keep_their_turn(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 2, 0);
    beat(&stage, &second, "g-2", "speech", 0, 0);
    for (int i = 0; i < 3; i++)
        request("speech", numbered(i), true, 0, 10);
    for (int i = 1; i >= 0; i--) {
        struct rf_worker_handback handback = {.id = numbered(i)};
        stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    }
    struct rf_worker_bye bye = {.instance = "g-1"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_bye, &bye);
    stage_hush(&stage);
    beat(&stage, &second, "g-2", "speech", 3, 0);
    stage_next(&stage, &second, RF_MESSAGE_worker_welcome);
    for (int i = 0; i < 3; i++)
        assert_string_equal(
            stage_next(&stage, &second, RF_MESSAGE_call_request)->as.call_request.id, numbered(i));
}

// ---- what a request may be ----

static char *text_of(size_t size) {
    char *text = malloc(size + 1);
    assert_non_null(text);
    memset(text, 'x', size);
    text[size] = '\0';
    return text;
}

static void assert_refused(const char *rid, const char *message) {
    const struct rf_refusal *refusal = &stage_next(&stage, &client, RF_MESSAGE_refusal)->as.refusal;
    assert_string_equal(refusal->code, "invalid");
    if (rid == NULL)
        assert_null(refusal->rid);
    else
        assert_string_equal(refusal->rid, rid);
    assert_string_equal(refusal->message, message);
    stage_quiet(&stage, &client);
    assert_int_equal(stage.core->dispatch.jobs.count, 0);
    assert_int_equal(stage.core->dispatch.answers.map.count, 0);
}

static void an_id_that_is_too_long_to_be_remembered_is_refused_and_kept_nowhere(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 0, 0);
    char *id = text_of(256);
    request("speech", id, false, 0, 10);
    assert_refused(NULL, "call.request: id has 256 bytes, and may have 255: give a shorter one");
    // A worker's word of it is passed over as well, wherever it comes.
    struct rf_offer offer = {.service = "speech", .capacity = 1};
    const char *in_hand[] = {id, id + 1};
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-2", .offers = {&offer, 1}, .in_hand = {in_hand, 2}};
    stage_receive(&stage, &second, RF_MESSAGE_worker_heartbeat, &heartbeat);
    assert_int_equal(stage.core->dispatch.jobs.count, 1);
    answer(&stage, &second, id);
    assert_int_equal(stage.core->dispatch.answers.map.count, 0);
    answer(&stage, &second, id + 1);
    assert_int_equal(stage.core->dispatch.answers.map.count, 1);
    request("speech", id + 1, false, 0, 10);
    assert_reply(&stage, &client, id + 1, NULL, "yes");
    free(id);
}

static void a_name_that_is_too_long_is_refused(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 0, 0);
    char *name = text_of(300);
    struct rf_call_request request = {
        .id = "c1", .service = "speech", .operation = name, .deadline = stage.now.utc.ns + LONG};
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    assert_refused("c1",
                   "call.request: operation has 300 bytes, and may have 255: give a shorter one");
    request.operation = "speak";
    request.service = name;
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    assert_refused("c1",
                   "call.request: service has 300 bytes, and may have 255: give a shorter one");
    free(name);
}

static void a_request_that_no_worker_could_take_is_refused_at_the_door(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 1, 0);
    struct rf_frame frame;
    struct rf_call_request request = {.id = "c1",
                                      .service = "speech",
                                      .operation = "speak",
                                      .deadline = stage.now.utc.ns + LONG,
                                      .trace = ""};
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, NULL), RF_OK);
    char *text = text_of(RF_WIRE_REQUEST_BYTES - frame.size - 4 + 1); // four for its length
    rf_frame_free(&frame);
    request.trace = text;
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    assert_refused("c1", "call.request: the frame has 16711681 bytes, and may have 16711680: send "
                         "less in params");
    request.trace = text + 1;
    stage_receive(&stage, &client, RF_MESSAGE_call_request, &request);
    // What it is allowed leaves room for what comes to it.
    stage_hush(&stage);
    struct rf_attempt attempt = {
        .provider = "elevenlabs", .class = "transient", .began = 1, .took_ns = 2};
    struct rf_worker_handback handback = {.id = "c1", .attempts = {&attempt, 1}, .retries = 1};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &worker, 1);
    stage_next(&stage, &worker, RF_MESSAGE_call_request);
    stage_quiet(&stage, &client);
    free(text);
}

// Tried so often that the frame would be beyond what the worker's connection takes.
static void what_was_tried_never_makes_a_request_too_large_for_a_worker(void **state) {
    (void)state;
    struct rf_map_key key = rf_job_key(&stage.core->dispatch, rf_str_of("c1"));
    struct rf_job *job = rf_job_found(&stage.core->dispatch, "c1");
    assert_non_null(job);
    struct rf_frame frame;
    struct rf_call_request request = {
        .id = "c1", .service = "speech", .operation = "speak", .deadline = 1, .trace = ""};
    assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, NULL), RF_OK);
    size_t most = RF_WIRE_MAX_BYTES - RF_WIRE_HOLD_MORE - frame.size - 4;
    rf_frame_free(&frame);
    char *text = text_of(most + 1);
    for (int less = 0; less < 2; less++) {
        request.trace = text + less;
        assert_int_equal(rf_wire_encode(RF_MESSAGE_call_request, &request, &frame, NULL), RF_OK);
        struct rf_glance glance;
        assert_true(rf_wire_glance(frame.data, frame.size, &glance));
        struct rf_job_wish wish = {&glance.as.call_request, glance.raw, key, NULL, {1}};
        assert_int_equal(rf_job_describe(job, &wish), less == 1);
        assert_int_equal(job->frame != NULL, less == 1);
        assert_true(job->frame_size <= RF_WIRE_MAX_BYTES);
        rf_frame_free(&frame);
    }
    rf_job_free(job);
    assert_int_equal(stage.core->dispatch.bytes, 0);
    free(text);
}

static void all_that_a_call_holds_counts_for_it(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 1, 0);
    char *id = text_of(255);
    request("speech", id, false, 0, 8 * MB);
    size_t first = stage.core->dispatch.bytes;
    assert_true(first >= sizeof(struct rf_job) + 255 + 8 * MB + 255);
    stage_hush(&stage);
    // Rewritten it stands beside the frame that came.
    struct rf_worker_handback handback = {.id = id, .retries = 1};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    size_t second_size = stage.core->dispatch.bytes;
    assert_true(second_size > first + 8 * MB && second_size < first + 9 * MB);
    stage_receive(&stage, &worker, RF_MESSAGE_worker_handback, &handback);
    credit(&stage, &worker, 1);
    assert_true(stage.core->dispatch.bytes < first + 9 * MB);
    // And so do those who wait beside the first.
    size_t before = stage.core->dispatch.bytes;
    client = peer(RF_SOCKET_CALLS, "another");
    request("speech", id, false, 0, 10);
    assert_int_equal(stage.core->dispatch.bytes - before, sizeof(struct rf_asker));
    answer(&stage, &worker, id);
    assert_int_equal(stage.core->dispatch.bytes, 0);
    free(id);
}

static void a_call_found_in_a_hand_is_joined_only_if_there_is_room_for_its_request(void **state) {
    (void)state;
    struct rf_offer offer = {.service = "speech", .capacity = 10};
    const char *in_hand[] = {"c0", "c1", "c2", "c3", "c4"};
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-1", .offers = {&offer, 1}, .in_hand = {in_hand, 5}};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_heartbeat, &heartbeat);
    for (int i = 0; i < 3; i++)
        request("speech", numbered(i), true, 1, 8 * MB);
    stage_quiet(&stage, &client);
    request("speech", "c3", true, 1, 8 * MB);
    assert_reply(&stage, &client, "c3", "overloaded", "maybe");
    assert_true(stage.core->dispatch.bytes <= 64 * MB);
    request("speech", "c4", true, 1, 10);
    stage_quiet(&stage, &client);
    answer(&stage, &worker, "c4");
    assert_reply(&stage, &client, "c4", NULL, "yes");
}

// ---- answers that nobody awaited ----

static void told(const struct rf_peer *from) {
    struct rf_worker_recalled recalled = {.known_ns = 0};
    stage_receive(&stage, from, RF_MESSAGE_worker_recalled, &recalled);
}

static void what_a_worker_remembers_of_before_pushes_out_no_answer(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    told(&worker);
    carry_out("speech", &worker, 0, false);
    request("speech", "c1", false, 0, 10);
    beat(&stage, &second, "g-2", "script", 100, 0);
    char id[16];
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "old%d", i);
        answer(&stage, &second, id);
    }
    // Eight: one is known, one awaited.
    assert_int_equal(stage.core->dispatch.answers.memories[RF_ANSWERS_ONCE].count, 7);
    answer(&stage, &worker, "c1");
    assert_reply(&stage, &client, "c1", NULL, "yes");
    stage_hush(&stage);
    for (int i = 0; i < 2; i++) {
        request("speech", numbered(i), false, 0, 10);
        assert_reply(&stage, &client, numbered(i), NULL, "yes");
    }
    request("script", "old5", false, 0, 10);
    assert_reply(&stage, &client, "old5", NULL, "yes");
    stage_quiet(&stage, &worker);
    stage_quiet(&stage, &second);
    // What had no room is known as well, and costs no call its room.
    request("script", "old19", false, 1, 10);
    assert_reply(&stage, &client, "old19", NULL, "yes");
    stage_quiet(&stage, &second);
}

static void calls_found_in_a_hand_push_out_no_answer_either(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    told(&worker);
    for (int i = 0; i < 3; i++)
        carry_out("speech", &worker, i, false);
    request("speech", "c3", false, 0, 10);
    stage_hush(&stage);
    struct rf_offer offer = {.service = "script", .capacity = 20};
    char ids[20][16];
    const char *in_hand[20];
    for (int i = 0; i < 20; i++) {
        snprintf(ids[i], sizeof ids[i], "found%d", i);
        in_hand[i] = ids[i];
    }
    struct rf_worker_heartbeat heartbeat = {
        .instance = "g-2", .offers = {&offer, 1}, .in_hand = {in_hand, 20}};
    stage_receive(&stage, &second, RF_MESSAGE_worker_heartbeat, &heartbeat);
    for (int i = 0; i < 10; i++) // somebody asks for half of them
        request("script", ids[i], false, 1, 10);
    for (int i = 0; i < 20; i++)
        answer(&stage, &second, ids[i]);
    for (int i = 0; i < 10; i++)
        assert_reply(&stage, &client, ids[i], NULL, "yes");
    answer(&stage, &worker, "c3");
    assert_reply(&stage, &client, "c3", NULL, "yes");
    assert_int_equal(stage.core->dispatch.answers.awaited, 0);
    assert_int_equal(stage.core->dispatch.answers.memories[RF_ANSWERS_ONCE].count, 8);
    stage_hush(&stage);
    for (int i = 0; i < 4; i++) {
        request("speech", numbered(i), false, 0, 10);
        assert_reply(&stage, &client, numbered(i), NULL, "yes");
    }
    for (int i = 0; i < 20; i++) {
        request("script", ids[i], false, 0, 10);
        assert_reply(&stage, &client, ids[i], NULL, "yes");
    }
    stage_quiet(&stage, &worker);
    stage_quiet(&stage, &second);
}

static void refusals_of_what_may_have_been_sent_take_no_room_of_answers(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    stage_at(&stage, STAGE_LEASE + 1);
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    stage_hush(&stage);
    for (int i = 10; i < 30; i++) {
        request("nobody", numbered(i), false, RF_ANSWERS_KEEP, 10);
        assert_reply(&stage, &client, numbered(i), "no_worker", "maybe");
    }
    for (int i = 0; i < 4; i++)
        carry_out("speech", &worker, i, false);
    request("speech", "c10", false, 0, 10);
    assert_reply(&stage, &client, "c10", "no_worker", "maybe");
}

static void replies_to_nothing_take_no_room_once_a_worker_has_told_what_it_did(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    told(&worker);
    char id[16];
    for (int i = 0; i < 20; i++) {
        snprintf(id, sizeof id, "none%d", i);
        answer(&stage, &worker, id);
    }
    assert_int_equal(stage.core->dispatch.answers.map.count, 0);
    assert_int_equal(stage.core->ground.counters.replies_late, 20);
    for (int i = 0; i < 4; i++)
        carry_out("speech", &worker, i, false);
}

// It takes all room that is left.
static void tell_eight_of_before(const struct rf_peer *from) {
    char id[16];
    for (int i = 0; i < 8; i++) {
        snprintf(id, sizeof id, "old%d", i);
        answer(&stage, from, id);
    }
}

static void what_is_unsure_stays_known_when_a_worker_tells_it_and_there_is_no_room(void **state) {
    (void)state;
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    stage_at(&stage, STAGE_LEASE + 1);
    beat(&stage, &worker, "g-1", "speech", 100, 0);
    told(&worker);
    request("nobody", "d1", false, RF_ANSWERS_KEEP, 10);
    assert_reply(&stage, &client, "d1", "no_worker", "maybe");
    beat(&stage, &second, "g-2", "nobody", 100, 0);
    tell_eight_of_before(&second);
    request("nobody", "d1", false, 0, 10);
    assert_reply(&stage, &client, "d1", "no_worker", "maybe");
    answer(&stage, &second, "d1");
    request("nobody", "d1", false, 0, 10);
    assert_reply(&stage, &client, "d1", NULL, "yes");
    assert_int_equal(stage.core->ground.counters.calls_taken, 0);
}

// The dial in its hand is asked for, and it is silent for a lease: it is taken for lost.
static void lose_with_a_dial(const struct rf_peer *from, const char *instance) {
    beat(&stage, from, instance, "speech", 100, 0);
    told(from);
    request("speech", "d1", false, 0, 10);
    stage_hush(&stage);
    int64_t lost = stage.now.instant.ns + STAGE_LEASE + 1;
    while (stage.now.instant.ns < lost) {
        stage_at(&stage, stage.now.instant.ns + STAGE_HEARTBEAT);
        beat(&stage, &second, "g-2", "script", 100, 0);
    }
    assert_reply(&stage, &client, "d1", "worker_lost", "maybe");
}

static void register_with_the_dial(const struct rf_peer *from, const char *instance) {
    struct rf_offer offer = {.service = "speech", .capacity = 100};
    const char *in_hand[] = {"d1"};
    struct rf_worker_heartbeat heartbeat = {
        .instance = instance, .offers = {&offer, 1}, .in_hand = {in_hand, 1}};
    stage_receive(&stage, from, RF_MESSAGE_worker_heartbeat, &heartbeat);
}

static enum rf_answers_memory memory_of(const char *id) {
    struct rf_dispatch *dispatch = &stage.core->dispatch;
    struct rf_map_key key = rf_job_key(dispatch, rf_str_of(id));
    const struct rf_answer *known = rf_answers_find(&dispatch->answers, &key, stage.now.instant);
    assert_non_null(known);
    return known->memory;
}

static void a_dial_of_a_worker_that_was_lost_and_is_back_has_kept_its_room(void **state) {
    (void)state;
    beat(&stage, &second, "g-2", "script", 100, 0);
    told(&second);
    lose_with_a_dial(&worker, "g-1");
    assert_int_equal(memory_of("d1"), RF_ANSWERS_ONCE);
    for (int i = 0; i < 3; i++)
        carry_out("script", &second, i, false);
    register_with_the_dial(&worker, "g-1");
    tell_eight_of_before(&worker);
    struct rf_answers *answers = &stage.core->dispatch.answers;
    assert_int_equal(answers->memories[RF_ANSWERS_ONCE].count, 7);
    assert_int_equal(answers->awaited, 1);
    // Lost again, and back again, and carried out at last.
    struct rf_worker_bye bye = {.instance = "g-1"};
    stage_receive(&stage, &worker, RF_MESSAGE_worker_bye, &bye);
    assert_int_equal(memory_of("d1"), RF_ANSWERS_ONCE);
    register_with_the_dial(&worker, "g-1");
    answer(&stage, &second, "d1"); // no word of another
    assert_int_equal(answers->awaited, 1);
    answer(&stage, &worker, "d1");
    assert_int_equal(memory_of("d1"), RF_ANSWERS_ONCE);
    assert_int_equal(answers->awaited, 0);
    stage_hush(&stage);
    request("speech", "d1", false, 0, 10);
    assert_reply(&stage, &client, "d1", NULL, "yes");
    stage_quiet(&stage, &worker);
}

static void a_dial_of_a_worker_that_was_lost_and_is_back_is_never_dialled_again(void **state) {
    (void)state;
    beat(&stage, &second, "g-2", "script", 100, 0);
    told(&second);
    for (int i = 0; i < 3; i++)
        carry_out("script", &second, i, false);
    stage_at(&stage, RF_ANSWERS_KEEP / 2);
    beat(&stage, &second, "g-2", "script", 100, 0);
    lose_with_a_dial(&worker, "g-1");
    register_with_the_dial(&worker, "g-1");
    tell_eight_of_before(&worker);
    request("speech", "d1", false, 0, 10); // joined, with its service now
    answer(&stage, &worker, "d1");
    assert_reply(&stage, &client, "d1", NULL, "yes");
    told(&worker);
    stage_hush(&stage);
    request("speech", "d1", false, 0, 10);
    assert_reply(&stage, &client, "d1", NULL, "yes");
    // Also when others give their room back.
    stage_at(&stage, RF_ANSWERS_KEEP + RF_NS_PER_S);
    beat(&stage, &second, "g-3", "speech", 100, 0);
    told(&second);
    stage_hush(&stage);
    request("speech", "d1", false, 0, 10);
    assert_reply(&stage, &client, "d1", NULL, "yes");
    stage_quiet(&stage, &second);
}

#define TEST(name)     cmocka_unit_test_setup_teardown(name, open_stage, close_stage)
#define TEST_FEW(name) cmocka_unit_test_setup_teardown(name, open_stage_of_few_answers, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(calls_are_bounded_by_their_bytes_and_a_service_leaves_room_for_others),
        TEST(what_a_call_took_is_free_again_when_it_is_over_and_not_before),
        TEST(a_call_that_is_handed_back_counts_once_with_what_was_tried),
        TEST_FEW(what_may_not_be_repeated_is_refused_rather_than_an_answer_forgotten),
        TEST_FEW(calls_in_hand_take_the_room_of_their_answers),
        TEST_FEW(a_flood_of_refused_calls_pushes_out_no_answer),
        TEST(an_answer_whose_bytes_went_is_told_as_one_that_may_have_been_sent),
        TEST(calls_of_another_worker_go_past_those_that_wait_for_another),
        TEST(when_the_worker_that_gave_calls_back_is_lost_they_keep_their_turn),
        TEST(an_id_that_is_too_long_to_be_remembered_is_refused_and_kept_nowhere),
        TEST(a_name_that_is_too_long_is_refused),
        TEST(a_request_that_no_worker_could_take_is_refused_at_the_door),
        TEST(what_was_tried_never_makes_a_request_too_large_for_a_worker),
        TEST(all_that_a_call_holds_counts_for_it),
        TEST(a_call_found_in_a_hand_is_joined_only_if_there_is_room_for_its_request),
        TEST_FEW(what_a_worker_remembers_of_before_pushes_out_no_answer),
        TEST_FEW(calls_found_in_a_hand_push_out_no_answer_either),
        TEST_FEW(refusals_of_what_may_have_been_sent_take_no_room_of_answers),
        TEST_FEW(replies_to_nothing_take_no_room_once_a_worker_has_told_what_it_did),
        TEST_FEW(what_is_unsure_stays_known_when_a_worker_tells_it_and_there_is_no_room),
        TEST_FEW(a_dial_of_a_worker_that_was_lost_and_is_back_has_kept_its_room),
        TEST_FEW(a_dial_of_a_worker_that_was_lost_and_is_back_is_never_dialled_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
