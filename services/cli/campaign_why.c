// ringfence campaign why: why a contact stands where it stands.
#include <stdio.h>

#include "ask.h"
#include "events/text.h"
#include "member.h"

static void told(struct cli_session *session, json_t *result) {
    size_t i;
    json_t *contact;
    struct rf_text text = {0};
    json_array_foreach(json_object_get(result, "contacts"), i, contact) {
        rf_text_add(&text, i > 0 ? "\n" : "");
        rf_text_add_clean(&text, cli_member_text(contact, "text"), 8192);
        rf_text_add(&text, "\n");
    }
    cli_session_tell(session, result, &text);
}

static void begin(struct cli_session *session) {
    cli_ask(session->arg, session, "why",
            json_pack("{s:s}", "contact", session->options->arguments[0]), told);
}

int cli_campaign_why(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct cli_ask ask = {0};
    int code = cli_session_run(options, &handlers, &ask);
    cli_ask_end(&ask);
    return code;
}
