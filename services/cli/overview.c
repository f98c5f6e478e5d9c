#include "overview.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ejected.h"
#include "events/field.h"
#include "force.h"
#include "limit_text.h"
#include "member.h"
#include "overview_calls.h"
#include "phrase.h"

#define WORTH_TELLING_NS INT64_C(100000000) // that a loop did not come to anything else

// Text from outside in a column of `width`, and a space.
static void column(struct rf_text *text, const char *outside, size_t width) {
    struct rf_text clean = {0};
    rf_text_add_clean(&clean, outside, 100);
    rf_text_add(text, "%-*s ", (int)width, clean.data != NULL ? clean.data : "");
    rf_text_fini(&clean);
}

// Only when the broker's disk is in trouble.
static void disk_text(const json_t *journal, struct rf_utc now, struct rf_text *text) {
    bool failing = json_is_true(json_object_get(journal, "failing"));
    bool held = json_is_true(json_object_get(journal, "held"));
    if (!failing && !held)
        return;
    rf_text_add(text, failing ? "  the disk cannot be written " : "  the disk is late ");
    cli_phrase_since(text, cli_member_number(journal, "since"), now);
    cli_phrase_because(text, cli_member_text(journal, "why"));
    rf_text_add(text, "; %" PRId64 " changes wait%s\n", cli_member_number(journal, "waiting"),
                held ? ", publishers are held back" : "");
}

static void broker_text(const json_t *broker, struct rf_utc now, struct rf_text *text) {
    const json_t *journal = json_object_get(broker, "journal");
    rf_text_add(text, "broker ");
    column(text, cli_member_text(broker, "broker"), 0);
    rf_text_add(text, "version %s, ", cli_member_text(broker, "version"));
    if (json_object_get(broker, "protocol") != NULL) // an older one does not tell
        rf_text_add(text, "protocol %" PRId64 ", ", cli_member_number(broker, "protocol"));
    rf_text_add(text, "pid %" PRId64 ", ", cli_member_number(broker, "pid"));
    cli_phrase_since(text, cli_member_number(broker, "started"), now);
    rf_text_add(text, "\n  events %" PRId64 " to %" PRId64 " kept (%" PRId64 " KiB), %zu clients\n",
                cli_member_number(journal, "first"), cli_member_number(journal, "last"),
                cli_member_number(journal, "bytes") / 1024,
                json_array_size(json_object_get(broker, "peers")));
    disk_text(journal, now, text);
}

// What it holds in memory, and what waits for it or in it, where that is worth a look.
static void load_text(json_t *process, struct rf_text *text) {
    const char *name;
    json_t *length;
    int64_t resident = cli_member_number(process, "rss_bytes");
    int64_t lag = cli_member_number(process, "lag_ns");
    if (resident > 0)
        rf_text_add(text, ", %" PRId64 " MiB", resident / (INT64_C(1024) * 1024));
    if (lag >= WORTH_TELLING_NS)
        rf_text_add(text, ", its loop stood for %.1f s", (double)lag / 1e9);
    json_object_foreach(json_object_get(process, "queues"), name, length) {
        if (json_integer_value(length) <= 0)
            continue;
        rf_text_add(text, ", ");
        rf_text_add_clean(text, name, 24);
        rf_text_add(text, " %" PRId64, (int64_t)json_integer_value(length));
    }
}

static void processes_text(json_t *processes, struct rf_utc now, struct rf_text *text) {
    const char *instance;
    json_t *process;
    rf_text_add(text, "processes\n");
    if (json_object_size(processes) == 0)
        rf_text_add(text, "  none\n");
    json_object_foreach(processes, instance, process) {
        rf_text_add(text, "  ");
        column(text, cli_member_text(process, "service"), 16);
        column(text, cli_member_text(process, "state"), 9);
        rf_text_add(text, "pid %-8" PRId64, cli_member_number(process, "pid"));
        column(text, cli_member_text(process, "host"), 12);
        cli_phrase_since(text, cli_member_number(process, "started"), now);
        load_text(process, text);
        rf_text_add(text, "\n");
    }
}

