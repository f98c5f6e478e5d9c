// ringfence alert resend, test: notices go out because a person wants it.
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "alerts.h"
#include "base/log.h"
#include "config/config.h"
#include "member.h"
#include "refusal.h"

#define DETAIL_BYTES 200
#define TEST_MARGIN  rf_seconds(10) // above alerter.timeout of each of its requests, two at most

// The session's `arg`.
struct resending {
    struct cli_ask ask;
    json_t *resent; // by all askings
};

static void print_resent(const json_t *result, struct rf_text *text) {
    size_t i, count = json_array_size(json_object_get(result, "resent"));
    json_t *row;
    rf_text_add(text, "%zu dead letter%s sent again; see ringfence alert list\n", count,
                count == 1 ? " is" : "s are");
    json_array_foreach(json_object_get(result, "left"), i, row) {
        rf_text_add(text,
                    "%" PRId64 " of channel %s stay: it is not enabled, or not in the "
                    "configuration\n",
                    cli_member_number(row, "count"), cli_member_text(row, "channel"));
    }
}

static void begin_resend(struct cli_session *session);

// What was sent again is no dead letter any more: asked again, there are the next ones.
static void on_resent(struct cli_session *session, json_t *result) {
    struct resending *resending = session->arg;
    struct rf_text text = {0};
    if (resending->resent == NULL)
        resending->resent = json_array();
    json_array_extend(resending->resent, json_object_get(result, "resent"));
    if (json_is_true(json_object_get(result, "more"))) {
        begin_resend(session);
        return;
    }
    json_object_del(result, "more");
    json_object_set(result, "resent", resending->resent);
    print_resent(result, &text);
    cli_session_tell(session, result, &text);
}

static void begin_resend(struct cli_session *session) {
    const struct cli_options *options = session->options;
    cli_alert_ask(session->arg, session, "alert_resend",
                  json_pack("{s:s*, s:s*}", "id", options->count > 0 ? options->arguments[0] : NULL,
                            "channel", options->own[CLI_CHANNEL]),
                  on_resent);
}

int cli_alert_resend(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_resend};
    struct resending resending = {0};
    if ((options->count == 0) == (options->own[CLI_ALL] == NULL)) {
        rf_log(RF_LOG_ERROR, "alert resend: expected the id of a notice, or --all");
        return CLI_USAGE;
    }
    int code = cli_session_run(options, &handlers, &resending);
    json_decref(resending.resent);
    cli_ask_end(&resending.ask);
    return code;
}

// ---- test ----

static void print_report(const json_t *report, struct rf_text *text) {
    size_t i;
    json_t *step;
    json_array_foreach(json_object_get(report, "steps"), i, step) {
        rf_text_add(text, "  %-12s %-6s %6.1f ms  ", cli_member_text(step, "step"),
                    json_is_true(json_object_get(step, "ok")) ? "ok" : "failed",
                    json_number_value(json_object_get(step, "took_ms")));
        rf_text_add_clean(text, cli_member_text(step, "detail"), DETAIL_BYTES);
        rf_text_add(text, "\n");
    }
    bool ok = json_is_true(json_object_get(report, "ok"));
    rf_text_add(text, "%s: %s", cli_member_text(report, "channel"), ok ? "taken" : "not taken: ");
    if (!ok)
        rf_text_add_clean(text, cli_member_text(report, "message"), DETAIL_BYTES);
    rf_text_add(text, " (notice %s, %.0f ms)\n", cli_member_text(report, "alert"),
                json_number_value(json_object_get(report, "took_ms")));
}

static void on_tested(void *arg, const struct rf_call_reply *reply) {
    struct cli_session *session = arg;
    struct rf_text text = {0};
    if (!reply->ok) {
        char why[RF_ERROR_MESSAGE_SIZE];
        cli_session_fail(session, "%s", cli_refusal_text("alert test", reply, why, sizeof why));
        return;
    }
    print_report(reply->result, &text);
    cli_session_tell(session, reply->result, &text);
    if (!json_is_true(json_object_get(reply->result, "ok")))
        cli_session_end(session, CLI_FAILED);
}

// Asked once: each asking sends a notice.
static void begin_test(struct cli_session *session) {
    struct rf_duration most = cli_session_config(session)->alerter.timeout;
    session->service = "alerter";
    cli_session_call(session, "alert_test",
                     json_pack("{s:s}", "channel", session->options->arguments[0]),
                     rf_ns(2 * most.ns + TEST_MARGIN.ns), on_tested);
}

int cli_alert_test(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin_test};
    return cli_session_run(options, &handlers, NULL);
}
