#include "calls.h"

#include <ctype.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "ledger.h"
#include "twiml.h"

#define LONG_TALK 10

static const char *const status_names[] = {
    [SIM_CALL_QUEUED] = "queued",
    [SIM_CALL_RINGING] = "ringing",
    [SIM_CALL_IN_PROGRESS] = "in-progress",
    [SIM_CALL_COMPLETED] = "completed",
    [SIM_CALL_BUSY] = "busy",
    [SIM_CALL_NO_ANSWER] = "no-answer",
    [SIM_CALL_FAILED] = "failed",
    [SIM_CALL_CANCELED] = "canceled",
};
#define STATUS_COUNT (sizeof status_names / sizeof status_names[0])

const char *sim_call_status_name(enum sim_call_status status) {
    return status_names[status];
}

bool sim_call_status_parse(const char *name, enum sim_call_status *status) {
    for (size_t i = 0; i < STATUS_COUNT; i++) {
        if (strcmp(status_names[i], name) == 0) {
            *status = (enum sim_call_status)i;
            return true;
        }
    }
    return false;
}

bool sim_call_ended(const struct sim_call *call) {
    return call->status >= SIM_CALL_COMPLETED;
}

int64_t sim_call_duration_s(const struct sim_call *call) {
    return call->answered_ns == 0 || call->ended_ns == 0
               ? 0
               : (call->ended_ns - call->answered_ns + RF_NS_PER_S - 1) / RF_NS_PER_S;
}

// ---- numbers ----

bool sim_number_valid(const char *number) {
    if (number[0] != '+' || number[1] < '1' || number[1] > '9')
        return false;
    size_t digits = strspn(number + 1, "0123456789");
    return digits >= 7 && digits <= 15 && number[1 + digits] == '\0';
}

enum sim_fate sim_fate_of(const char *number) {
    static const enum sim_fate by_digit[] = {
        SIM_FATE_BUSY,
        SIM_FATE_NO_ANSWER,
        SIM_FATE_FAILED,
        SIM_FATE_REFUSED_INVALID,
        SIM_FATE_REFUSED_UNREACHABLE,
        SIM_FATE_REFUSED_COUNTRY,
        SIM_FATE_REFUSED_BLOCKED,
        SIM_FATE_MACHINE,
        SIM_FATE_LONG,
        SIM_FATE_ANSWERED,
    };
    static const struct {
        const char *prefix;
        size_t length;
    } reserved[] = {{"+120255501", 12}, {"+442079460", 13}};

    if (!sim_number_valid(number))
        return SIM_FATE_REFUSED_INVALID;
    size_t length = strlen(number);
    for (size_t i = 0; i < 2; i++)
        if (strncmp(number, reserved[i].prefix, strlen(reserved[i].prefix)) == 0 &&
            length == reserved[i].length && number[length - 2] == '9')
            return by_digit[number[length - 1] - '0'];
    return SIM_FATE_ANSWERED;
}

// ---- states ----

static void tell(struct sim_calls *calls, struct sim_call *call, enum sim_callback_event event,
                 int64_t at_ns) {
    if (call->status_url == NULL || (call->events >> event & 1) == 0)
        return;
    sim_callbacks_add(&calls->callbacks, &(struct sim_callback_due){.call = call,
                                                                    .event = event,
                                                                    .status = (int)call->status,
                                                                    .at_ns = at_ns,
                                                                    .due_ns = at_ns,
                                                                    .sequence = call->told++});
}

