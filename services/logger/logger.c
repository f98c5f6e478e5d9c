#include "logger.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "events/text.h"
#include "file_sink.h"
#include "http/client.h"
#include "lines.h"
#include "lock.h"
#include "log_sink.h"
#include "record.h"
#include "redact/redactor.h"
#include "sheet_sink.h"
#include "syslog_sink.h"
#include "trace_sink.h"

// A draining logger ends when nothing has come for so long: what the others said before they ended
// is still to be logged.
#define QUIET rf_ms(300)

// How often a logger that waits for another one to end looks whether it has.
#define LOOK rf_ms(200)

enum { JSON_FILE, TEXT_FILE, FILE_COUNT };

struct logger {
    struct rf_process *process;
    char *lock_path;
    struct rf_logger_lock lock; // of whoever writes
    struct rf_timer lock_timer; // the next look for it
    struct rf_http *http;
    struct rf_redactor *redactor;
    struct rf_lines lines;
    struct rf_file_sink files[FILE_COUNT];
    struct rf_sheet_sink sheet;
    struct rf_otlp_sink otlp;
    struct rf_trace_sink traces;
    struct rf_syslog_sink syslog;
    struct rf_timer quiet_timer;  // while draining
    struct rf_timer reload_timer; // after a reload, with the new configuration in place
};

static void on_active(void *arg) {
    struct logger *logger = arg;
    if (logger->process->draining)
        rf_timer_after(&logger->quiet_timer, QUIET);
}

static bool is_busy(const struct logger *logger) {
    bool busy = rf_sheet_sink_busy(&logger->sheet) || rf_forward_busy(&logger->otlp.forward) ||
                rf_forward_busy(&logger->traces.otlp.forward) ||
                rf_forward_busy(&logger->syslog.forward);
    for (size_t i = 0; i < FILE_COUNT; i++)
        busy = busy || rf_file_sink_busy(&logger->files[i]);
    return busy;
}

// Before the process ends it waits until its own last event is taken, and that would come here as a
// page which is given, but whose end nobody hears any more: it would be given again.
static void end_forwards(struct logger *logger) {
    rf_forward_end(&logger->otlp.forward);
    rf_forward_end(&logger->traces.otlp.forward);
    rf_forward_end(&logger->syslog.forward);
}

static void on_quiet(void *arg) {
    struct logger *logger = arg;
    if (is_busy(logger)) {
        rf_timer_after(&logger->quiet_timer, QUIET);
        return;
    }
    end_forwards(logger);
    rf_process_drained(logger->process);
}

static bool writes(const struct logger *logger) {
    return logger->lock.fd >= 0;
}

static void on_reloaded(void *arg) {
    struct logger *logger = arg;
    if (!writes(logger))
        return;
    for (size_t i = 0; i < FILE_COUNT; i++)
        rf_file_sink_reopen(&logger->files[i]);
    rf_sheet_sink_run(&logger->sheet);
    rf_forward_restart(&logger->otlp.forward);
    rf_forward_restart(&logger->traces.otlp.forward);
    rf_forward_restart(&logger->syslog.forward);
}

static enum rf_err make_state_folder(struct logger *logger, struct rf_error *error) {
    struct rf_text path = {0};
    rf_text_add(&path, "%s/logger", logger->process->config->state_dir);
    enum rf_err result = path.failed ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a path")
                                     : rf_folder_make(path.data, 0700, error);
    rf_text_add(&path, "/lock");
    logger->lock_path = rf_text_take(&path);
    if (result == RF_OK && logger->lock_path == NULL)
        result = rf_error_set(error, RF_ERR_NOMEM, "no memory for a path");
    return result;
}

static enum rf_err open_parts(struct logger *logger, struct rf_error *error) {
    struct rf_process *process = logger->process;
    const struct rf_config_logger *config = &process->config->logger;
    enum rf_err result = rf_http_new(process->loop, &logger->http, error);
    if (result == RF_OK)
        result = rf_file_sink_init(&logger->files[JSON_FILE], process, "json", config->json_file,
                                   &logger->lines, RF_LINE_JSON, rf_record_json_n, on_active,
                                   logger, error);
    if (result == RF_OK)
        result = rf_file_sink_init(&logger->files[TEXT_FILE], process, "text", config->text_file,
                                   &logger->lines, RF_LINE_TEXT, rf_record_text_n, on_active,
                                   logger, error);
    if (result == RF_OK)
        result =
            rf_sheet_sink_init(&logger->sheet, process, logger->http, on_active, logger, error);
    for (size_t i = 0; i < FILE_COUNT; i++)
        logger->files[i].sink.redactor = logger->redactor;
    logger->sheet.sink.redactor = logger->redactor;
    if (result == RF_OK)
        rf_otlp_sink_init(&logger->otlp, &rf_log_sink, process, logger->http, on_active, logger);
    if (result == RF_OK)
        rf_trace_sink_init(&logger->traces, process, logger->http, on_active, logger);
    if (result == RF_OK)
        rf_syslog_sink_init(&logger->syslog, process, on_active, logger);
    logger->syslog.forward.sink.redactor = logger->redactor;
    logger->otlp.forward.sink.redactor = logger->redactor;
    logger->traces.otlp.forward.sink.redactor = logger->redactor;
    return result;
}

