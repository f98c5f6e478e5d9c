// From an HTTP exchange to the core and back, at the time and in the manner that the core decides.

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "config/config.h"
#include "simulator.h"

#define PAIRS_MOST 128
#define BODY_MOST  ((size_t)16 * 1024 * 1024)

// A reply that waits for its time, and if it is held for another PUT of faults before.
struct waiting {
    struct simulator *simulator;
    struct rf_http_exchange *exchange;
    struct sim_outcome outcome;
    struct rf_timer timer;
    LIST_ENTRY(waiting) held; // linked while outcome.held
};

struct pairs {
    struct sim_pair items[PAIRS_MOST];
    size_t count;
};

static void add_pair(void *arg, const char *name, const char *value) {
    struct pairs *pairs = arg;
    if (pairs->count < PAIRS_MOST)
        pairs->items[pairs->count++] = (struct sim_pair){name, value};
}

static void read_request(struct rf_http_exchange *exchange, struct pairs *headers,
                         struct pairs *queries, struct sim_request *request) {
    headers->count = queries->count = 0;
    rf_http_exchange_each_header(exchange, add_pair, headers);
    rf_http_exchange_each_query(exchange, add_pair, queries);
    *request = (struct sim_request){
        .method = rf_http_exchange_method(exchange),
        .path = rf_http_exchange_path(exchange),
        .headers = headers->items,
        .header_count = headers->count,
        .queries = queries->items,
        .query_count = queries->count,
        .waited = rf_http_exchange_waited(exchange),
    };
    request->body = rf_http_exchange_body(exchange, &request->body_size);
    if (!rf_http_exchange_basic_auth(exchange, &request->user, &request->password))
        request->user = request->password = NULL;
}

static void send_reply(struct rf_http_exchange *exchange, struct sim_outcome *outcome) {
    const struct sim_reply *reply = &outcome->reply;
    const char *type = reply->content_type[0] == '\0' ? NULL : reply->content_type;
    for (size_t i = 0; i < reply->header_count; i++)
        rf_http_exchange_header_add(exchange, reply->headers[i].name, reply->headers[i].value);
    switch (outcome->manner) {
    case SIM_REPLY:
        rf_http_exchange_reply(exchange, reply->status, type, reply->body, reply->size);
        break;
    case SIM_RESET:
        rf_http_exchange_reset(exchange);
        break;
    case SIM_HALF:
        rf_http_exchange_half(exchange, reply->status, type, reply->body, reply->size);
        break;
    case SIM_DRIP:
        rf_http_exchange_drip(exchange, reply->status, type, reply->body, reply->size,
                              outcome->piece, outcome->pause);
        break;
    case SIM_SILENCE: // until the client gives up
        break;
    }
    sim_reply_fini(&outcome->reply);
}

static void on_due(void *arg) {
    struct waiting *waiting = arg;
    rf_http_exchange_set_data(waiting->exchange, NULL);
    send_reply(waiting->exchange, &waiting->outcome);
    free(waiting);
}

static void on_gone(void *arg, struct rf_http_exchange *exchange) {
    (void)arg;
    struct waiting *waiting = rf_http_exchange_data(exchange);
    if (waiting == NULL)
        return;
    rf_timer_stop(&waiting->timer);
    if (waiting->outcome.held)
        LIST_REMOVE(waiting, held);
    sim_reply_fini(&waiting->outcome.reply);
    free(waiting);
}

static void let_go(struct simulator *simulator) {
    struct waiting *waiting;
    while ((waiting = LIST_FIRST(&simulator->held)) != NULL) {
        LIST_REMOVE(waiting, held);
        waiting->outcome.held = false;
        rf_timer_after(&waiting->timer, waiting->outcome.delay);
    }
}

static void on_exchange(void *arg, struct rf_http_exchange *exchange) {
    struct simulator *simulator = arg;
    struct pairs headers, queries;
    struct sim_request request;
    struct sim_outcome outcome;
    uint64_t holds = simulator->sim.holds;
    read_request(exchange, &headers, &queries, &request);
    // Behind the time that the ledger has: nothing is answered sooner than its delay after that.
    // The loop's own time is that of the beginning of this pass.
    struct rf_utc now = rf_clock_utc();
    struct rf_instant came = rf_clock_now();
    sim_handle(&simulator->sim, &request, now, &outcome);
    simulator_follow_calls(simulator);
    if (simulator->sim.holds != holds)
        let_go(simulator);

    bool waits = outcome.held || outcome.delay.ns > 0;
    struct waiting *waiting = waits ? malloc(sizeof *waiting) : NULL;
    if (waiting == NULL) {
        send_reply(exchange, &outcome);
        return;
    }
    *waiting = (struct waiting){.simulator = simulator, .exchange = exchange, .outcome = outcome};
    rf_timer_init(&waiting->timer, simulator->loop, on_due, waiting);
    if (outcome.held)
        LIST_INSERT_HEAD(&simulator->held, waiting, held);
    else
        rf_timer_at(&waiting->timer, rf_instant_add(came, outcome.delay));
    rf_http_exchange_set_data(exchange, waiting);
}

static bool on_early(void *arg, struct rf_http_exchange *exchange) {
    struct simulator *simulator = arg;
    struct pairs headers, queries;
    struct sim_request request;
    if (simulator->sim.faults.count == 0)
        return false;
    read_request(exchange, &headers, &queries, &request);
    if (!sim_handle_early(&simulator->sim, &request, rf_clock_utc()))
        return false;
    rf_http_exchange_reset(exchange);
    return true;
}

enum rf_err simulator_open_servers(struct simulator *simulator, const struct rf_config *config,
                                   struct rf_error *error) {
    struct rf_http_server_options options = {
        .listen = config->simulator.listen,
        .max_body_bytes = BODY_MOST,
        .handler = on_exchange,
        .early = on_early,
        .gone = on_gone,
        .arg = simulator,
    };
    enum rf_err result = rf_http_server_new(simulator->loop, &options, &simulator->plain, error);
    if (result != RF_OK || config->simulator.tls_listen == NULL)
        return result;
    if (config->simulator.cert_file == NULL || config->simulator.key_file == NULL)
        return rf_error_set(error, RF_ERR_CONFIG,
                            "simulator.tls_listen needs simulator.cert_file and key_file");
    options.listen = config->simulator.tls_listen;
    options.cert_file = config->simulator.cert_file;
    options.key_file = config->simulator.key_file;
    return rf_http_server_new(simulator->loop, &options, &simulator->tls, error);
}