// What is told of a call that has just become what it is.
static void tell_change(struct sim_calls *calls, struct sim_call *call, int64_t at_ns) {
    if (call->status == SIM_CALL_RINGING) {
        tell(calls, call, SIM_CALLBACK_INITIATED, at_ns);
        tell(calls, call, SIM_CALLBACK_RINGING, at_ns);
    } else if (call->status == SIM_CALL_IN_PROGRESS) {
        tell(calls, call, SIM_CALLBACK_ANSWERED, at_ns);
    } else if (sim_call_ended(call)) {
        tell(calls, call, SIM_CALLBACK_COMPLETED, at_ns);
    }
    // It listens for the half of a call.
    if (call->status == SIM_CALL_IN_PROGRESS && call->detect && call->amd_url != NULL)
        sim_callbacks_add(&calls->callbacks,
                          &(struct sim_callback_due){.call = call,
                                                     .event = SIM_CALLBACK_AMD,
                                                     .at_ns = at_ns,
                                                     .due_ns = at_ns + calls->options.talk.ns / 2});
}

static void become(struct sim_calls *calls, struct sim_call *call, enum sim_call_status status,
                   int64_t at_ns) {
    call->status = status;
    call->updated_ns = at_ns;
    if (sim_call_ended(call))
        call->ended_ns = at_ns;
    json_array_append_new(call->history, json_pack("{s:s, s:o}", "status", status_names[status],
                                                   "at", sim_at((struct rf_utc){at_ns})));
    tell_change(calls, call, at_ns);
}

// When the call's next change is due and to what; false if it has ended or waits in the queue.
static bool next_change(const struct sim_calls *calls, const struct sim_call *call, int64_t *due_ns,
                        enum sim_call_status *status) {
    int64_t ring = calls->options.ring.ns;
    int64_t talk = calls->options.talk.ns * (call->fate == SIM_FATE_LONG ? LONG_TALK : 1);
    if (call->status == SIM_CALL_IN_PROGRESS) {
        *due_ns = rf_ns_add(call->answered_ns, talk);
        *status = SIM_CALL_COMPLETED;
        return true;
    }
    if (call->status != SIM_CALL_RINGING)
        return false;
    switch (call->fate) {
    case SIM_FATE_BUSY:
        *status = SIM_CALL_BUSY;
        *due_ns = call->started_ns + ring / 2;
        return true;
    case SIM_FATE_FAILED:
        *status = SIM_CALL_FAILED;
        *due_ns = call->started_ns + ring / 2;
        return true;
    case SIM_FATE_NO_ANSWER: // rings twice as long as it takes others to answer
        *status = SIM_CALL_NO_ANSWER;
        *due_ns = call->started_ns + (2 * ring < call->timeout_ns ? 2 * ring : call->timeout_ns);
        return true;
    default:
        break;
    }
    // Nobody answers after the caller gave up.
    bool in_time = ring <= call->timeout_ns;
    *status = in_time ? SIM_CALL_IN_PROGRESS : SIM_CALL_NO_ANSWER;
    *due_ns = call->started_ns + (in_time ? ring : call->timeout_ns);
    return true;
}

static void advance_call(struct sim_calls *calls, struct sim_call *call, int64_t now_ns) {
    int64_t due_ns;
    enum sim_call_status status;
    while (next_change(calls, call, &due_ns, &status) && due_ns <= now_ns) {
        become(calls, call, status, due_ns);
        if (status != SIM_CALL_IN_PROGRESS)
            continue;
        call->answered_ns = due_ns;
        if (call->play_url != NULL && calls->options.fetch_media)
            call->audio = SIM_AUDIO_WANTED;
    }
}

static int64_t start_of(const struct sim_calls *calls, const struct sim_call *call) {
    return call->created_ns > calls->next_slot_ns ? call->created_ns : calls->next_slot_ns;
}

