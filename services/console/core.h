// What the console answers to everybody, by media paths and of its health: pure, from the request,
// the time and whether the broker is there.
#ifndef CONSOLE_CORE_H
#define CONSOLE_CORE_H

#include <stdbool.h>

#include <ringfence/time.h>

#include "media/media.h"

struct console_request {
    const char *method, *path; // decoded, without query
};

struct console_view {
    bool connected;           // the broker answers
    bool ready;               // what the page shows is there
    const char *media_secret; // NULL: no media paths
    struct rf_utc now;
};

// Either a text, or a file of the media folder, if it is there.
struct console_answer {
    unsigned status;
    const char *content_type;
    const char *text;              // NULL: the file
    char file[RF_MEDIA_FILE_SIZE]; // a bare name
};

// console_decide: GET and HEAD of /healthz, /readyz and of signed media paths; all else below those
// is the same 404, so that nobody learns why. False: the path is none of these.
bool console_decide(const struct console_request *request, const struct console_view *view,
                    struct console_answer *answer);

// console_not_found: the answer for what is not there.
void console_not_found(struct console_answer *answer);

#endif
