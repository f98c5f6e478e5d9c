// ringfence campaign retry: contacts that were set aside are tried again.
#include <inttypes.h>
#include <stdio.h>

#include "ask.h"
#include "member.h"
#include "person.h"

struct retrying {
    struct cli_ask ask;
    int64_t retried, asked, kept;
};

static void call(struct cli_session *session, int64_t after);

// Nobody was tried again.
static void tell_nobody(const struct cli_options *options, int64_t unnamed) {
    const char *reason = options->own[CLI_REASON];
    if (reason != NULL)
        printf("nobody of it is set aside as %s\n", reason);
    else if (unnamed > 0)
        printf("set aside as do_not_call, call_lost or call_unknown: %" PRId64
               "; of them only what --reason names is tried again\n",
               unnamed);
    else
        printf("nobody of it is set aside\n");
}

static void told(struct cli_session *session, json_t *result) {
    struct retrying *retrying = session->arg;
    const char *name = session->options->arguments[0];
    int64_t after = cli_member_number(result, "after");
    retrying->retried += cli_member_number(result, "retried");
    retrying->asked += cli_member_number(result, "asked");
    retrying->kept += cli_member_number(result, "kept");
    if (after > 0) {
        call(session, after);
        return;
    }
    if (session->options->json) {
        cli_print_json(json_pack("{s:s, s:s, s:I, s:I, s:I}", "campaign", name, "state",
                                 cli_member_text(result, "state"), "retried",
                                 (json_int_t)retrying->retried, "asked",
                                 (json_int_t)retrying->asked, "kept", (json_int_t)retrying->kept));
    } else {
        printf("campaign %s: tried again: %" PRId64 "\n", name, retrying->retried);
        if (retrying->asked > 0)
            printf("of them, their provider is asked first what became of their last dial: "
                   "%" PRId64 "\n",
                   retrying->asked);
        if (retrying->kept > 0)
            printf("left as they are, as it is not known whether their last dial made a call: "
                   "%" PRId64 "\n",
                   retrying->kept);
        if (retrying->retried + retrying->kept == 0)
            tell_nobody(session->options, cli_member_number(result, "unnamed"));
    }
    cli_session_end(session, CLI_OK);
}

static void call(struct cli_session *session, int64_t after) {
    struct retrying *retrying = session->arg;
    const struct cli_options *options = session->options;
    json_t *params = json_pack("{s:s, s:s*, s:s*, s:I, s:s, s:s*}", "campaign",
                               options->arguments[0], "reason", options->own[CLI_REASON], "contact",
                               options->count > 1 ? options->arguments[1] : NULL, "after",
                               (json_int_t)after, "by", cli_person(), "why", options->own[CLI_WHY]);
    cli_ask(&retrying->ask, session, "retry", params, told);
}

static void begin(struct cli_session *session) {
    call(session, 0);
}

int cli_campaign_retry(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct retrying retrying = {0};
    int code = cli_session_run(options, &handlers, &retrying);
    cli_ask_end(&retrying.ask);
    return code;
}
