#include "ended.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/file.h"
#include "events/text.h"

#define FILE_MOST ((size_t)CONSOLE_ENDED_MOST * 64)

static size_t first_to_end(const struct console_ended *ended) {
    size_t first = 0;
    for (size_t i = 1; i < ended->count; i++)
        if (ended->items[i].expires.ns < ended->items[first].expires.ns)
            first = i;
    return first;
}

void console_ended_add(struct console_ended *ended, const struct console_session *session,
                       struct rf_utc now) {
    for (size_t i = 0; i < ended->count;) {
        if (ended->items[i].expires.ns <= now.ns)
            ended->items[i] = ended->items[--ended->count];
        else
            i++;
    }
    if (session->expires.ns <= now.ns || console_ended_has(ended, session))
        return;
    size_t place = ended->count < CONSOLE_ENDED_MOST ? ended->count++ : first_to_end(ended);
    memcpy(ended->items[place].nonce, session->nonce, sizeof session->nonce);
    ended->items[place].expires = session->expires;
}

bool console_ended_has(const struct console_ended *ended, const struct console_session *session) {
    for (size_t i = 0; i < ended->count; i++)
        if (strcmp(ended->items[i].nonce, session->nonce) == 0)
            return true;
    return false;
}

enum rf_err console_ended_save(const struct console_ended *ended, const char *path,
                               struct rf_error *error) {
    struct rf_text text = {0};
    rf_text_add(&text, "%s", ""); // an empty file, where there are none
    for (size_t i = 0; i < ended->count; i++)
        rf_text_add(&text, "%s %" PRId64 "\n", ended->items[i].nonce,
                    ended->items[i].expires.ns / RF_NS_PER_S);
    enum rf_err err = text.failed ? rf_error_set(error, RF_ERR_NOMEM, "out of memory")
                                  : rf_file_replace(path, text.data, text.size, error);
    rf_text_fini(&text);
    return err;
}

enum rf_err console_ended_load(struct console_ended *ended, const char *path, struct rf_utc now,
                               struct rf_error *error) {
    char *data = NULL, *rest = NULL;
    if (access(path, F_OK) != 0)
        return RF_OK;
    enum rf_err err = rf_file_read(path, FILE_MOST, &data, NULL, error);
    if (err != RF_OK)
        return err;
    for (char *line = strtok_r(data, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        struct console_session session = {0};
        int64_t date;
        if (sscanf(line, "%32[0-9a-f] %10" SCNd64, session.nonce, &date) != 2 || date < 0) {
            err = rf_error_set(error, RF_ERR_DAMAGED,
                               "%s: expected a session and its end in each line; remove the file",
                               path);
            break;
        }
        session.expires.ns = date * RF_NS_PER_S;
        console_ended_add(ended, &session, now);
    }
    free(data);
    return err;
}
