#include "heartbeat.h"

#include <stddef.h>

#include "base/clock.h"
#include "base/log.h"
#include "config/config.h"
#include "ledger_parts.h"
#include "store/db.h"

#define REPLY_BYTES 65536
#define TIMEOUT     rf_seconds(10)
// Who has just begun is not in trouble for not having met the broker yet.
#define FIRST_LOOK rf_seconds(1)

static void again(struct rf_heartbeat *heartbeat) {
    if (!heartbeat->stopped && heartbeat->config->url != NULL)
        rf_timer_after(&heartbeat->timer, heartbeat->config->interval);
}

// ---- sending ----

static void heard(struct rf_heartbeat *heartbeat, bool taken, long status) {
    enum rf_beat_news news = rf_beat_heard(&heartbeat->beat, taken);
    if (news == RF_BEAT_FAILS && status > 0)
        rf_log(RF_LOG_WARNING, "the heartbeat is not taken: the receiver answered %ld", status);
    else if (news == RF_BEAT_FAILS)
        rf_log(RF_LOG_WARNING, "the heartbeat does not get to its receiver");
    else if (news == RF_BEAT_WORKS)
        rf_log(RF_LOG_INFO, "the heartbeat is taken again");
    again(heartbeat);
}

static void on_reply(void *arg, const struct rf_http_reply *reply) {
    struct rf_heartbeat *heartbeat = arg;
    heartbeat->transfer = NULL;
    heard(heartbeat, reply->failure == RF_HTTP_NONE && reply->status >= 200 && reply->status <= 299,
          reply->status);
}

// Its address is a secret of its receiver's, so no error that may name it is told.
static void send_beat(struct rf_heartbeat *heartbeat) {
    const struct rf_config_heartbeat *config = heartbeat->config;
    struct rf_error hidden;
    struct rf_http_request request = {.method = config->method,
                                      .url = config->url,
                                      .body = "",
                                      .ca_file = config->ca_file,
                                      .connect_timeout = TIMEOUT,
                                      .timeout = TIMEOUT,
                                      .max_body_bytes = REPLY_BYTES,
                                      .fresh = true};
    if (rf_http_send(heartbeat->http, &request, on_reply, heartbeat, &heartbeat->transfer,
                     &hidden) != RF_OK)
        heard(heartbeat, false, 0);
}

// ---- whether we work ----

static enum rf_err run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    const struct rf_heartbeat *heartbeat =
        (const struct rf_heartbeat *)((char *)job - offsetof(struct rf_heartbeat, job));
    return rf_db_run(db, error,
                     "INSERT INTO heartbeat (only, at) VALUES (1, ?)"
                     " ON CONFLICT (only) DO UPDATE SET at = excluded.at",
                     "i", heartbeat->now.ns);
}

static void on_written(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_heartbeat *heartbeat =
        (struct rf_heartbeat *)((char *)job - offsetof(struct rf_heartbeat, job));
    enum rf_beat_news news = RF_BEAT_SAME;
    heartbeat->writing = false;
    if (heartbeat->stopped)
        return;
    const char *trouble = result == RF_OK ? heartbeat->trouble(heartbeat->arg) : error->message;
    bool beats = heartbeat->config->url != NULL && rf_beat_due(&heartbeat->beat, trouble, &news);
    if (news == RF_BEAT_FAILS)
        rf_log(RF_LOG_WARNING, "no heartbeat is sent: %s", trouble);
    if (news == RF_BEAT_WORKS)
        rf_log(RF_LOG_INFO, "the heartbeat is sent again");
    if (beats)
        send_beat(heartbeat);
    else
        again(heartbeat);
}

// A write that does not come back sends nothing either: there is no beat while one is under way.
static void on_timer(void *arg) {
    struct rf_heartbeat *heartbeat = arg;
    if (heartbeat->writing || heartbeat->transfer != NULL)
        return;
    heartbeat->writing = true;
    heartbeat->now = rf_clock_utc();
    heartbeat->job = (struct rf_store_job){.run = run, .done = on_written};
    rf_store_submit(heartbeat->ledger->store, &heartbeat->job);
}

void rf_heartbeat_start(struct rf_heartbeat *heartbeat, struct rf_loop *loop,
                        const struct rf_config_heartbeat *config, struct rf_ledger *ledger,
                        struct rf_http *http, const char *(*trouble)(void *arg), void *arg) {
    *heartbeat = (struct rf_heartbeat){
        .config = config, .ledger = ledger, .http = http, .trouble = trouble, .arg = arg};
    rf_timer_init(&heartbeat->timer, loop, on_timer, heartbeat);
    if (config->url != NULL)
        rf_timer_after(&heartbeat->timer, FIRST_LOOK);
}

void rf_heartbeat_reload(struct rf_heartbeat *heartbeat, const struct rf_config_heartbeat *config) {
    heartbeat->config = config;
    if (config->url != NULL)
        rf_timer_after(&heartbeat->timer, rf_ns(0));
    else
        rf_timer_stop(&heartbeat->timer);
}

void rf_heartbeat_stop(struct rf_heartbeat *heartbeat) {
    heartbeat->stopped = true;
    if (heartbeat->timer.loop != NULL)
        rf_timer_stop(&heartbeat->timer);
    if (heartbeat->transfer != NULL)
        rf_http_cancel(heartbeat->transfer);
    heartbeat->transfer = NULL;
}
