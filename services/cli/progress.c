#include "progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "events/field.h"
#include "member.h"

#define BAR_MOST ((size_t)40)

// A provider's name, or several.
static void read_waiting_for(const json_t *value, char *out, size_t size) {
    size_t i, used = 0;
    json_t *item;
    out[0] = '\0';
    if (json_is_string(value))
        snprintf(out, size, "%s", json_string_value(value));
    json_array_foreach(value, i, item) {
        const char *name = json_string_value(item);
        if (name != NULL && used < size)
            used += (size_t)snprintf(out + used, size - used, "%s%s", used > 0 ? ", " : "", name);
    }
}

void cli_progress_read(const json_t *campaign, struct cli_progress *progress) {
    progress->total = cli_member_number(campaign, "total");
    progress->done = cli_member_number(campaign, "done");
    progress->set_aside = cli_member_number(campaign, "set_aside");
    progress->running = cli_member_number(campaign, "running");
    progress->waiting = cli_member_number(campaign, "waiting");
    progress->fresh = cli_member_number(campaign, "new");
    const json_t *rate = json_object_get(campaign, "per_minute");
    const json_t *left = json_object_get(campaign, "left_s");
    progress->per_minute = json_is_number(rate) ? json_number_value(rate) : -1;
    progress->left_s = json_is_integer(left) ? json_integer_value(left) : -1;
    progress->waiting_until.ns = cli_member_number(campaign, "waiting_until");
    snprintf(progress->behind, sizeof progress->behind, "%s", cli_member_text(campaign, "behind"));
    snprintf(progress->state, sizeof progress->state, "%s", cli_member_text(campaign, "state"));
    read_waiting_for(json_object_get(campaign, "waiting_for"), progress->waiting_for,
                     sizeof progress->waiting_for);
}

void cli_progress_rate(const struct cli_progress *progress, struct rf_text *text) {
    char span[RF_TIME_TEXT_SIZE];
    if (progress->per_minute <= 0)
        return;
    rf_text_add(text, progress->per_minute < 10 ? "%.1f a minute" : "%.0f a minute",
                progress->per_minute);
    if (progress->left_s >= 1)
        rf_text_add(text, ", about %s left", rf_span_text(rf_seconds(progress->left_s), span));
}

void cli_progress_waits(const struct cli_progress *progress, struct rf_text *text) {
    char until[RF_TIME_TEXT_SIZE];
    if (strcmp(progress->state, "paused") == 0) {
        rf_text_add(text, "campaign resume");
        return;
    }
    if (progress->waiting_for[0] == '\0' && progress->behind[0] != '\0') {
        rf_text_add(text, "behind ");
        rf_text_add_clean(text, progress->behind, sizeof progress->behind);
        return;
    }
    rf_text_add_clean(text, progress->waiting_for, sizeof progress->waiting_for);
    if (progress->waiting_for[0] != '\0' && progress->waiting_until.ns > 0)
        rf_text_add(text, " until %s", rf_time_text(progress->waiting_until, until));
}

// Claiming may be held up while no contact waits by itself.
static void add_waits(const struct cli_progress *progress, bool whole, struct rf_text *text) {
    bool paused = strcmp(progress->state, "paused") == 0;
    bool held = !paused && progress->waiting_for[0] != '\0';
    if (progress->waiting > 0)
        rf_text_add(text, ", %" PRId64 " waiting", progress->waiting);
    if (held && progress->waiting > 0) {
        rf_text_add(text, " for ");
        cli_progress_waits(progress, text);
    }
    if (whole && progress->fresh > 0)
        rf_text_add(text, ", %" PRId64 " not begun", progress->fresh);
    if (held && progress->waiting == 0) {
        rf_text_add(text, ", waiting for ");
        cli_progress_waits(progress, text);
    }
    if (!held && !paused && progress->behind[0] != '\0') {
        rf_text_add(text, ", ");
        cli_progress_waits(progress, text);
    }
    if (paused)
        rf_text_add(text, ", paused");
}

static void add_line(const struct cli_progress *progress, bool whole, struct rf_text *text) {
    rf_text_add(text, "%" PRId64 " of %" PRId64 ": %" PRId64 " done",
                progress->done + progress->set_aside, progress->total, progress->done);
    if (progress->set_aside > 0)
        rf_text_add(text, ", %" PRId64 " set aside", progress->set_aside);
    if (progress->running > 0)
        rf_text_add(text, ", %" PRId64 " in progress", progress->running);
    add_waits(progress, whole, text);
    if (progress->per_minute > 0)
        rf_text_add(text, "; ");
    cli_progress_rate(progress, text);
}

void cli_progress_line(const struct cli_progress *progress, struct rf_text *text) {
    add_line(progress, true, text);
}

void cli_progress_bar(const struct cli_progress *progress, size_t width, struct rf_text *text) {
    struct rf_text line = {0};
    add_line(progress, false, &line);
    size_t room = width > line.size + 3 ? width - line.size - 3 : 0;
    size_t bar = room < BAR_MOST ? room : BAR_MOST;
    int64_t ended = progress->done + progress->set_aside;
    if (bar >= 5) {
        double share = progress->total > 0 ? (double)ended / (double)progress->total : 0;
        size_t full = (size_t)(share * (double)bar);
        full = full > bar ? bar : full;
        rf_text_add(text, "[");
        for (size_t i = 0; i < bar; i++)
            rf_text_add(text, "%c", i < full ? '#' : '.');
        rf_text_add(text, "] ");
    }
    // A line that would wrap cannot be drawn over.
    rf_text_add_clean(text, line.data, width);
    rf_text_fini(&line);
}