void sim_calls_advance(struct sim_calls *calls, struct rf_utc now) {
    for (; calls->next_queued < calls->count; calls->next_queued++) {
        struct sim_call *call = calls->items[calls->next_queued];
        if (call->status != SIM_CALL_QUEUED)
            continue; // canceled in the queue
        int64_t start_ns = start_of(calls, call);
        if (start_ns > now.ns)
            break;
        calls->next_slot_ns = start_ns + (int64_t)((double)RF_NS_PER_S / calls->options.cps);
        call->started_ns = start_ns;
        become(calls, call, SIM_CALL_RINGING, start_ns);
    }
    for (size_t i = calls->first_open; i < calls->next_queued; i++)
        advance_call(calls, calls->items[i], now.ns);
    while (calls->first_open < calls->next_queued &&
           sim_call_ended(calls->items[calls->first_open]) &&
           calls->items[calls->first_open]->audio != SIM_AUDIO_WANTED)
        calls->first_open++;
}

bool sim_calls_next(const struct sim_calls *calls, struct rf_utc *due) {
    int64_t first = INT64_MAX;
    if (calls->next_queued < calls->count)
        first = start_of(calls, calls->items[calls->next_queued]);
    for (size_t i = calls->first_open; i < calls->next_queued; i++) {
        int64_t due_ns;
        enum sim_call_status status;
        if (next_change(calls, calls->items[i], &due_ns, &status) && due_ns < first)
            first = due_ns;
    }
    due->ns = first;
    return first != INT64_MAX;
}

// ---- the table ----

static void call_destroy(struct sim_call *call) {
    if (call == NULL)
        return;
    free(call->account);
    free(call->to);
    free(call->from);
    free(call->twiml);
    free(call->play_url);
    free(call->token);
    free(call->status_url);
    free(call->amd_url);
    json_decref(call->history);
    free(call);
}

// As Twilio's: "CA" and 32 hex digits. The date is in it, so that a simulator that was reset or
// started again gives no sid a second time: a caller remembers the sids that it knows.
static void make_sid(const struct sim_calls *calls, struct rf_utc now, char sid[SIM_SID_SIZE]) {
    char text[96], digest[RF_SHA256_HEX_SIZE];
    int length = snprintf(text, sizeof text, "%llu/%zu/%lld",
                          (unsigned long long)calls->options.seed, calls->count, (long long)now.ns);
    rf_sha256_hex(text, (size_t)length, digest);
    snprintf(sid, SIM_SID_SIZE, "CA%.32s", digest);
}

// A copy of an optional text; false if out of memory.
static bool copy(char **out, const char *text) {
    *out = text == NULL ? NULL : strdup(text);
    return text == NULL || *out != NULL;
}

static bool reserve(struct sim_calls *calls) {
    if (calls->by_sid == NULL)
        calls->by_sid = json_object();
    if (calls->by_sid == NULL)
        return false;
    if (calls->count < calls->capacity)
        return true;
    size_t capacity = calls->capacity == 0 ? 64 : calls->capacity * 2;
    struct sim_call **items = realloc(calls->items, capacity * sizeof *items);
    if (items == NULL)
        return false;
    calls->items = items;
    calls->capacity = capacity;
    return true;
}

enum rf_err sim_calls_dial(struct sim_calls *calls, const struct sim_dial *dial, struct rf_utc now,
                           struct sim_call **call) {
    if (calls->count >= SIM_CALLS_MOST)
        return RF_ERR_FULL;
    struct sim_call *fresh = calloc(1, sizeof *fresh);
    if (fresh == NULL || !reserve(calls))
        goto failed;
    make_sid(calls, now, fresh->sid);
    bool copied = copy(&fresh->account, dial->account) && copy(&fresh->to, dial->to) &&
                  copy(&fresh->from, dial->from) && copy(&fresh->twiml, dial->twiml) &&
                  copy(&fresh->token, dial->token) && copy(&fresh->status_url, dial->status_url) &&
                  copy(&fresh->amd_url, dial->amd_url);
    fresh->events = dial->events;
    fresh->play_url = dial->twiml == NULL ? NULL : sim_twiml_play(dial->twiml);
    fresh->history = json_array();
    fresh->fate = sim_fate_of(dial->to);
    fresh->created_ns = now.ns;
    fresh->timeout_ns = dial->timeout.ns;
    fresh->detect = dial->detect;
    if (!copied || fresh->history == NULL ||
        json_object_set_new(calls->by_sid, fresh->sid, json_integer((json_int_t)calls->count)) != 0)
        goto failed;
    become(calls, fresh, SIM_CALL_QUEUED, now.ns);
    calls->items[calls->count++] = fresh;
    *call = fresh;
    return RF_OK;
failed:
    call_destroy(fresh);
    return RF_ERR_NOMEM;
}

