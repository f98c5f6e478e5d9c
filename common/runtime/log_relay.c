#include "runtime/log_relay.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/utf8.h"

// An outlet that is shut is looked at again after this. The bus says itself when a broker comes.
#define AGAIN rf_ms(250)
// Lines were left out, and none came behind them that could tell.
#define TELL_AFTER rf_seconds(1)

static const char *const levels[] = {
    [RF_LOG_INFO] = "info", [RF_LOG_WARNING] = "warning", [RF_LOG_ERROR] = "error"};

// ---- the bus as an outlet ----

static bool bus_is_open(void *arg) {
    const struct rf_bus *bus = arg;
    return rf_bus_connected(bus) && !rf_bus_half_full(bus);
}

static bool bus_publish(void *arg, const struct rf_event *event) {
    struct rf_error error;
    return rf_bus_publish(arg, event, &error) == RF_OK;
}

const struct rf_log_outlet rf_log_outlet_bus = {bus_is_open, bus_publish};

// ---- in any thread ----

static void on_line(void *arg, enum rf_log_level level, const char *text) {
    struct rf_log_relay *relay = arg;
    struct rf_utc at = rf_clock_utc();
    pthread_mutex_lock(&relay->lock);
    if (!relay->off && level >= relay->least) {
        bool empty = relay->queue.count == 0;
        bool taken = rf_line_queue_put(&relay->queue, rf_clock_now(), at, level, text);
        bool news = taken ? empty : relay->queue.left_out == 1;
        if (news && relay->event_fd >= 0)
            (void)eventfd_write(relay->event_fd, 1);
    }
    pthread_mutex_unlock(&relay->lock);
}

// ---- in the loop's ----

static struct rf_line *take(struct rf_log_relay *relay) {
    pthread_mutex_lock(&relay->lock);
    struct rf_line *line = rf_line_queue_take(&relay->queue);
    pthread_mutex_unlock(&relay->lock);
    return line;
}

static size_t waiting(struct rf_log_relay *relay) {
    pthread_mutex_lock(&relay->lock);
    size_t count = relay->queue.count;
    pthread_mutex_unlock(&relay->lock);
    return count;
}

static void lose(struct rf_log_relay *relay, int64_t lines) {
    pthread_mutex_lock(&relay->lock);
    rf_line_queue_lose(&relay->queue, lines);
    pthread_mutex_unlock(&relay->lock);
}

static bool publish(struct rf_log_relay *relay, enum rf_log_level level, struct rf_utc at,
                    const char *text, int64_t left_out) {
    json_t *data = json_pack("{s:s, s:s, s:I}", "level", levels[level], "message", text, "pid",
                             (json_int_t)getpid());
    if (left_out > 0 && json_object_set_new(data, "left_out", json_integer(left_out)) != 0) {
        json_decref(data);
        return false;
    }
    struct rf_event event = {.type = rf_event_type_name(RF_EVENT_LOG_LINE),
                             .severity = levels[level],
                             .subject = relay->service,
                             .ts = at.ns,
                             .data = data};
    bool done = data != NULL && relay->outlet->publish(relay->arg, &event);
    json_decref(data);
    return done;
}

static void pass_on(struct rf_log_relay *relay, const struct rf_line *line) {
    char text[2048];
    rf_utf8_mend(line->text, line->size, text, sizeof text);
    if (!publish(relay, line->level, line->at, text, line->left_out))
        lose(relay, line->left_out + 1);
}

bool rf_log_relay_flush(struct rf_log_relay *relay) {
    struct rf_line *line;
    bool passed = false;
    if (relay->loop == NULL)
        return true;
    // Those that are said meanwhile, be it about this, have their turn after the other handlers.
    for (size_t turn = waiting(relay); turn > 0 && relay->outlet->is_open(relay->arg); turn--) {
        line = take(relay);
        pass_on(relay, line);
        free(line);
        passed = true;
    }
    pthread_mutex_lock(&relay->lock);
    bool waits = relay->queue.count > 0, left_out = relay->queue.left_out > 0;
    pthread_mutex_unlock(&relay->lock);
    if (waits)
        rf_timer_after(&relay->timer, AGAIN);
    else if (left_out && (passed || !rf_timer_running(&relay->timer)))
        rf_timer_after(&relay->timer, TELL_AFTER);
    return !waits;
}

static void on_timer(void *arg) {
    struct rf_log_relay *relay = arg;
    char text[160];
    if (!rf_log_relay_flush(relay) || !relay->outlet->is_open(relay->arg))
        return;
    pthread_mutex_lock(&relay->lock);
    int64_t left_out = rf_line_queue_told(&relay->queue);
    pthread_mutex_unlock(&relay->lock);
    if (left_out == 0)
        return;
    rf_timer_stop(&relay->timer);
    snprintf(text, sizeof text,
             "%" PRId64
             " lines were left out here, more than log.rate allows; they stand on stderr",
             left_out);
    if (!publish(relay, RF_LOG_WARNING, rf_clock_utc(), text, left_out))
        lose(relay, left_out);
}

static void on_event_fd(void *arg, int fd, unsigned events) {
    eventfd_t count;
    (void)events;
    (void)eventfd_read(fd, &count);
    (void)rf_log_relay_flush(arg);
}

// ---- life ----

void rf_log_relay_open(struct rf_log_relay *relay, const char *service) {
    // Until the configuration is read, what it would say is not known.
    *relay = (struct rf_log_relay){.event_fd = -1, .service = service, .open = true};
    pthread_mutex_init(&relay->lock, NULL);
    rf_line_queue_init(&relay->queue, 0, 1, rf_clock_now());
    rf_log_besides(on_line, relay);
}

void rf_log_relay_limit(struct rf_log_relay *relay, const struct rf_config_log *config) {
    if (!relay->open)
        return;
    pthread_mutex_lock(&relay->lock);
    relay->off = config->bus == RF_CONFIG_LOG_OFF;
    relay->least = relay->off ? RF_LOG_ERROR : (enum rf_log_level)config->bus;
    rf_line_queue_limit(&relay->queue, config->rate, config->burst, rf_clock_now());
    pthread_mutex_unlock(&relay->lock);
}

enum rf_err rf_log_relay_run(struct rf_log_relay *relay, struct rf_loop *loop,
                             const struct rf_log_outlet *outlet, void *arg,
                             struct rf_error *error) {
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (fd < 0 || rf_loop_fd_set(loop, fd, RF_LOOP_READ, on_event_fd, relay) != RF_OK) {
        if (fd >= 0)
            close(fd);
        return rf_error_set(error, RF_ERR_IO, "cannot watch for log lines");
    }
    relay->loop = loop;
    relay->outlet = outlet;
    relay->arg = arg;
    rf_timer_init(&relay->timer, loop, on_timer, relay);
    pthread_mutex_lock(&relay->lock);
    relay->event_fd = fd;
    pthread_mutex_unlock(&relay->lock);
    (void)eventfd_write(fd, 1); // for what was said before
    return RF_OK;
}

void rf_log_relay_close(struct rf_log_relay *relay) {
    if (!relay->open)
        return;
    rf_log_besides(NULL, NULL);
    relay->open = false;
    if (relay->loop != NULL) {
        rf_timer_stop(&relay->timer);
        (void)!rf_loop_fd_set(relay->loop, relay->event_fd, 0, NULL, NULL);
        close(relay->event_fd);
    }
    relay->loop = NULL;
    rf_line_queue_fini(&relay->queue);
    pthread_mutex_destroy(&relay->lock);
}