// Nothing was opened, asked for or sent before.
static enum rf_err begin(struct logger *logger, struct rf_error *error) {
    struct rf_process *process = logger->process;
    enum rf_err result = open_parts(logger, error);
    if (result != RF_OK)
        return result;
    for (size_t i = 0; i < FILE_COUNT; i++)
        rf_file_sink_run(&logger->files[i]);
    rf_sheet_sink_run(&logger->sheet);
    rf_log_sink_run(&logger->otlp);
    rf_trace_sink_run(&logger->traces);
    rf_syslog_sink_run(&logger->syslog);
    rf_process_ready(process,
                     "%s from %" PRId64 ", %s from %" PRId64
                     ", Sheets %s, OTLP %s, traces %s, syslog %s",
                     process->config->logger.json_file, logger->files[JSON_FILE].sink.place.n,
                     process->config->logger.text_file, logger->files[TEXT_FILE].sink.place.n,
                     process->config->logger.sheets.enabled ? "on" : "off",
                     process->config->logger.otlp.enabled ? "on" : "off",
                     process->config->logger.traces.otlp.enabled ? "on" : "off",
                     process->config->logger.syslog.enabled ? "on" : "off");
    return RF_OK;
}

static enum rf_err take_turn(struct logger *logger, struct rf_error *error) {
    enum rf_err result = rf_logger_lock_take(&logger->lock, logger->lock_path, error);
    if (result == RF_OK)
        return begin(logger, error);
    if (result == RF_ERR_CONFLICT)
        rf_timer_after(&logger->lock_timer, LOOK);
    return result;
}

static void on_look(void *arg) {
    struct logger *logger = arg;
    struct rf_error error;
    enum rf_err result = take_turn(logger, &error);
    if (result != RF_OK && result != RF_ERR_CONFLICT)
        rf_process_fail(logger->process, &error);
}

enum rf_err rf_logger_start(struct rf_process *process, struct rf_error *error) {
    struct logger *logger = calloc(1, sizeof *logger);
    if (logger == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    process->state = logger;
    logger->process = process;
    logger->lock = RF_LOGGER_LOCK_NONE;
    rf_timer_init(&logger->quiet_timer, process->loop, on_quiet, logger);
    rf_timer_init(&logger->reload_timer, process->loop, on_reloaded, logger);
    rf_timer_init(&logger->lock_timer, process->loop, on_look, logger);
    enum rf_err result = make_state_folder(logger, error);
    if (result == RF_OK)
        result = rf_redactor_new(process->config, RF_REDACTOR_ALL, rf_loop_now(process->loop),
                                 &logger->redactor, error);
    if (result == RF_OK)
        result = take_turn(logger, error);
    if (result != RF_ERR_CONFLICT)
        return result;
    rf_log(RF_LOG_WARNING, "%s: waits for it to end, and writes nothing before", error->message);
    return RF_OK;
}

enum rf_err rf_logger_reload(struct rf_process *process, const struct rf_config *fresh,
                             struct rf_error *error) {
    struct logger *logger = process->state;
    enum rf_err result =
        rf_redactor_take(logger->redactor, fresh, rf_loop_now(process->loop), error);
    if (result != RF_OK)
        return result;
    rf_timer_after(&logger->reload_timer, rf_ns(0));
    return RF_OK;
}

void rf_logger_drain(struct rf_process *process) {
    struct logger *logger = process->state;
    rf_timer_stop(&logger->lock_timer);
    if (!writes(logger)) {
        rf_process_drained(process);
        return;
    }
    for (size_t i = 0; i < FILE_COUNT; i++)
        rf_file_sink_drain(&logger->files[i]);
    rf_sheet_sink_hurry(&logger->sheet);
    rf_forward_hurry(&logger->otlp.forward);
    rf_forward_hurry(&logger->traces.otlp.forward);
    rf_forward_hurry(&logger->syslog.forward);
    rf_timer_after(&logger->quiet_timer, QUIET);
}

// The others go on, and so do their events: a logger that alone is started anew finds no quiet, and
// needs none.
void rf_logger_overdue(struct rf_process *process) {
    struct logger *logger = process->state;
    rf_log(RF_LOG_INFO, "events came until the end of the drain timeout: the next logger goes on"
                        " behind the last that was written");
    if (writes(logger))
        end_forwards(logger);
}

void rf_logger_stop(struct rf_process *process) {
    struct logger *logger = process->state;
    if (logger == NULL)
        return;
    rf_timer_stop(&logger->quiet_timer);
    rf_timer_stop(&logger->reload_timer);
    rf_timer_stop(&logger->lock_timer);
    for (size_t i = 0; i < FILE_COUNT; i++)
        rf_file_sink_fini(&logger->files[i]);
    rf_lines_fini(&logger->lines);
    rf_sheet_sink_fini(&logger->sheet);
    rf_otlp_sink_fini(&logger->otlp);
    rf_trace_sink_fini(&logger->traces);
    rf_syslog_sink_fini(&logger->syslog);
    rf_http_destroy(&logger->http);
    rf_redactor_destroy(&logger->redactor);
    rf_logger_lock_release(&logger->lock); // the next one finds all places kept
    free(logger->lock_path);
    free(logger);
    process->state = NULL;
}
