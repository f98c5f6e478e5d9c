#include "run.h"

#include <stdio.h>
#include <string.h>

#include "member.h"
#include "refusal.h"

// How long nobody may answer at least, once somebody has.
#define PATIENCE_LATER rf_seconds(60)
// Between two calls that nobody answered.
#define ASK_AGAIN rf_seconds(1)

bool cli_run_init(struct cli_run *run, enum cli_run_phase first, enum cli_run_phase last,
                  const char *campaign, const char *file, struct rf_duration patience,
                  struct rf_instant now) {
    memset(run, 0, sizeof *run);
    run->phase = first;
    run->priority = CLI_RUN_NO_PRIORITY;
    run->last_phase = last;
    run->campaign = campaign;
    run->file = file;
    run->patience = patience;
    run->answered = now;
    run->next = now;
    run->refused = json_array();
    run->set_aside = json_array();
    return run->refused != NULL && run->set_aside != NULL;
}

void cli_run_fini(struct cli_run *run) {
    json_decref(run->page);
    json_decref(run->refused);
    json_decref(run->status);
    json_decref(run->set_aside);
    memset(run, 0, sizeof *run);
}

void cli_run_settings(struct cli_run *run, const char *text, const char *file) {
    run->settings = text;
    run->settings_file = file;
    run->then = run->phase;
    run->phase = CLI_RUN_SETTING;
}

enum cli_run_action cli_run_next(const struct cli_run *run, struct rf_instant now,
                                 struct rf_duration *wait) {
    if (run->phase == CLI_RUN_ENDED)
        return CLI_RUN_END;
    if (rf_instant_before(now, run->next)) {
        *wait = rf_instant_since(run->next, now);
        return CLI_RUN_WAIT;
    }
    return run->phase == CLI_RUN_LOADING && run->page == NULL ? CLI_RUN_READ : CLI_RUN_CALL;
}

static void enter(struct cli_run *run, enum cli_run_phase phase) {
    run->phase = phase > run->last_phase ? CLI_RUN_ENDED : phase;
}

static void fail(struct cli_run *run, const char *text) {
    snprintf(run->failure, sizeof run->failure, "%s", text);
    run->phase = CLI_RUN_ENDED;
}

void cli_run_fail(struct cli_run *run, const char *text) {
    fail(run, text);
}

// The page is loaded, or there was nothing in it.
static void page_done(struct cli_run *run) {
    json_decref(run->page);
    run->page = NULL;
    if (!run->last_page)
        return;
    if (run->added + run->known > 0) {
        enter(run, CLI_RUN_STARTING);
        return;
    }
    char text[512];
    bool cancelled = strcmp(run->state, "cancelled") == 0;
    if (cancelled || strcmp(run->state, "finished") == 0)
        snprintf(text, sizeof text, "campaign %s %s: load %s into another one", run->campaign,
                 cancelled ? "was cancelled" : "has ended", run->file);
    else
        snprintf(text, sizeof text, "%s: there is no contact to call", run->file);
    run->nobody = true;
    fail(run, text);
}

void cli_run_page(struct cli_run *run, json_t *page, bool last) {
    run->page = page;
    run->last_page = last;
    if (json_array_size(page) == 0)
        page_done(run);
}

void cli_run_refuse(struct cli_run *run, const char *text) {
    if (run->refused_count++ < CLI_RUN_KEPT)
        json_array_append_new(run->refused, json_string(text));
}

json_t *cli_run_request(const struct cli_run *run, const char **operation) {
    switch (run->phase) {
    case CLI_RUN_SETTING:
        *operation = "set";
        return json_pack("{s:s, s:s, s:s, s:b}", "campaign", run->campaign, "settings",
                         run->settings, "file", run->settings_file, "create",
                         run->then == CLI_RUN_LOADING);
    case CLI_RUN_LOADING:
        *operation = "load";
        return json_pack("{s:s, s:O}", "campaign", run->campaign, "contacts", run->page);
    case CLI_RUN_STARTING:
        *operation = "start";
        if (run->priority != CLI_RUN_NO_PRIORITY)
            return json_pack("{s:s, s:I}", "campaign", run->campaign, "priority",
                             (json_int_t)run->priority);
        break;
    case CLI_RUN_COLLECTING:
        *operation = "contacts";
        return json_pack("{s:s, s:I, s:i}", "campaign", run->campaign, "after",
                         (json_int_t)run->after, "limit", CLI_RUN_PAGE);
    default:
        *operation = "status";
        break;
    }
    return json_pack("{s:s}", "campaign", run->campaign);
}

// ---- replies ----

