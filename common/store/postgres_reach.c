#include "store/postgres_reach.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "store/postgres_parts.h"

#define PATIENCE       rf_seconds(5)
#define PATIENCE_HOSTS rf_seconds(60) // each has its own timeout of TCP

const struct rf_retry_policy rf_postgres_connecting = {.strategy = RF_RETRY_EXPONENTIAL,
                                                       .initial_delay = {100 * RF_NS_PER_MS},
                                                       .max_delay = {5 * RF_NS_PER_S},
                                                       .backoff_factor = 2.0};

static void stop_watching(struct rf_postgres_reach *reach) {
    if (reach->fd >= 0)
        (void)!rf_loop_fd_set(reach->timer.loop, reach->fd, 0, NULL, NULL);
    reach->fd = -1;
}

void rf_postgres_reach_stop(struct rf_postgres_reach *reach) {
    if (!reach->timer.loop)
        return;
    stop_watching(reach);
    rf_timer_stop(&reach->timer);
    PQfinish(reach->connection);
    reach->connection = NULL;
}

static void end(struct rf_postgres_reach *reach, enum rf_err result, const char *message) {
    struct rf_error error = {0};
    if (result != RF_OK)
        (void)rf_error_set(&error, result, "database: %.*s", (int)strcspn(message, "\n"), message);
    rf_postgres_reach_stop(reach);
    reach->done(reach->arg, result, &error);
}

// The SQLSTATE of a refusal, which libpq tells only in the words of PQERRORS_VERBOSE:
// "...: FATAL:  28P01: password authentication failed ...". The other words may be in any language.
// Copies the message without it.
static void take_state(const char *verbose, char state[6], char *message, size_t size) {
    state[0] = '\0';
    (void)snprintf(message, size, "%s", verbose);
    for (char *at = strstr(message, ":  "); at; at = strstr(at + 1, ":  ")) {
        size_t length = 0;
        while (length < 5 &&
               (isupper((unsigned char)at[3 + length]) || isdigit((unsigned char)at[3 + length])))
            length++;
        if (length < 5 || strncmp(at + 8, ": ", 2) != 0)
            continue;
        memcpy(state, at + 3, 5);
        state[5] = '\0';
        memmove(at + 3, at + 10, strlen(at + 10) + 1);
        break;
    }
}

// What the server will say again until a person has mended something.
static bool is_final(const char *state) {
    return strncmp(state, "28", 2) == 0 || // password, role, pg_hba.conf
           strcmp(state, "3D000") == 0 ||  // no such database
           strcmp(state, "42501") == 0;    // no right to connect to it
}

static void failed(struct rf_postgres_reach *reach) {
    char state[6], message[RF_ERROR_MESSAGE_SIZE];
    take_state(PQerrorMessage(reach->connection), state, message, sizeof message);
    bool final = is_final(state) || PQconnectionNeedsPassword(reach->connection);
    end(reach, final ? RF_ERR_CONFIG : RF_ERR_IO, message);
}

static void on_news(void *arg, int fd, unsigned events) {
    struct rf_postgres_reach *reach = arg;
    (void)fd;
    (void)events;
    // It may go on with another socket, such as one to the next address.
    stop_watching(reach);
    PostgresPollingStatusType status = PQconnectPoll(reach->connection);
    if (status == PGRES_POLLING_OK) {
        end(reach, RF_OK, "");
    } else if (status == PGRES_POLLING_FAILED) {
        failed(reach);
    } else {
        unsigned wanted = status == PGRES_POLLING_READING ? RF_LOOP_READ : RF_LOOP_WRITE;
        reach->fd = PQsocket(reach->connection);
        if (rf_loop_fd_set(reach->timer.loop, reach->fd, wanted, on_news, reach) != RF_OK)
            end(reach, RF_ERR_IO, "out of memory");
    }
}

// Its time is over; or what is to be told was known at once, and is told from the loop.
static void on_timer(void *arg) {
    struct rf_postgres_reach *reach = arg;
    if (!reach->connection)
        end(reach, RF_ERR_IO, "out of memory");
    else if (reach->wrong)
        end(reach, RF_ERR_CONFIG, PQerrorMessage(reach->connection));
    else if (PQstatus(reach->connection) == CONNECTION_BAD)
        failed(reach);
    else
        end(reach, RF_ERR_IO, "no answer: is the server stopped, or its machine away?");
}

static bool has_hosts(const char *url) {
    return strchr(url, ',') != NULL;
}

void rf_postgres_reach(struct rf_postgres_reach *reach, struct rf_loop *loop, const char *url,
                       const char *password, rf_postgres_reach_fn *done, void *arg) {
    rf_postgres_reach_stop(reach);
    *reach = (struct rf_postgres_reach){.done = done, .arg = arg, .fd = -1};
    rf_timer_init(&reach->timer, loop, on_timer, reach);
    reach->connection = rf_postgres_dial_begin(url, password);
    if (PQstatus(reach->connection) == CONNECTION_BAD) {
        reach->wrong = !rf_postgres_options_valid(url);
        rf_timer_after(&reach->timer, rf_ns(0));
        return;
    }
    (void)PQsetErrorVerbosity(reach->connection, PQERRORS_VERBOSE);
    rf_timer_after(&reach->timer, has_hosts(url) ? PATIENCE_HOSTS : PATIENCE);
    reach->fd = PQsocket(reach->connection);
    if (rf_loop_fd_set(loop, reach->fd, RF_LOOP_WRITE, on_news, reach) != RF_OK) {
        reach->fd = -1;
        rf_timer_after(&reach->timer, rf_seconds(1));
    }
}
