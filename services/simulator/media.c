// Follows the telephone calls in time, and fetches what an answered call is told to play, as Twilio
// does: the bytes' hash in the ledger shows that the very audio that was made can be reached.

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/digest.h"
#include "simulator.h"

#define MEDIA_MOST      ((size_t)16 * 1024 * 1024)
#define MEDIA_TIMEOUT_S 10

struct fetch {
    struct simulator *simulator;
    char sid[SIM_SID_SIZE];
    struct fetch *next, *previous;
};

static void fetch_end(struct fetch *fetch) {
    if (fetch->previous != NULL)
        fetch->previous->next = fetch->next;
    else
        fetch->simulator->fetches = fetch->next;
    if (fetch->next != NULL)
        fetch->next->previous = fetch->previous;
    free(fetch);
}

static void on_fetched(void *arg, const struct rf_http_reply *reply) {
    struct fetch *fetch = arg;
    struct simulator *simulator = fetch->simulator;
    bool whole = reply->failure == RF_HTTP_NONE && reply->status == 200;
    char digest[RF_SHA256_HEX_SIZE] = "";
    if (whole)
        rf_sha256_hex(reply->body, reply->body_size, digest);
    const char *problem = whole                            ? ""
                          : reply->failure == RF_HTTP_NONE ? "not 200"
                                                           : reply->error_text;
    sim_calls_fetched(&simulator->sim.calls, fetch->sid, reply->status, digest,
                      whole ? reply->body_size : 0, problem);
    fetch_end(fetch);
}

static void fetch_begin(struct simulator *simulator, const struct sim_call *call) {
    struct rf_http_request request = {
        .method = "GET",
        .url = call->play_url,
        .connect_timeout = rf_seconds(MEDIA_TIMEOUT_S),
        .timeout = rf_seconds(MEDIA_TIMEOUT_S),
        .max_body_bytes = MEDIA_MOST,
    };
    struct rf_error error = {.message = "out of memory"};
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch != NULL) {
        fetch->simulator = simulator;
        memcpy(fetch->sid, call->sid, sizeof fetch->sid);
        fetch->next = simulator->fetches;
        if (fetch->next != NULL)
            fetch->next->previous = fetch;
        simulator->fetches = fetch;
        if (rf_http_send(simulator->http, &request, on_fetched, fetch, NULL, &error) == RF_OK)
            return;
        fetch_end(fetch);
    }
    sim_calls_fetched(&simulator->sim.calls, call->sid, 0, "", 0, error.message);
}

void simulator_follow_calls(struct simulator *simulator) {
    struct sim_calls *calls = &simulator->sim.calls;
    struct rf_utc now = rf_clock_utc(), due;
    sim_calls_advance(calls, now);
    struct sim_call *call;
    while ((call = sim_calls_fetch_next(calls)) != NULL)
        fetch_begin(simulator, call);
    simulator_tell(simulator);
    struct rf_utc change = {0}, told = {0};
    bool changes = sim_calls_next(calls, &change);
    bool tells = sim_callbacks_next(&calls->callbacks, &told);
    due = tells && (!changes || told.ns < change.ns) ? told : change;
    if (changes || tells)
        rf_timer_after(&simulator->calls_timer, rf_utc_since(due, now));
    else
        rf_timer_stop(&simulator->calls_timer);
}

void simulator_on_calls_timer(void *arg) {
    simulator_follow_calls(arg);
}

void simulator_end_fetches(struct simulator *simulator) {
    for (struct fetch *next, *fetch = simulator->fetches; fetch != NULL; fetch = next) {
        next = fetch->next;
        free(fetch);
    }
    simulator->fetches = NULL;
}
