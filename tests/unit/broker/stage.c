#include "stage.h"

#include <stdio.h>
#include <stdlib.h>

static enum rf_sent on_send(void *arg, const struct rf_peer *to, enum rf_message_type type,
                            const void *body, size_t *size) {
    struct stage *stage = arg;
    struct rf_frame frame;
    struct rf_error error = {0};
    if (rf_wire_encode(type, body, &frame, &error) == RF_ERR_FULL)
        return RF_SENT_FAILED;
    assert_string_equal(error.message, "");
    *size = frame.size;
    if (stage->bad_answer != RF_SENT_OK && rf_peer_same(&stage->bad_peer, to)) {
        rf_frame_free(&frame);
        return stage->bad_answer;
    }
    assert_true(stage->sent_count < sizeof stage->sent / sizeof stage->sent[0]);
    struct stage_sent *sent = &stage->sent[stage->sent_count++];
    bool asked = stage->ticking && type == RF_MESSAGE_worker_welcome;
    stage->asked += asked;
    *sent = (struct stage_sent){.to = *to, .seen = asked};
    assert_int_equal(rf_wire_decode(frame.data, frame.size, &sent->message, &error), RF_OK);
    rf_frame_free(&frame);
    return RF_SENT_OK;
}

static enum rf_sent on_send_raw(void *arg, const struct rf_peer *to, const struct rf_bytes *raw) {
    struct rf_message *message;
    struct rf_error error = {0};
    (void)!rf_wire_decode(raw->data, raw->size, &message, &error);
    assert_string_equal(error.message, "");
    size_t size;
    enum rf_sent sent = on_send(arg, to, message->type, &message->as, &size);
    rf_message_destroy(&message);
    return sent;
}

static void on_publish(void *arg, const char *topic, const void *frame, size_t size) {
    struct stage *stage = arg;
    assert_true(stage->event_count < sizeof stage->events / sizeof stage->events[0]);
    struct stage_event *event = &stage->events[stage->event_count++];
    snprintf(event->topic, sizeof event->topic, "%s", topic);
    event->sends_before = stage->sent_count;
    assert_int_equal(rf_wire_decode_event(frame, size, &event->message, NULL), RF_OK);
}

static void on_new_id(void *arg, struct rf_utc now, char out[RF_ULID_SIZE]) {
    (void)now;
    struct stage *stage = arg;
    snprintf(out, RF_ULID_SIZE, "%026lld", (long long)++stage->ids);
}

static void on_write(void *arg, const struct rf_record *record) {
    struct stage *stage = arg;
    // Positions are the disk's only order: they ascend without a hole.
    assert_int_equal(record->position, stage->given + 1);
    stage->given = record->position;
    assert_true(rf_disk_queue_put(&stage->disk, record));
}

void stage_write(struct stage *stage, int64_t position) {
    assert_true(position >= stage->written && position <= stage->given);
    stage->written = position;
    rf_core_written(stage->core, &stage->now, position);
}

void stage_settle(struct stage *stage) {
    if (!stage->disk_waits && stage->written < stage->given)
        stage_write(stage, stage->given);
}

static void on_read(void *arg, struct rf_page *page) {
    struct stage *stage = arg;
    assert_true(stage->page_count < sizeof stage->pages / sizeof stage->pages[0]);
    stage->pages[stage->page_count++] = page;
}

static void on_spare(void *arg, int64_t number) {
    ((struct stage *)arg)->spare = number;
}

void stage_start(struct stage *stage) {
    struct rf_sink sink = {stage,     on_send,  on_send_raw, on_publish,
                           on_new_id, on_write, on_read,     on_spare};
    stage->core = rf_core_new(&stage->settings, &sink, &stage->now);
    assert_non_null(stage->core);
}

void stage_open(struct stage *stage, void (*change)(struct rf_core_settings *settings)) {
    memset(stage, 0, sizeof *stage);
    stage->settings = (struct rf_core_settings){
        .instance = "broker-1",
        .host = "stage",
        .version = "0.0",
        .pid = 1,
        .seed = UINT64_C(0x2545f4914f6cdd1d),
        .heartbeat = {STAGE_HEARTBEAT},
        .heartbeat_misses = STAGE_MISSES,
        .calls = {.waiting = 100, .bytes = (size_t)64 * 1024 * 1024, .once = 10000},
        .memory_events = 100,
        .memory_bytes = 1000000,
        .waiting_events = 100000,
        .waiting_bytes = 100000000,
        .state_entries = 100,
        .stream_idle = {3600 * RF_NS_PER_S},
        .subscriber_idle = {7200 * RF_NS_PER_S},
        .found = {.journal = "JOURNAL", .start = "start-1"},
        .guards = {{"elevenlabs", RF_BREAKER_POLICY_DEFAULT, RF_EJECTION_POLICY_DEFAULT}},
        .guard_count = 1,
    };
    if (change != NULL)
        change(&stage->settings);
    stage->now = (struct rf_now){{0}, {STAGE_UTC}};
    stage->spare = INT64_MAX;
    stage_start(stage);
    rf_core_begin(stage->core);
    stage_settle(stage);
}

void stage_forget(struct stage *stage) {
    for (size_t i = 0; i < stage->sent_count; i++)
        rf_message_destroy(&stage->sent[i].message);
    for (size_t i = 0; i < stage->event_count; i++)
        rf_message_destroy(&stage->events[i].message);
    stage->sent_count = stage->event_count = 0;
}

