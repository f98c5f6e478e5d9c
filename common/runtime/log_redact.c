#include "runtime/log_redact.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "events/text.h"
#include "redact/redact.h"
#include "redact/redactor.h"

static void on_line(void *arg, const char *text, char *out, size_t size) {
    struct rf_log_redaction *redaction = arg;
    struct rf_text left = {0};
    pthread_mutex_lock(&redaction->lock);
    rf_redact_add(rf_redactor_now(redaction->redactor, rf_clock_now()), text, strlen(text), &left);
    pthread_mutex_unlock(&redaction->lock);
    const char *line = left.data == NULL ? "" : left.data;
    snprintf(out, size, "%s", left.failed ? "(memory was too short for this line)" : line);
    rf_text_fini(&left);
}

enum rf_err rf_log_redact_start(struct rf_log_redaction *redaction, const struct rf_config *config,
                                struct rf_error *error) {
    pthread_mutex_init(&redaction->lock, NULL);
    enum rf_err err =
        rf_redactor_new(config, RF_REDACTOR_LINES, rf_clock_now(), &redaction->redactor, error);
    if (err == RF_OK)
        rf_log_through(on_line, redaction);
    return err;
}

enum rf_err rf_log_redact_take(struct rf_log_redaction *redaction, const struct rf_config *config,
                               struct rf_error *error) {
    pthread_mutex_lock(&redaction->lock);
    enum rf_err err = rf_redactor_take(redaction->redactor, config, rf_clock_now(), error);
    pthread_mutex_unlock(&redaction->lock);
    return err;
}

void rf_log_redact_end(struct rf_log_redaction *redaction) {
    if (redaction->redactor == NULL)
        return;
    rf_log_through(NULL, NULL);
    rf_redactor_destroy(&redaction->redactor);
    pthread_mutex_destroy(&redaction->lock);
}
