#include "route.h"

#include <string.h>

#define API "/api/v1/"

// A path is `before`, or `before`, a subject that is not empty, and `after`.
struct row {
    const char *method, *before, *after; // after NULL: no subject
    enum console_route route;
    enum console_need need;
};

static const struct row rows[] = {
    {"POST", API "session", NULL, CONSOLE_ROUTE_LOGIN, CONSOLE_NEED_NOBODY},
    {"GET", API "session", NULL, CONSOLE_ROUTE_SESSION, CONSOLE_NEED_VIEWER},
    {"DELETE", API "session", NULL, CONSOLE_ROUTE_LOGOUT, CONSOLE_NEED_VIEWER},
    {"GET", "/metrics", NULL, CONSOLE_ROUTE_METRICS, CONSOLE_NEED_VIEWER},
    {"GET", API "overview", NULL, CONSOLE_ROUTE_OVERVIEW, CONSOLE_NEED_VIEWER},
    {"GET", API "campaigns", NULL, CONSOLE_ROUTE_CAMPAIGNS, CONSOLE_NEED_VIEWER},
    {"GET", API "contacts/", "/timeline", CONSOLE_ROUTE_TIMELINE, CONSOLE_NEED_VIEWER},
    {"GET", API "events", NULL, CONSOLE_ROUTE_EVENTS, CONSOLE_NEED_VIEWER},
    {"GET", API "stream", NULL, CONSOLE_ROUTE_STREAM, CONSOLE_NEED_VIEWER},
    {"GET", API "alerts", NULL, CONSOLE_ROUTE_ALERTS, CONSOLE_NEED_VIEWER},
    {"GET", API "alerts/", "", CONSOLE_ROUTE_ALERT, CONSOLE_NEED_VIEWER},
    {"GET", API "silences", NULL, CONSOLE_ROUTE_SILENCES, CONSOLE_NEED_VIEWER},
    {"POST", API "campaigns/", "/pause", CONSOLE_ROUTE_PAUSE, CONSOLE_NEED_OPERATOR},
    {"POST", API "campaigns/", "/resume", CONSOLE_ROUTE_RESUME, CONSOLE_NEED_OPERATOR},
    {"POST", API "campaigns/", "/retry", CONSOLE_ROUTE_RETRY, CONSOLE_NEED_OPERATOR},
    {"POST", API "breakers/", "/force-open", CONSOLE_ROUTE_FORCE_OPEN, CONSOLE_NEED_OPERATOR},
    {"POST", API "breakers/", "/force-closed", CONSOLE_ROUTE_FORCE_CLOSED, CONSOLE_NEED_OPERATOR},
    {"POST", API "breakers/", "/reset", CONSOLE_ROUTE_RESET, CONSOLE_NEED_OPERATOR},
    {"POST", API "alerts/", "/ack", CONSOLE_ROUTE_ACK, CONSOLE_NEED_OPERATOR},
    {"POST", API "silences", NULL, CONSOLE_ROUTE_SILENCE, CONSOLE_NEED_OPERATOR},
    {"DELETE", API "silences/", "", CONSOLE_ROUTE_UNSILENCE, CONSOLE_NEED_OPERATOR},
};

// The subject may hold a slash (it was decoded): what stands before and behind it is fixed.
static bool fits(const struct row *row, const char *path, char subject[CONSOLE_SUBJECT_SIZE]) {
    size_t length = strlen(path), before = strlen(row->before);
    subject[0] = '\0';
    if (row->after == NULL)
        return strcmp(path, row->before) == 0;
    size_t after = strlen(row->after);
    if (length <= before + after || strncmp(path, row->before, before) != 0 ||
        strcmp(path + length - after, row->after) != 0)
        return false;
    size_t size = length - before - after;
    if (size >= CONSOLE_SUBJECT_SIZE)
        return false;
    memcpy(subject, path + before, size);
    subject[size] = '\0';
    return true;
}

static bool is_method(const char *wanted, const char *method) {
    return strcmp(wanted, method) == 0 ||
           (strcmp(wanted, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

enum console_found console_route_find(const char *method, const char *path,
                                      struct console_match *match) {
    enum console_found found = CONSOLE_NO_PATH;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!fits(&rows[i], path, match->subject))
            continue;
        found = CONSOLE_NO_METHOD;
        if (!is_method(rows[i].method, method))
            continue;
        match->route = rows[i].route;
        match->need = rows[i].need;
        return CONSOLE_FOUND;
    }
    match->subject[0] = '\0';
    return found;
}
