// Sends the callbacks of calls, as Twilio does: each once, whatever is answered.

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "callback/callback.h"
#include "simulator.h"

#define TIMEOUT_S   15
#define ANSWER_MOST ((size_t)64 * 1024)

struct telling {
    struct simulator *simulator;
    struct sim_callback callback;
    struct telling *next, *previous;
};

static void telling_end(struct telling *telling) {
    if (telling->previous != NULL)
        telling->previous->next = telling->next;
    else
        telling->simulator->tellings = telling->next;
    if (telling->next != NULL)
        telling->next->previous = telling->previous;
    sim_callback_fini(&telling->callback);
    free(telling);
}

static void on_told(void *arg, const struct rf_http_reply *reply) {
    struct telling *telling = arg;
    sim_callback_sent(&telling->simulator->sim, &telling->callback, reply->status, rf_clock_utc());
    telling_end(telling);
}

static void telling_begin(struct simulator *simulator, const struct sim_callback *callback) {
    const struct rf_http_header headers[] = {
        {"Content-Type", "application/x-www-form-urlencoded; charset=UTF-8"},
        {"User-Agent", "TwilioProxy/1.1"},
        {RF_CALLBACK_HEADER, callback->signature},
    };
    struct rf_http_request request = {
        .method = "POST",
        .url = callback->url,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .body = callback->body,
        .body_size = strlen(callback->body),
        .connect_timeout = rf_seconds(TIMEOUT_S),
        .timeout = rf_seconds(TIMEOUT_S),
        .max_body_bytes = ANSWER_MOST,
    };
    struct rf_error error;
    struct telling *telling = calloc(1, sizeof *telling);
    if (telling == NULL) {
        struct sim_callback lost = *callback;
        sim_callback_fini(&lost);
        return;
    }
    *telling = (struct telling){simulator, *callback, simulator->tellings, NULL};
    if (telling->next != NULL)
        telling->next->previous = telling;
    simulator->tellings = telling;
    if (rf_http_send(simulator->http, &request, on_told, telling, NULL, &error) == RF_OK)
        return;
    sim_callback_sent(&simulator->sim, callback, 0, rf_clock_utc());
    telling_end(telling);
}

void simulator_tell(struct simulator *simulator) {
    struct sim_callback callback;
    while (sim_callback_take(&simulator->sim, rf_clock_utc(), &callback))
        telling_begin(simulator, &callback);
}

void simulator_end_tellings(struct simulator *simulator) {
    for (struct telling *next, *telling = simulator->tellings; telling != NULL; telling = next) {
        next = telling->next;
        sim_callback_fini(&telling->callback);
        free(telling);
    }
    simulator->tellings = NULL;
}
