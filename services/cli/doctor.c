// ringfence doctor: whether this host can run the set as configured, and what to do where not. Asks
// everyone at once, and tells in a fixed order.
#include "doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "redact/redact.h"
#include "redact/redactor.h"
#include "session.h"

struct doctor_check *doctor_new_check(struct doctor *doctor, const char *group,
                                      const char *subject) {
    char name[DOCTOR_NAME_SIZE];
    snprintf(name, sizeof name, "%s%s%s", group, subject != NULL ? "/" : "",
             subject != NULL ? subject : "");
    return doctor_add(&doctor->list, name, rf_clock_now());
}

static void tell(struct doctor *doctor) {
    const struct doctor_check *check;
    while ((check = doctor_next(&doctor->list)) != NULL) {
        struct rf_text text = {0};
        if (doctor->options->json)
            continue;
        doctor_line(check, &text);
        cli_print_text(&text);
        (void)fflush(stdout);
    }
    if (doctor->list.pending == 0 && doctor->running)
        rf_loop_stop(doctor->loop);
}

// What a far side says may hold what it was told.
static char *clean(const struct doctor *doctor, const char *words) {
    struct rf_text line = {0}, out = {0};
    rf_text_add_clean(&line, words, DOCTOR_TEXT_SIZE - 1);
    if (doctor->redactor == NULL || line.failed || line.data == NULL)
        return rf_text_take(&line);
    rf_redact_add(rf_redactor_now(doctor->redactor, rf_clock_now()), line.data, line.size, &out);
    rf_text_fini(&line);
    return rf_text_take(&out);
}

void doctor_end(struct doctor *doctor, struct doctor_check *check, enum doctor_verdict verdict,
                const char *mend, const char *format, ...) {
    char words[2 * DOCTOR_TEXT_SIZE];
    struct rf_instant now = rf_clock_now();
    va_list arguments;
    if (check == NULL)
        return;
    va_start(arguments, format);
    vsnprintf(words, sizeof words, format, arguments);
    va_end(arguments);
    char *text = clean(doctor, words), *what = clean(doctor, mend != NULL ? mend : "");
    doctor_settle(&doctor->list, check, verdict, now, text != NULL ? text : "", what);
    free(text);
    free(what);
    tell(doctor);
}

void doctor_send_failed(struct doctor *doctor, struct doctor_check *check,
                        const struct rf_error *error) {
    doctor_end(doctor, check, DOCTOR_FAIL, NULL, "%s", error->message);
}

void doctor_steps(const struct rf_http_trace *trace, char *out, size_t size) {
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < trace->count && used < size; i++) {
        const struct rf_http_step *step = &trace->steps[i];
        int more = snprintf(out + used, size - used, "%s%s %.0f ms%s%s", used > 0 ? ", " : "",
                            step->name, rf_duration_s(step->took) * 1e3,
                            step->ok ? "" : " failed: ", step->ok ? "" : step->detail);
        used += more > 0 ? (size_t)more : 0;
    }
}

// ---- the whole ----

static void skip_all(struct doctor *doctor) {
    for (size_t i = 2; doctor->options->own[CLI_ONLY] == NULL && i < doctor_group_count;
         i++) // behind version and config
        doctor_end(doctor, doctor_new_check(doctor, doctor_groups[i], NULL), DOCTOR_SKIPPED, NULL,
                   "the configuration cannot be read");
}

static enum rf_err open_means(struct doctor *doctor, struct rf_error *error) {
    enum rf_err err = rf_redactor_new(doctor->config, RF_REDACTOR_SECRETS, rf_clock_now(),
                                      &doctor->redactor, error);
    doctor->loop = err == RF_OK ? rf_loop_new() : NULL;
    if (err == RF_OK && doctor->loop == NULL)
        err = rf_error_set(error, RF_ERR_NOMEM, "out of memory");
    return err == RF_OK ? rf_http_new(doctor->loop, &doctor->http, error) : err;
}

static enum rf_err examine(struct doctor *doctor, struct rf_error *error) {
    enum rf_err err = open_means(doctor, error);
    if (err != RF_OK)
        return err;
    doctor_ports(doctor);
    doctor_folders(doctor);
    doctor_providers(doctor);
    doctor_channels(doctor);
    doctor_sheets(doctor);
    doctor_database(doctor);
    doctor_keys(doctor);
    doctor_bus(doctor);
    if (doctor->list.pending == 0)
        return RF_OK;
    doctor->running = true;
    return rf_loop_run(doctor->loop, error);
}

static int conclude(struct doctor *doctor) {
    const struct doctor_list *list = &doctor->list;
    size_t failed = doctor_count(list, DOCTOR_FAIL);
    if (list->count == 0) {
        rf_log(RF_LOG_ERROR, "doctor: --only %s: with this configuration there is no such check",
               list->only);
        return CLI_USAGE;
    }
    if (doctor->options->json)
        cli_print_json(doctor_json(list));
    else
        printf("%zu ok, %zu to look at, %zu failed, %zu skipped\n", doctor_count(list, DOCTOR_OK),
               doctor_count(list, DOCTOR_WARN), failed, doctor_count(list, DOCTOR_SKIPPED));
    return failed > 0 ? CLI_FAILED : CLI_OK;
}

static void close_doctor(struct doctor *doctor) {
    doctor_bus_end(doctor);
    rf_http_destroy(&doctor->http);
    rf_loop_destroy(&doctor->loop);
    rf_redactor_destroy(&doctor->redactor);
    rf_config_destroy(&doctor->config);
    doctor_list_fini(&doctor->list);
}

static int unknown_check(const char *only) {
    struct rf_text names = {0};
    for (size_t i = 0; i < doctor_group_count; i++)
        rf_text_add(&names, "%s%s", i > 0 ? ", " : "", doctor_groups[i]);
    rf_log(RF_LOG_ERROR,
           "doctor: --only %s: expected one of %s, or one of their lines such as "
           "key/openai",
           only, names.failed ? "" : names.data);
    rf_text_fini(&names);
    return CLI_USAGE;
}

int cli_doctor(const struct cli_options *options) {
    struct doctor doctor = {.options = options, .list = {.only = options->own[CLI_ONLY]}};
    struct rf_error error = {0};
    int code;
    if (doctor.list.only != NULL && !doctor_only_known(doctor.list.only))
        return unknown_check(doctor.list.only);
    doctor_versions(&doctor);
    enum rf_err err = RF_OK;
    if (!doctor_config(&doctor))
        skip_all(&doctor);
    else
        err = examine(&doctor, &error);
    if (err != RF_OK) {
        rf_log(RF_LOG_ERROR, "doctor: %s", error.message);
        code = CLI_FAILED;
    } else {
        code = conclude(&doctor);
    }
    close_doctor(&doctor);
    return code;
}
