#include "core.h"

#include <string.h>

#define MEDIA "/media/"

static void answer_text(struct console_answer *answer, unsigned status, const char *text) {
    *answer =
        (struct console_answer){.status = status, .content_type = "application/json", .text = text};
}

void console_not_found(struct console_answer *answer) {
    answer_text(answer, 404, "{\"error\":\"not found\",\"code\":\"not_found\"}\n");
}

static void answer_health(const struct console_view *view, struct console_answer *answer) {
    if (view->connected)
        answer_text(answer, 200, "{\"status\":\"ok\"}\n");
    else
        answer_text(answer, 503,
                    "{\"status\":\"unavailable\",\"reason\":\"the broker does not answer\"}\n");
}

static void answer_ready(const struct console_view *view, struct console_answer *answer) {
    if (view->ready)
        answer_text(answer, 200, "{\"status\":\"ok\"}\n");
    else
        answer_text(answer, 503,
                    "{\"status\":\"unavailable\",\"reason\":\"not all that it shows is there\"}\n");
}

bool console_decide(const struct console_request *request, const struct console_view *view,
                    struct console_answer *answer) {
    char file[RF_MEDIA_FILE_SIZE];
    bool media = strncmp(request->path, MEDIA, sizeof MEDIA - 1) == 0;
    bool health = strcmp(request->path, "/healthz") == 0;
    bool ready = strcmp(request->path, "/readyz") == 0;
    if (!media && !health && !ready)
        return false;
    console_not_found(answer);
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        return true;
    if (health)
        answer_health(view, answer);
    else if (ready)
        answer_ready(view, answer);
    if (!media)
        return true;
    if (!rf_media_check(view->media_secret, request->path, view->now, file))
        return true;
    const char *type = rf_media_content_type(file);
    if (type == NULL)
        return true;
    *answer = (struct console_answer){.status = 200, .content_type = type};
    memcpy(answer->file, file, sizeof file);
    return true;
}