struct sim_call *sim_calls_find(const struct sim_calls *calls, const char *sid) {
    const json_t *index = json_object_get(calls->by_sid, sid);
    return index == NULL ? NULL : calls->items[json_integer_value(index)];
}

bool sim_calls_end(struct sim_calls *calls, struct sim_call *call, enum sim_call_status status,
                   struct rf_utc now) {
    sim_calls_advance(calls, now);
    bool waiting = call->status == SIM_CALL_QUEUED || call->status == SIM_CALL_RINGING;
    if (status == SIM_CALL_CANCELED && !waiting)
        return false;
    if (sim_call_ended(call))
        return false;
    // Twilio lets `completed` end a call that is not answered yet, too; it is then canceled.
    become(calls, call, waiting ? SIM_CALL_CANCELED : SIM_CALL_COMPLETED, now.ns);
    return true;
}

// ---- audio ----

struct sim_call *sim_calls_fetch_next(struct sim_calls *calls) {
    for (size_t i = calls->first_open; i < calls->next_queued; i++) {
        if (calls->items[i]->audio == SIM_AUDIO_WANTED) {
            calls->items[i]->audio = SIM_AUDIO_FETCHING;
            return calls->items[i];
        }
    }
    return NULL;
}

void sim_calls_fetched(struct sim_calls *calls, const char *sid, long status, const char *sha256,
                       size_t size, const char *error) {
    struct sim_call *call = sim_calls_find(calls, sid);
    if (call == NULL)
        return; // the simulator was reset meanwhile
    call->audio = SIM_AUDIO_DONE;
    call->audio_status = status;
    call->audio_size = size;
    snprintf(call->audio_sha256, sizeof call->audio_sha256, "%s", sha256);
    snprintf(call->audio_error, sizeof call->audio_error, "%s", error);
}

// ---- the ledger ----

static json_t *text_or_null(const char *text) {
    return text == NULL || text[0] == '\0' ? json_null() : json_string(text);
}

static json_t *dial_json(const struct sim_call *call) {
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:o, s:s, s:o, s:o, s:O}", "sid", call->sid, "to", call->to,
                  "from", call->from, "at", sim_at((struct rf_utc){call->created_ns}), "status",
                  status_names[call->status], "twiml", text_or_null(call->twiml), "play_url",
                  text_or_null(call->play_url), "history", call->history);
    json_object_set_new(value, "audio_sha256", text_or_null(call->audio_sha256));
    json_object_set_new(value, "audio_size", json_integer((json_int_t)call->audio_size));
    json_object_set_new(value, "audio_status", json_integer(call->audio_status));
    json_object_set_new(value, "audio_error", text_or_null(call->audio_error));
    json_object_set_new(
        value, "audio_pending",
        json_boolean(call->audio == SIM_AUDIO_WANTED || call->audio == SIM_AUDIO_FETCHING));
    return value;
}

json_t *sim_calls_json(const struct sim_calls *calls) {
    json_t *list = json_array();
    for (size_t i = 0; i < calls->count; i++)
        json_array_append_new(list, dial_json(calls->items[i]));
    return list;
}

void sim_calls_fini(struct sim_calls *calls) {
    for (size_t i = 0; i < calls->count; i++)
        call_destroy(calls->items[i]);
    free(calls->items);
    json_decref(calls->by_sid);
    sim_callbacks_fini(&calls->callbacks);
    *calls = (struct sim_calls){.options = calls->options};
}
