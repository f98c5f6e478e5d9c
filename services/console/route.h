// What a request is for: the table of all that the console answers beside media paths, callbacks
// and the page. Pure.
#ifndef CONSOLE_ROUTE_H
#define CONSOLE_ROUTE_H

#include <stdbool.h>
#include <stddef.h>

enum console_need {
    CONSOLE_NEED_NOBODY, // anyone may
    CONSOLE_NEED_VIEWER,
    CONSOLE_NEED_OPERATOR,
};

// Its names are the handlers' (api.c).
enum console_route {
    CONSOLE_ROUTE_LOGIN,
    CONSOLE_ROUTE_SESSION,
    CONSOLE_ROUTE_LOGOUT,
    CONSOLE_ROUTE_METRICS,
    CONSOLE_ROUTE_OVERVIEW,
    CONSOLE_ROUTE_CAMPAIGNS,
    CONSOLE_ROUTE_TIMELINE,
    CONSOLE_ROUTE_EVENTS,
    CONSOLE_ROUTE_STREAM,
    CONSOLE_ROUTE_ALERTS,
    CONSOLE_ROUTE_ALERT,
    CONSOLE_ROUTE_SILENCES,
    CONSOLE_ROUTE_PAUSE,
    CONSOLE_ROUTE_RESUME,
    CONSOLE_ROUTE_RETRY,
    CONSOLE_ROUTE_FORCE_OPEN,
    CONSOLE_ROUTE_FORCE_CLOSED,
    CONSOLE_ROUTE_RESET,
    CONSOLE_ROUTE_ACK,
    CONSOLE_ROUTE_SILENCE,
    CONSOLE_ROUTE_UNSILENCE,
};
#define CONSOLE_ROUTES 21

#define CONSOLE_SUBJECT_SIZE 256

struct console_match {
    enum console_route route;
    enum console_need need;
    char subject[CONSOLE_SUBJECT_SIZE]; // what stands in the path: a campaign's name; "": nothing
};

enum console_found {
    CONSOLE_FOUND,
    CONSOLE_NO_PATH,   // nothing has this path
    CONSOLE_NO_METHOD, // something has, but not by this method
};

// console_route_find: the route of a request; `path` is decoded, without query. HEAD is GET.
enum console_found console_route_find(const char *method, const char *path,
                                      struct console_match *match);

#endif