static void take_loaded(struct cli_run *run, const json_t *result) {
    size_t i;
    json_t *line;
    run->added += cli_member_number(result, "added");
    run->known += cli_member_number(result, "known");
    snprintf(run->state, sizeof run->state, "%s", cli_member_text(result, "state"));
    json_array_foreach(json_object_get(result, "refused"), i, line) {
        char text[512];
        const char *reason = json_string_value(json_object_get(line, "reason"));
        snprintf(text, sizeof text, "%s:%lld: %s", run->file,
                 (long long)cli_member_number(line, "line"), reason != NULL ? reason : "refused");
        cli_run_refuse(run, text);
    }
    page_done(run);
}

static void take_status(struct cli_run *run, const json_t *result, struct rf_instant now) {
    json_t *campaign = json_array_get(json_object_get(result, "campaigns"), 0);
    if (campaign == NULL) {
        fail(run, "the orchestrator does not know the campaign");
        return;
    }
    json_decref(run->status);
    run->status = json_incref(campaign);
    run->set_aside_count = cli_member_number(campaign, "set_aside");
    if (!json_is_true(json_object_get(campaign, "finished")))
        run->next = rf_instant_add(now, CLI_RUN_INTERVAL);
    else
        run->phase = run->set_aside_count > 0 ? CLI_RUN_COLLECTING : CLI_RUN_ENDED;
}

static void take_contacts(struct cli_run *run, const json_t *result) {
    size_t i;
    json_t *contact;
    json_t *contacts = json_object_get(result, "contacts");
    int64_t before = run->after;
    json_array_foreach(contacts, i, contact) {
        const char *state = json_string_value(json_object_get(contact, "state"));
        int64_t line = cli_member_number(contact, "line");
        run->after = line > run->after ? line : run->after;
        if (state != NULL && strcmp(state, "set_aside") == 0)
            json_array_append(run->set_aside, contact);
    }
    size_t found = json_array_size(run->set_aside);
    bool all = found >= (size_t)run->set_aside_count || found >= CLI_RUN_KEPT;
    if (all || json_array_size(contacts) == 0 || run->after == before)
        run->phase = CLI_RUN_ENDED;
}

// Nobody carried it out: the orchestrator is not there yet, is just being restarted, or has a
// trouble of its own that may pass. All operations may be repeated.
static void take_refusal(struct cli_run *run, const struct rf_call_reply *reply,
                         struct rf_instant now) {
    const char *code = reply->code != NULL ? reply->code : reply->class;
    const char *operation;
    char text[512], what[64];
    bool passing = strcmp(reply->class, "local") == 0 || strcmp(reply->class, "transient") == 0;
    if (passing && rf_instant_since(now, run->answered).ns < run->patience.ns) {
        snprintf(run->trouble, sizeof run->trouble, "%s", code);
        run->next = rf_instant_add(now, ASK_AGAIN);
        return;
    }
    json_decref(cli_run_request(run, &operation));
    snprintf(what, sizeof what, "campaign %s", operation);
    fail(run, cli_refusal_text(run->phase == CLI_RUN_SETTING ? "--settings" : what, reply, text,
                               sizeof text));
}

void cli_run_reply(struct cli_run *run, const struct rf_call_reply *reply, struct rf_instant now) {
    if (!reply->ok) {
        take_refusal(run, reply, now);
        return;
    }
    run->answered = now;
    run->trouble[0] = '\0';
    // It is there, and may be away for a restart later.
    if (run->patience.ns < PATIENCE_LATER.ns)
        run->patience = PATIENCE_LATER;
    switch (run->phase) {
    case CLI_RUN_SETTING:
        run->settings_changed = json_is_true(json_object_get(reply->result, "changed"));
        run->phase = run->then;
        break;
    case CLI_RUN_LOADING:
        take_loaded(run, reply->result);
        break;
    case CLI_RUN_STARTING:
        run->total = cli_member_number(reply->result, "total");
        snprintf(run->state, sizeof run->state, "%s", cli_member_text(reply->result, "state"));
        snprintf(run->was, sizeof run->was, "%s", cli_member_text(reply->result, "was"));
        enter(run, CLI_RUN_FOLLOWING);
        break;
    case CLI_RUN_FOLLOWING:
        take_status(run, reply->result, now);
        break;
    case CLI_RUN_COLLECTING:
        take_contacts(run, reply->result);
        break;
    case CLI_RUN_ENDED:
        break;
    }
}

bool cli_run_complete(const struct cli_run *run) {
    return run->failure[0] == '\0' && run->refused_count == 0 && run->set_aside_count == 0;
}
