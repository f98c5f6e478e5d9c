// ringfence campaign pause, resume, cancel, priority: what an operator decides about a campaign.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "base/log.h"
#include "campaign_number.h"
#include "member.h"
#include "person.h"
#include "summary.h"

struct ordering {
    struct cli_ask ask;
    const char *operation;
    int64_t priority; // of campaign priority
};

static void told(struct cli_session *session, json_t *result) {
    const struct ordering *ordering = session->arg;
    struct rf_text text = {0};
    cli_order_text(ordering->operation, result, &text);
    cli_session_tell(session, result, &text);
}

static void begin(struct cli_session *session) {
    struct ordering *ordering = session->arg;
    json_t *params = json_pack("{s:s, s:s, s:s*}", "campaign", session->options->arguments[0], "by",
                               cli_person(), "why", session->options->own[CLI_WHY]);
    if (params != NULL && strcmp(ordering->operation, "priority") == 0)
        (void)json_object_set_new(params, "priority", json_integer(ordering->priority));
    cli_ask(&ordering->ask, session, ordering->operation, params, told);
}

static int order(const struct cli_options *options, struct ordering *ordering) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    int code = cli_session_run(options, &handlers, ordering);
    cli_ask_end(&ordering->ask);
    return code;
}

int cli_campaign_pause(const struct cli_options *options) {
    struct ordering ordering = {.operation = "pause"};
    return order(options, &ordering);
}

int cli_campaign_resume(const struct cli_options *options) {
    struct ordering ordering = {.operation = "resume"};
    return order(options, &ordering);
}

int cli_campaign_priority(const struct cli_options *options) {
    struct ordering ordering = {.operation = "priority"};
    if (!cli_priority_read("campaign priority", options->arguments[1], &ordering.priority))
        return CLI_USAGE;
    return order(options, &ordering);
}

// Whether a person at a terminal says yes.
static bool confirmed(const char *campaign) {
    char line[16];
    fprintf(stderr,
            "cancel the campaign %s for good? Contacts that are not in progress are set aside; it "
            "cannot be undone [y/N] ",
            campaign);
    fflush(stderr);
    return fgets(line, sizeof line, stdin) != NULL && (line[0] == 'y' || line[0] == 'Y');
}

int cli_campaign_cancel(const struct cli_options *options) {
    struct ordering ordering = {.operation = "cancel"};
    if (options->own[CLI_YES] == NULL && !isatty(STDIN_FILENO)) {
        rf_log(RF_LOG_ERROR, "campaign cancel: it cannot be undone: give --yes to do it");
        return CLI_USAGE;
    }
    if (options->own[CLI_YES] == NULL && !confirmed(options->arguments[0])) {
        cli_say("nothing was cancelled");
        return CLI_FAILED;
    }
    return order(options, &ordering);
}