// The disk and the sockets are closed before the core is freed.
void stage_destroy_core(struct stage *stage) {
    int64_t given = stage->given;
    size_t sent = stage->sent_count;
    rf_core_destroy(&stage->core);
    assert_int_equal(stage->given, given);
    assert_int_equal(stage->sent_count, sent);
}

void stage_close(struct stage *stage) {
    stage_destroy_core(stage);
    stage_forget(stage);
    for (size_t i = 0; i < stage->page_count; i++)
        rf_page_destroy(&stage->pages[i]);
    rf_disk_queue_fini(&stage->disk);
    free(stage->reached);
}

struct rf_peer peer(enum rf_socket socket, const char *name) {
    struct rf_peer it = {.socket = socket, .identity_size = (unsigned char)strlen(name)};
    memcpy(it.identity, name, it.identity_size);
    return it;
}

void stage_receive(struct stage *stage, const struct rf_peer *from, enum rf_message_type type,
                   const void *body) {
    struct rf_frame frame;
    struct rf_error error = {0};
    struct rf_message *message = NULL;
    struct rf_glance glance;
    (void)!rf_wire_encode(type, body, &frame, &error);
    assert_string_equal(error.message, "");
    if (!rf_wire_glance(frame.data, frame.size, &glance) ||
        !rf_core_glance(stage->core, &stage->now, from, &glance)) {
        assert_int_equal(rf_wire_decode_relay(frame.data, frame.size, &message, &error), RF_OK);
        rf_core_receive(stage->core, &stage->now, from, &message, frame.size);
    }
    rf_message_destroy(&message);
    rf_frame_free(&frame);
    stage_settle(stage);
}

void stage_wake_at(struct stage *stage, int64_t ns) {
    stage->now = (struct rf_now){{ns}, {STAGE_UTC + ns}};
    stage->ticking = true;
    rf_core_tick(stage->core, &stage->now);
    stage->ticking = false;
    stage_settle(stage);
}

void stage_at(struct stage *stage, int64_t ns) {
    struct rf_instant due;
    while (rf_core_wake(stage->core, &due) && due.ns < ns)
        stage_wake_at(stage, due.ns > stage->now.instant.ns ? due.ns : stage->now.instant.ns);
    stage_wake_at(stage, ns);
}

static struct stage_sent *unseen(struct stage *stage, const struct rf_peer *to) {
    for (size_t i = 0; i < stage->sent_count; i++) {
        if (!stage->sent[i].seen && rf_peer_same(&stage->sent[i].to, to))
            return &stage->sent[i];
    }
    return NULL;
}

const struct rf_message *stage_next(struct stage *stage, const struct rf_peer *to,
                                    enum rf_message_type type) {
    struct stage_sent *sent = unseen(stage, to);
    if (sent == NULL)
        fail_msg("nothing was sent where %s was expected", rf_message_type_name(type));
    sent->seen = true;
    assert_string_equal(rf_message_type_name(sent->message->type), rf_message_type_name(type));
    return sent->message;
}

void stage_quiet(struct stage *stage, const struct rf_peer *to) {
    const struct stage_sent *sent = unseen(stage, to);
    if (sent != NULL)
        fail_msg("unexpected %s", rf_message_type_name(sent->message->type));
}

void stage_hush(struct stage *stage) {
    for (size_t i = 0; i < stage->sent_count; i++)
        stage->sent[i].seen = true;
}

const struct rf_event *stage_event(const struct stage *stage, const char *topic) {
    assert_true(stage->event_count > 0);
    const struct stage_event *last = &stage->events[stage->event_count - 1];
    assert_string_equal(last->topic, topic);
    return &last->message->as.event_publish.events.items[0];
}

void beat(struct stage *stage, const struct rf_peer *from, const char *instance,
          const char *service, int64_t capacity, int64_t released) {
    struct rf_offer offer = {.service = service != NULL ? service : "speech",
                             .capacity = capacity,
                             .released = released};
    struct rf_worker_heartbeat heartbeat = {.instance = instance, .offers = {&offer, 1}};
    stage_receive(stage, from, RF_MESSAGE_worker_heartbeat, &heartbeat);
}

void call(struct stage *stage, const struct rf_peer *from, const char *id, int64_t left) {
    struct rf_call_request request = {
        .id = id, .service = "speech", .operation = "speak", .deadline = stage->now.utc.ns + left};
    stage_receive(stage, from, RF_MESSAGE_call_request, &request);
}

void answer(struct stage *stage, const struct rf_peer *from, const char *id) {
    struct rf_call_reply reply = {.id = id, .ok = true, .class = "ok", .sent = "yes"};
    stage_receive(stage, from, RF_MESSAGE_call_reply, &reply);
}

void credit(struct stage *stage, const struct rf_peer *from, int64_t released) {
    struct rf_worker_credit back = {.service = "speech", .released = released};
    stage_receive(stage, from, RF_MESSAGE_worker_credit, &back);
}

void assert_reply(struct stage *stage, const struct rf_peer *to, const char *id, const char *code,
                  const char *sent) {
    const struct rf_call_reply *reply =
        &stage_next(stage, to, RF_MESSAGE_call_reply)->as.call_reply;
    assert_string_equal(reply->id, id);
    assert_int_equal(reply->ok, code == NULL);
    if (code != NULL) {
        assert_string_equal(reply->class, "local");
        assert_string_equal(reply->code, code);
    }
    assert_string_equal(reply->sent, sent);
}
