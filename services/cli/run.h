// The course of `campaign run`: load page by page, start, follow to the end, collect what was set
// aside; `campaign load` and `campaign start` are a part of it. Pure: replies and time come in, the
// next thing to do goes out.
#ifndef RF_CLI_RUN_H
#define RF_CLI_RUN_H

#include <jansson.h>
#include <stdbool.h>

#include <ringfence/messages.h>
#include <ringfence/time.h>

#define CLI_RUN_PAGE        500 // contacts a call, the most that `load` takes
#define CLI_RUN_KEPT        1000 // refused lines and set-aside contacts that are listed; more are counted
#define CLI_RUN_NO_PRIORITY INT64_MIN
#define CLI_RUN_INTERVAL    rf_ms(500)

enum cli_run_action {
    CLI_RUN_READ, // read a page and give it to cli_run_page
    CLI_RUN_CALL, // call cli_run_request's operation and give the reply to cli_run_reply
    CLI_RUN_WAIT, // ask again after `wait`
    CLI_RUN_END,  // over: `failure` is empty, or says what went wrong
};

enum cli_run_phase {
    CLI_RUN_SETTING, // only by cli_run_settings
    CLI_RUN_LOADING,
    CLI_RUN_STARTING,
    CLI_RUN_FOLLOWING,
    CLI_RUN_COLLECTING,
    CLI_RUN_ENDED,
};

struct cli_run {
    const char *campaign;                 // borrowed
    const char *file;                     // of the contacts, for messages; borrowed
    struct rf_duration patience;          // how long nobody may answer before it fails; once
                                          // somebody has, a minute at least
    enum cli_run_phase phase, last_phase; // the phase behind the last one is the end
    json_t *page;                         // to be loaded; NULL: read one
    bool last_page;                       // no page comes behind it
    const char *settings, *settings_file; // to be given to the campaign; borrowed
    bool settings_changed;                // they were others before
    enum cli_run_phase then;              // the phase behind setting them
    int64_t priority;                     // asked for at the start; CLI_RUN_NO_PRIORITY: as it is
    int64_t added, known, refused_count, set_aside_count;
    bool nobody;                // the list is at its end, and nobody in it can be called: it failed
    int64_t total;              // contacts of the campaign, once it is started
    char state[16], was[16];    // what the campaign is by the last reply, and was before the start
    json_t *refused;            // texts "FILE:LINE: ..."
    json_t *status;             // as `campaign status` gave it last; NULL: not yet
    json_t *set_aside;          // contacts
    int64_t after;              // line up to which contacts were collected
    struct rf_instant answered; // when somebody answered last
    struct rf_instant next;     // not before this
    char trouble[128];          // why nobody answers now; "": somebody does
    char failure[512];
};

// cli_run_init: goes through the phases from `first` to `last`. Everything is given back by
// cli_run_fini. False if out of memory.
bool cli_run_init(struct cli_run *run, enum cli_run_phase first, enum cli_run_phase last,
                  const char *campaign, const char *file, struct rf_duration patience,
                  struct rf_instant now);
void cli_run_fini(struct cli_run *run);

// cli_run_settings: begins with giving the campaign, which is made for it when there is something
// to load, the settings of this text, of `file`. They are wrong: nothing is loaded or started.
void cli_run_settings(struct cli_run *run, const char *text, const char *file);

// cli_run_next: what to do now. `wait` is filled with CLI_RUN_WAIT.
enum cli_run_action cli_run_next(const struct cli_run *run, struct rf_instant now,
                                 struct rf_duration *wait);

// cli_run_page: a page of contacts (taken over) was read; `last` tells that the file is at its end.
void cli_run_page(struct cli_run *run, json_t *page, bool last);

// cli_run_refuse: a line of the file was refused; `text` is "FILE:LINE: ...".
void cli_run_refuse(struct cli_run *run, const char *text);

// cli_run_fail: the file cannot be read on.
void cli_run_fail(struct cli_run *run, const char *text);

// cli_run_request: the operation to call and its parameters, which the caller frees; NULL if out of
// memory.
json_t *cli_run_request(const struct cli_run *run, const char **operation);

// cli_run_reply: the reply to that call.
void cli_run_reply(struct cli_run *run, const struct rf_call_reply *reply, struct rf_instant now);

// cli_run_complete: whether every line was taken and no contact was set aside.
bool cli_run_complete(const struct cli_run *run);

#endif
