#include "pace.h"

#include <math.h>
#include <stdlib.h>

#define SPEED_MOST 1e6

enum rf_err cli_pace_read(const char *text, struct cli_pace *pace, struct rf_error *error) {
    char *end = NULL;
    pace->speed = text == NULL ? 0 : strtod(text, &end);
    if (text == NULL || (end != text && *end == '\0' && isfinite(pace->speed) && pace->speed > 0 &&
                         pace->speed <= SPEED_MOST))
        return RF_OK;
    return rf_error_set(
        error, RF_ERR_INVALID,
        "--speed: \"%s\"; expected how many times as fast as it happened, such as 1, "
        "0.5 or 60",
        text);
}

void cli_pace_fini(struct cli_pace *pace) {
    while (pace->count > 0) {
        free(pace->lines[pace->first++].text);
        pace->count--;
    }
    free(pace->lines);
    pace->lines = NULL;
    pace->room = 0;
}

bool cli_pace_add(struct cli_pace *pace, struct rf_utc at, char *text) {
    if (pace->count == 0)
        pace->first = 0; // a page is added whenever the one before it is out
    if (pace->first + pace->count == pace->room) {
        size_t room = pace->room == 0 ? 64 : pace->room * 2;
        struct cli_pace_line *lines = realloc(pace->lines, room * sizeof *lines);
        if (lines == NULL) {
            free(text);
            return false;
        }
        pace->lines = lines;
        pace->room = room;
    }
    pace->lines[pace->first + pace->count++] = (struct cli_pace_line){at, text};
    return true;
}

static struct rf_instant due_of(const struct cli_pace *pace, struct rf_utc at) {
    double ns = (double)rf_utc_since(at, pace->first_at).ns / pace->speed;
    struct rf_duration wait = rf_ns(ns < (double)INT64_MAX ? (int64_t)ns : INT64_MAX);
    return rf_instant_add(pace->first_out, wait);
}

char *cli_pace_next(struct cli_pace *pace, struct rf_instant now, struct rf_instant *due) {
    due->ns = 0;
    if (pace->count == 0)
        return NULL;
    struct cli_pace_line *line = &pace->lines[pace->first];
    if (!pace->begun) {
        pace->begun = true;
        pace->first_at = line->at;
        pace->first_out = now;
    } else if (pace->speed > 0 && rf_instant_before(now, due_of(pace, line->at))) {
        *due = due_of(pace, line->at);
        return NULL;
    }
    pace->first++;
    pace->count--;
    return line->text;
}