// What its window holds, where something in it is not well.
static void window_text(const json_t *figures, struct rf_text *text) {
    if (cli_member_number(figures, "failed") > 0)
        rf_text_add(text, ", %" PRId64 " of %" PRId64 " failed",
                    cli_member_number(figures, "failed"), cli_member_number(figures, "total"));
    if (cli_member_number(figures, "slow") > 0)
        rf_text_add(text, ", %" PRId64 " of %" PRId64 " slow", cli_member_number(figures, "slow"),
                    cli_member_number(figures, "timed"));
}

// Who holds its decisions back, if anybody does: a person, or its mode.
static void held_text(const json_t *breaker, struct rf_text *text) {
    const char *mode = cli_member_text(breaker, "mode");
    if (cli_force_is(breaker)) {
        rf_text_add(text, ", ");
        cli_force_text(breaker, text);
    } else if (strcmp(mode, "observe") == 0) {
        rf_text_add(text, ", only observes (would be ");
        rf_text_add_clean(text, cli_member_text(breaker, "decided"), 16);
        rf_text_add(text, ")");
    } else if (strcmp(mode, "disabled") == 0) {
        rf_text_add(text, ", disabled in the configuration");
    }
}

static void breaker_text(const json_t *breaker, struct rf_utc now, struct rf_text *text) {
    char left[RF_TIME_TEXT_SIZE];
    const char *state = cli_member_text(breaker, "state");
    int64_t failures = cli_member_number(breaker, "failures");
    int64_t until = cli_member_number(breaker, "until");
    bool closed = strcmp(state, "closed") == 0, forced = cli_force_is(breaker);
    rf_text_add(text, "  ");
    column(text, cli_member_text(breaker, "service"), 14);
    column(text, state, 9);
    cli_phrase_since(text, cli_member_number(breaker, "since"), now);
    if (closed && failures > 0)
        rf_text_add(text, ", %" PRId64 " failures in a row", failures);
    if (closed)
        window_text(json_object_get(breaker, "figures"), text);
    else if (!forced && until > now.ns)
        rf_text_add(text, ", test request in %s",
                    rf_span_text(rf_utc_since((struct rf_utc){until}, now), left));
    held_text(breaker, text);
    if (!closed && !forced)
        cli_phrase_because(text, cli_member_text(breaker, "last_error"));
    rf_text_add(text, "\n");
    cli_ejected_text(breaker, now, text);
}

static void breakers_text(json_t *breakers, struct rf_utc now, struct rf_text *text) {
    size_t i;
    json_t *breaker;
    if (json_array_size(breakers) > 0)
        rf_text_add(text, "breakers\n");
    json_array_foreach(breakers, i, breaker) breaker_text(breaker, now, text);
}

// The share of the last day in which it served, cut: 100 % is what never failed; and how long its
// calls take.
static void figures_text(const json_t *provider, struct rf_text *text) {
    const json_t *day = json_object_get(json_object_get(provider, "availability"), "24h");
    const json_t *share = json_object_get(day, "share"),
                 *latency = json_object_get(provider, "latency");
    if (json_is_real(share)) // in parts that a double has no trouble with
        rf_text_add(text, ", %.2f %% in 24h",
                    floor(json_real_value(share) * 1e6 / 100 + 0.001) / 100);
    if (json_is_object(latency))
        rf_text_add(text, ", calls take %.2f s (p99 %.2f s)",
                    (double)cli_member_number(latency, "p50_ns") / 1e9,
                    (double)cli_member_number(latency, "p99_ns") / 1e9);
}

