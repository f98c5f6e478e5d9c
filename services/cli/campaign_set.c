// ringfence campaign set: what a campaign has of its own, in place of the configuration's
// campaign.*
#include <stdio.h>
#include <stdlib.h>

#include "ask.h"
#include "base/log.h"
#include "campaign_settings.h"
#include "member.h"

struct setting {
    struct cli_ask ask;
    char *text;      // of --settings; NULL: not given
    json_t *changes; // of KEY=VALUE
};

static void told(struct cli_session *session, json_t *result) {
    struct rf_text text = {0};
    json_t *settings = json_object_get(result, "settings");
    rf_text_add(&text, "campaign ");
    rf_text_add_clean(&text, cli_member_text(result, "campaign"), 100);
    rf_text_add(&text, json_is_true(json_object_get(result, "changed"))
                           ? ": settings changed; "
                           : ": these are its settings already; ");
    if (json_object_size(settings) > 0) {
        rf_text_add(&text, "of its own: ");
        cli_settings_text(settings, &text);
        rf_text_add(&text, "\n");
    } else {
        rf_text_add(&text, "it has none of its own: all are as configured\n");
    }
    cli_session_tell(session, result, &text);
}

static void begin(struct cli_session *session) {
    struct setting *setting = session->arg;
    const struct cli_options *options = session->options;
    json_t *params =
        json_pack("{s:s, s:s*, s:s*, s:O}", "campaign", options->arguments[0], "settings",
                  setting->text, "file", options->own[CLI_SETTINGS], "changes", setting->changes);
    cli_ask(&setting->ask, session, "set", params, told);
}

int cli_campaign_set(const struct cli_options *options) {
    static const struct cli_session_handlers handlers = {.begin = begin};
    struct setting setting = {.changes = json_object()};
    const char *file = options->own[CLI_SETTINGS];
    int code = CLI_OK;
    if (options->count == 1 && file == NULL) {
        rf_log(RF_LOG_ERROR, "campaign set: expected KEY=VALUE, such as max_calls=3, or --settings "
                             "FILE; campaign status shows what there is");
        code = CLI_USAGE;
    }
    for (size_t i = 1; code == CLI_OK && i < options->count; i++)
        code = cli_settings_change(setting.changes, options->arguments[i]) ? CLI_OK : CLI_USAGE;
    if (code == CLI_OK && file != NULL)
        code = (setting.text = cli_settings_file(file)) != NULL ? CLI_OK : CLI_USAGE;
    if (code == CLI_OK)
        code = cli_session_run(options, &handlers, &setting);
    cli_ask_end(&setting.ask);
    free(setting.text);
    json_decref(setting.changes);
    return code;
}