// What its account still has, and whether that lasts.
static void credit_text(const json_t *forecast, struct rf_utc now, struct rf_text *text) {
    char span[RF_TIME_TEXT_SIZE];
    const char *unit = cli_member_text(forecast, "unit");
    int64_t runs_out = cli_member_number(forecast, "runs_out");
    if (unit[0] == '\0')
        return;
    rf_text_add(text, ", %.*f ", strcmp(unit, "characters") == 0 ? 0 : 2,
                json_number_value(json_object_get(forecast, "left")));
    rf_text_add_clean(text, unit, 16);
    rf_text_add(text, " left");
    if (strcmp(cli_member_text(forecast, "status"), "short") != 0)
        return;
    rf_text_add(text, ", too little for %" PRId64 " of %" PRId64 " contacts",
                cli_member_number(forecast, "unserved"), cli_member_number(forecast, "contacts"));
    if (runs_out > now.ns)
        rf_text_add(text, ", runs out in %s",
                    rf_span_text(rf_utc_since((struct rf_utc){runs_out}, now), span));
}

static void providers_text(json_t *providers, struct rf_utc now, struct rf_text *text) {
    const char *name;
    json_t *provider;
    if (json_object_size(providers) > 0)
        rf_text_add(text, "providers\n");
    json_object_foreach(providers, name, provider) {
        rf_text_add(text, "  ");
        column(text, name, 14);
        column(text, cli_member_text(provider, "status"), 9);
        cli_phrase_since(text, cli_member_number(provider, "since"), now);
        if (json_is_true(json_object_get(provider, "flapping")))
            rf_text_add(text, ", flapping");
        figures_text(provider, text);
        credit_text(json_object_get(provider, "forecast"), now, text);
        cli_phrase_because(text, cli_member_text(provider, "why"));
        rf_text_add(text, "\n");
    }
}

static void marks_text(json_t *marks, struct rf_utc now, struct rf_text *text) {
    const char *name;
    json_t *mark;
    if (json_object_size(marks) > 0)
        rf_text_add(text, "marked unusable\n");
    json_object_foreach(marks, name, mark) {
        rf_text_add(text, "  ");
        column(text, name, 14);
        column(text, cli_member_text(mark, "class"), 9);
        cli_phrase_since(text, cli_member_number(mark, "since"), now);
        cli_phrase_because(text, cli_member_text(mark, "message"));
        rf_text_add(text, " (cleared by: ");
        rf_text_add_clean(text, cli_member_text(mark, "clears"), 32);
        rf_text_add(text, ")\n");
    }
}

static void fallbacks_text(json_t *fallbacks, struct rf_utc now, struct rf_text *text) {
    const char *service;
    json_t *fallback;
    if (json_object_size(fallbacks) > 0)
        rf_text_add(text, "fallbacks\n");
    json_object_foreach(fallbacks, service, fallback) {
        char span[RF_TIME_TEXT_SIZE];
        struct rf_utc last = {cli_member_number(fallback, "at")};
        rf_text_add(text, "  ");
        column(text, service, 14);
        column(text, cli_member_text(fallback, "link"), 0);
        rf_text_add(text, "instead of ");
        column(text, cli_member_text(fallback, "instead_of"), 0);
        rf_text_add(text, "%s ago", rf_span_text(rf_utc_since(now, last), span));
        cli_phrase_because(text, cli_member_text(fallback, "message"));
        rf_text_add(text, "\n");
    }
}

void cli_overview_text(const json_t *all, struct rf_utc now, struct rf_text *text) {
    const json_t *broker = json_object_get(all, "broker");
    broker_text(broker, now, text);
    processes_text(json_object_get(all, "process"), now, text);
    cli_workers_text(broker, text);
    cli_queues_text(broker, text);
    cli_calls_text(broker, text);
    breakers_text(json_object_get(broker, "breakers"), now, text);
    cli_limits_text(broker, now, text);
    providers_text(json_object_get(all, "provider"), now, text);
    marks_text(json_object_get(all, "mark"), now, text);
    fallbacks_text(json_object_get(all, "fallback"), now, text);
}
