// The course of a campaign run, and how it is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "campaign_table.h"
#include "page.h"
#include "progress.h"
#include "run.h"
#include "summary.h"

#define AT(seconds) ((struct rf_instant){(seconds)*RF_NS_PER_S})
#define PATIENCE    rf_seconds(10)

static json_t *json_of(const char *text) {
    json_error_t error;
    json_t *value = json_loads(text, 0, &error);
    if (value == NULL)
        fail_msg("%s: %s", error.text, text);
    return value;
}

static void begin(struct cli_run *run) {
    assert_true(cli_run_init(run, CLI_RUN_LOADING, CLI_RUN_COLLECTING, "spring", "list.csv",
                             PATIENCE, AT(0)));
}

static void reply_ok(struct cli_run *run, const char *result, struct rf_instant now) {
    json_t *value = json_of(result);
    struct rf_call_reply reply = {.id = "x", .ok = true, .class = "ok", .result = value};
    cli_run_reply(run, &reply, now);
    json_decref(value);
}

static void reply_bad(struct cli_run *run, const char *class, const char *code, const char *message,
                      struct rf_instant now) {
    struct rf_call_reply reply = {.id = "x", .class = class, .code = code, .message = message};
    cli_run_reply(run, &reply, now);
}

static enum cli_run_action next(const struct cli_run *run, struct rf_instant now) {
    struct rf_duration wait = {0};
    return cli_run_next(run, now, &wait);
}

// The operation that is called next, with its parameters as compact JSON.
static void assert_calls(const struct cli_run *run, struct rf_instant now, const char *operation,
                         const char *params) {
    const char *called = NULL;
    assert_int_equal(next(run, now), CLI_RUN_CALL);
    json_t *value = cli_run_request(run, &called);
    char *text = json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(called, operation);
    assert_string_equal(text, params);
    free(text);
    json_decref(value);
}

static void load_one_page(struct cli_run *run) {
    cli_run_page(run, json_of("[{\"line\":2}]"), true);
    reply_ok(run, "{\"added\":1,\"known\":0,\"refused\":[]}", AT(0));
}

static void pages_are_loaded_one_by_one_then_it_starts_and_follows(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    assert_int_equal(next(&run, AT(0)), CLI_RUN_READ);
    cli_run_page(&run, json_of("[{\"line\":2},{\"line\":3}]"), false);
    assert_calls(&run, AT(0), "load",
                 "{\"campaign\":\"spring\",\"contacts\":[{\"line\":2},{\"line\":3}]}");
    reply_ok(&run, "{\"added\":2,\"known\":0,\"refused\":[]}", AT(0));
    assert_int_equal(next(&run, AT(0)), CLI_RUN_READ);
    cli_run_page(&run, json_of("[{\"line\":4}]"), true);
    reply_ok(&run,
             "{\"added\":0,\"known\":0,\"refused\":[{\"line\":4,\"reason\":\"do not call\"}]}",
             AT(0));
    assert_int_equal(run.refused_count, 1);
    assert_string_equal(json_string_value(json_array_get(run.refused, 0)),
                        "list.csv:4: do not call");
    assert_calls(&run, AT(0), "start", "{\"campaign\":\"spring\"}");
    reply_ok(&run, "{\"total\":2}", AT(0));
    assert_calls(&run, AT(0), "status", "{\"campaign\":\"spring\"}");
    reply_ok(&run, "{\"campaigns\":[{\"total\":2,\"done\":1,\"finished\":false}]}", AT(1));
    struct rf_duration wait = {0};
    assert_int_equal(cli_run_next(&run, AT(1), &wait), CLI_RUN_WAIT);
    assert_int_equal(wait.ns, 500 * RF_NS_PER_MS);
    assert_calls(&run, rf_instant_add(AT(1), rf_ms(500)), "status", "{\"campaign\":\"spring\"}");
    reply_ok(&run, "{\"campaigns\":[{\"total\":2,\"done\":2,\"finished\":true}]}", AT(2));
    assert_int_equal(next(&run, AT(2)), CLI_RUN_END);
    assert_string_equal(run.failure, "");
    assert_false(cli_run_complete(&run)); // a line was refused
    cli_run_fini(&run);
}

static void an_empty_last_page_is_not_loaded(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    cli_run_page(&run, json_of("[{\"line\":2}]"), false);
    reply_ok(&run, "{\"added\":1,\"known\":0}", AT(0));
    cli_run_page(&run, json_array(), true);
    assert_calls(&run, AT(0), "start", "{\"campaign\":\"spring\"}");
    cli_run_fini(&run);
}

static void a_file_without_contacts_fails(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    cli_run_page(&run, json_array(), true);
    assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
    assert_string_equal(run.failure, "list.csv: there is no contact to call");
    cli_run_fini(&run);
}

static void a_list_for_a_campaign_that_has_ended_is_told_that_it_has(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"finished", "campaign spring has ended: load list.csv into another one"},
        {"cancelled", "campaign spring was cancelled: load list.csv into another one"},
        {"running", "list.csv: there is no contact to call"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_run run;
        char reply[128];
        begin(&run);
        cli_run_page(&run, json_of("[{\"line\":2}]"), true);
        snprintf(reply, sizeof reply,
                 "{\"added\":0,\"known\":0,\"state\":\"%s\","
                 "\"refused\":[{\"line\":2,\"reason\":\"x\"}]}",
                 cases[i][0]);
        reply_ok(&run, reply, AT(0));
        assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
        assert_string_equal(run.failure, cases[i][1]);
        assert_true(run.nobody); // the list was read: its refused lines are in their file
        cli_run_fini(&run);
    }
}

static void an_orchestrator_that_is_not_there_is_asked_again_until_patience_ends(void **state) {
    (void)state;
    struct cli_run run;
    struct rf_duration wait = {0};
    begin(&run);
    cli_run_page(&run, json_of("[{\"line\":2}]"), true);
    reply_bad(&run, "local", "no_worker", NULL, AT(1));
    assert_string_equal(run.trouble, "no_worker");
    assert_int_equal(cli_run_next(&run, AT(1), &wait), CLI_RUN_WAIT);
    assert_int_equal(wait.ns, RF_NS_PER_S);
    assert_calls(&run, AT(2), "load", "{\"campaign\":\"spring\",\"contacts\":[{\"line\":2}]}");
    reply_bad(&run, "transient", NULL, "disk", rf_instant_add(AT(9), rf_ms(999)));
    assert_string_equal(run.trouble, "transient");
    assert_int_equal(next(&run, AT(11)), CLI_RUN_CALL);
    reply_bad(&run, "local", "no_worker", "nobody serves campaign", AT(10));
    assert_int_equal(next(&run, AT(11)), CLI_RUN_END);
    assert_string_equal(run.failure,
                        "campaign load: nobody answers; is ringfence-orchestrator running?");
    cli_run_fini(&run);
}

static void settings_that_are_wrong_are_told_as_those_of_the_option(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    cli_run_settings(&run, "campaign:\n  pac: 1\n", "s.yaml");
    reply_bad(&run, "permanent.invalid", NULL, "s.yaml:2: campaign.pac: unknown key", AT(0));
    assert_string_equal(run.failure, "--settings: s.yaml:2: campaign.pac: unknown key");
    cli_run_fini(&run);
    begin(&run);
    cli_run_settings(&run, "campaign:\n  pace: 1\n", "s.yaml");
    reply_ok(&run, "{\"changed\":true}", AT(0));
    assert_true(run.settings_changed);
    cli_run_fini(&run);
}

static void patience_begins_anew_with_each_answer(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    cli_run_page(&run, json_of("[{\"line\":2}]"), true);
    reply_bad(&run, "local", "no_worker", NULL, AT(9));
    reply_ok(&run, "{\"added\":1,\"known\":0}", AT(10));
    assert_string_equal(run.trouble, "");
    reply_bad(&run, "local", "no_worker", NULL, AT(19));
    assert_int_equal(run.phase, CLI_RUN_STARTING);
    cli_run_fini(&run);
}

// As while it is started anew: what was loaded by then is not sent again for it.
static void
who_has_answered_once_is_waited_for_longer_and_only_its_page_is_sent_again(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    cli_run_page(&run, json_of("[{\"line\":2}]"), false);
    reply_ok(&run, "{\"added\":1,\"known\":0}", AT(0));
    cli_run_page(&run, json_of("[{\"line\":3}]"), true);
    for (int s = 5; s < 60; s += 5) {
        reply_bad(&run, "local", "worker_lost", NULL, AT(s));
        assert_calls(&run, AT(s + 1), "load",
                     "{\"campaign\":\"spring\",\"contacts\":[{\"line\":3}]}");
    }
    reply_ok(&run, "{\"added\":0,\"known\":1}", AT(60));
    assert_int_equal(run.phase, CLI_RUN_STARTING);
    reply_bad(&run, "local", "worker_lost", NULL, AT(119));
    assert_int_equal(run.phase, CLI_RUN_STARTING);
    reply_bad(&run, "local", "worker_lost", NULL, AT(120));
    assert_string_equal(run.failure, "campaign start: worker_lost");
    cli_run_fini(&run);
}

static void a_refusal_that_is_not_local_fails_at_once(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    load_one_page(&run);
    reply_bad(&run, "permanent.invalid", NULL, "the campaign has no contacts", AT(0));
    assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
    assert_string_equal(run.failure, "campaign start: the campaign has no contacts");
    cli_run_fini(&run);
}

static void contacts_set_aside_are_collected_page_by_page(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    load_one_page(&run);
    reply_ok(&run, "{\"total\":3}", AT(0));
    reply_ok(&run, "{\"campaigns\":[{\"total\":3,\"done\":1,\"set_aside\":2,\"finished\":true}]}",
             AT(0));
    assert_calls(&run, AT(0), "contacts", "{\"after\":0,\"campaign\":\"spring\",\"limit\":500}");
    reply_ok(&run,
             "{\"contacts\":[{\"line\":2,\"state\":\"done\"},"
             "{\"line\":3,\"state\":\"set_aside\",\"reason\":\"retries_exhausted\"}]}",
             AT(0));
    assert_calls(&run, AT(0), "contacts", "{\"after\":3,\"campaign\":\"spring\",\"limit\":500}");
    reply_ok(&run, "{\"contacts\":[{\"line\":4,\"state\":\"set_aside\"}]}", AT(0));
    assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
    assert_int_equal(json_array_size(run.set_aside), 2);
    assert_false(cli_run_complete(&run));
    cli_run_fini(&run);
}

static void collecting_ends_when_no_page_brings_more(void **state) {
    (void)state;
    static const char *const pages[] = {"{\"contacts\":[]}", "{}",
                                        "{\"contacts\":[{\"state\":\"done\"}]}"};
    for (size_t i = 0; i < sizeof pages / sizeof pages[0]; i++) {
        struct cli_run run;
        begin(&run);
        load_one_page(&run);
        reply_ok(&run, "{\"total\":1}", AT(0));
        reply_ok(&run, "{\"campaigns\":[{\"set_aside\":1,\"finished\":true}]}", AT(0));
        reply_ok(&run, pages[i], AT(0));
        assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
        cli_run_fini(&run);
    }
}

static void a_reply_that_says_nothing_does_no_harm(void **state) {
    (void)state;
    static const char *const results[] = {
        "{}", "[]", "{\"added\":\"x\",\"refused\":5,\"campaigns\":{},\"contacts\":7}",
        "{\"campaigns\":[5],\"refused\":[1,{}]}"};
    for (size_t i = 0; i < sizeof results / sizeof results[0]; i++) {
        struct cli_run run;
        struct rf_call_reply none = {.id = "x", .ok = true, .class = "ok"};
        begin(&run);
        cli_run_page(&run, json_of("[{\"line\":2}]"), false);
        for (int round = 0; round < 6; round++) {
            if (next(&run, AT(round)) == CLI_RUN_READ)
                cli_run_page(&run, json_of("[{\"line\":3}]"), true);
            if (round == 2)
                run.phase = CLI_RUN_FOLLOWING;
            reply_ok(&run, results[i], AT(round));
            cli_run_reply(&run, &none, AT(round));
        }
        cli_run_fini(&run);
    }
}

// A folder with a list in it, opened as the command line does.
static void open_list(char *folder, const struct cli_options *options, const char *text,
                      struct cli_list *list) {
    char path[128];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/list.csv", folder);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    for (int i = 0; i < 600; i++)
        fprintf(out, "+1303555%04d,N,C\n", i);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(cli_list_open(options, path, list), CLI_OK);
}

// What the file holds; "" if there is none. The file is taken away.
static char *take_file(const char *path, char *out, size_t size) {
    FILE *in = fopen(path, "r");
    size_t got = in != NULL ? fread(out, 1, size - 1, in) : 0;
    out[got] = '\0';
    if (in != NULL)
        (void)fclose(in);
    unlink(path);
    return out;
}

static void take_folder_away(const char *folder) {
    char path[128];
    snprintf(path, sizeof path, "%s/list.csv", folder);
    unlink(path);
    assert_int_equal(rmdir(folder), 0);
}

static void
a_page_holds_the_contacts_and_every_refused_line_is_in_the_file_of_rejects(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-page-XXXXXX", path[128], text[4096];
    const struct cli_options options = {0};
    struct cli_run run;
    struct cli_list list;
    struct rf_error error = {0};
    begin(&run);
    open_list(folder, &options,
              "phone,name,city\n+12025550100,Ada,Paris\nno number,Bo,=1+1\n"
              "+1 (202) 555-0102,\"Cy, C\",+39\n",
              &list);
    cli_page_read(&list, &run);
    assert_int_equal(json_array_size(run.page), CLI_RUN_PAGE);
    assert_false(run.last_page);
    assert_int_equal(run.refused_count, 1);
    char *first = json_dumps(json_array_get(run.page, 0), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(first, "{\"fields\":{\"city\":\"Paris\"},\"line\":2,\"name\":\"Ada\","
                               "\"phone\":\"+12025550100\"}");
    free(first);
    // The orchestrator refuses the contact of line 4.
    static const char refused[] =
        "{\"added\":499,\"known\":0,\"refused\":[{\"line\":4,\"reason\":\"do not call\"}]}";
    json_t *result = json_of(refused);
    cli_page_refused(&list, &run, result);
    json_decref(result);
    reply_ok(&run, refused, AT(0));
    cli_page_read(&list, &run);
    assert_int_equal(json_array_size(run.page), 102);
    assert_true(run.last_page);
    assert_int_equal(cli_list_finish(&list, &error), RF_OK);
    snprintf(path, sizeof path, "%s/list.rejects.csv", folder);
    assert_string_equal(list.rejects_path, path);
    assert_string_equal(take_file(path, text, sizeof text),
                        "line,reason,phone,name,city\r\n"
                        "3,\"phone: \"\"no number\"\" is not a telephone number; write it such as "
                        "+12025550123\",no number,Bo,'=1+1\r\n"
                        "4,do not call,'+1 (202) 555-0102,\"Cy, C\",+39\r\n");
    cli_list_close(&list);
    cli_run_fini(&run);
    take_folder_away(folder);
}

static void without_refused_lines_there_is_no_file_of_rejects_and_an_old_one_goes(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-page-XXXXXX", rejects[128], text[64];
    struct cli_options options = {0};
    struct cli_list list;
    struct rf_error error = {0};
    open_list(folder, &options, "phone,name,city\n", &list);
    snprintf(rejects, sizeof rejects, "%s/list.rejects.csv", folder);
    FILE *old = fopen(rejects, "w");
    assert_non_null(old);
    assert_int_equal(fclose(old), 0);
    assert_int_equal(cli_list_finish(&list, &error), RF_OK);
    assert_int_equal(access(rejects, F_OK), -1);
    cli_list_close(&list);
    // The list itself is never taken for it.
    char path[128];
    snprintf(path, sizeof path, "%s/list.csv", folder);
    options.own[CLI_REJECTS] = path;
    assert_int_equal(cli_list_open(&options, path, &list), CLI_USAGE);
    assert_int_equal(strlen(take_file(path, text, sizeof text)), sizeof text - 1);
    take_folder_away(folder);
}

static void
a_list_that_was_not_read_to_its_end_leaves_an_old_file_of_rejects_as_it_was(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-page-XXXXXX", rejects[128], text[64];
    const struct cli_options options = {0};
    // Before its first page, and with a refused line.
    for (size_t pages = 0; pages < 2; pages++) {
        struct cli_run run;
        struct cli_list list;
        strcpy(folder + sizeof folder - 7, "XXXXXX");
        begin(&run);
        open_list(folder, &options, "phone,name,city\nno number,Bo,Rome\n", &list);
        snprintf(rejects, sizeof rejects, "%s/list.rejects.csv", folder);
        FILE *old = fopen(rejects, "w");
        assert_non_null(old);
        assert_true(fputs("mended by hand", old) >= 0);
        assert_int_equal(fclose(old), 0);
        if (pages > 0)
            cli_page_read(&list, &run);
        cli_list_close(&list);
        assert_string_equal(take_file(rejects, text, sizeof text), "mended by hand");
        cli_run_fini(&run);
        take_folder_away(folder);
    }
}

static void a_file_of_rejects_that_cannot_be_written_ends_the_run(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-page-XXXXXX";
    struct cli_options options = {0};
    struct cli_run run;
    struct cli_list list;
    begin(&run);
    options.own[CLI_REJECTS] = "/tmp/rf-none/rejects.csv";
    open_list(folder, &options, "phone,name,city\nno number,Bo,Rome\n", &list);
    cli_page_read(&list, &run);
    assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
    assert_string_equal(run.failure,
                        "/tmp/rf-none/rejects.csv: cannot be written: No such file or directory; "
                        "--rejects FILE puts the refused lines elsewhere");
    cli_list_close(&list);
    cli_run_fini(&run);
    take_folder_away(folder);
}

static void a_list_is_read_as_the_command_line_says(void **state) {
    (void)state;
    char folder[] = "/tmp/rf-page-XXXXXX";
    struct cli_options options = {.mapped = {"phone=Telefon", "name=Kunde"}, .mapped_count = 2};
    struct cli_run run;
    struct cli_list list;
    options.own[CLI_COUNTRY] = "de";
    options.own[CLI_SEPARATOR] = ";";
    begin(&run);
    open_list(folder, &options, "Kunde;Telefon\nAda;030 1234567\n", &list);
    cli_page_read(&list, &run);
    char *first = json_dumps(json_array_get(run.page, 0), JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(first, "{\"fields\":{},\"line\":2,\"name\":\"Ada\","
                               "\"phone\":\"+49301234567\"}");
    free(first);
    cli_run_fail(&run, "enough");
    cli_list_close(&list);
    cli_run_fini(&run);
    char path[128];
    snprintf(path, sizeof path, "%s/list.csv", folder);
    static const struct {
        enum cli_own option;
        const char *value;
    } wrong[] = {{CLI_COUNTRY, "Germany"}, {CLI_SEPARATOR, "x"}};
    for (size_t i = 0; i < 2; i++) {
        struct cli_options bad = options;
        bad.own[wrong[i].option] = wrong[i].value;
        assert_int_equal(cli_list_open(&bad, path, &list), CLI_USAGE);
    }
    // What nothing uses, and is nearly what is used.
    static const char *const maps[] = {"nmae=Kunde", "phnoe=Telefon", "time_zon=Kunde", "=Kunde",
                                       "Kunde"};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        struct cli_options bad = options;
        bad.mapped[1] = maps[i];
        assert_int_equal(cli_list_open(&bad, path, &list), CLI_USAGE);
    }
    struct cli_options good = options;
    good.mapped[1] = "Time zone=Kunde";
    assert_int_equal(cli_list_open(&good, path, &list), CLI_OK);
    cli_list_close(&list);
    snprintf(path, sizeof path, "%s/list.rejects.csv", folder);
    unlink(path);
    take_folder_away(folder);
}

static void loading_and_starting_can_each_be_the_whole(void **state) {
    (void)state;
    struct cli_run run;
    assert_true(cli_run_init(&run, CLI_RUN_LOADING, CLI_RUN_LOADING, "spring", "list.csv", PATIENCE,
                             AT(0)));
    load_one_page(&run);
    assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
    assert_string_equal(run.failure, "");
    cli_run_fini(&run);
    assert_true(cli_run_init(&run, CLI_RUN_STARTING, CLI_RUN_STARTING, "spring", "list.csv",
                             PATIENCE, AT(0)));
    assert_calls(&run, AT(0), "start", "{\"campaign\":\"spring\"}");
    reply_ok(&run, "{\"total\":7}", AT(0));
    assert_int_equal(next(&run, AT(0)), CLI_RUN_END);
    assert_int_equal(run.total, 7);
    cli_run_fini(&run);
}

static void progress_is_told_in_a_line_and_within_the_width(void **state) {
    (void)state;
    static const struct {
        const char *campaign, *line;
        size_t width;
        const char *bar;
    } cases[] = {
        {"{\"total\":50}", "0 of 50: 0 done", 79,
         "[........................................] 0 of 50: 0 done"},
        {"{\"total\":50,\"done\":20,\"set_aside\":5,\"running\":8,\"waiting\":3,"
         "\"waiting_for\":\"elevenlabs\"}",
         "25 of 50: 20 done, 5 set aside, 8 in progress, 3 waiting for elevenlabs", 100,
         "[#############.............] 25 of 50: 20 done, 5 set aside, 8 in progress, 3 waiting "
         "for "
         "elevenlabs"},
        {"{\"total\":50,\"running\":2,\"waiting\":3,\"new\":45,\"waiting_for\":\"openai\"}",
         "0 of 50: 0 done, 2 in progress, 3 waiting for openai, 45 not begun", 60,
         "[.....] 0 of 50: 0 done, 2 in progress, 3 waiting for openai"},
        // Nobody waits by himself, and all the same nothing is begun.
        {"{\"total\":50,\"running\":2,\"new\":48,\"waiting_for\":\"twilio\","
         "\"waiting_until\":1795852800000000000,\"per_minute\":60,\"left_s\":0}",
         "0 of 50: 0 done, 2 in progress, 48 not begun, waiting for twilio until 2026-11-28 "
         "08:00:00 UTC; 60 a minute",
         20, "0 of 50: 0 done, ..."},
        {"{\"total\":2,\"done\":2}", "2 of 2: 2 done", 27, "[##########] 2 of 2: 2 done"},
        {"{\"total\":2,\"done\":2}", "2 of 2: 2 done", 21, "2 of 2: 2 done"},
        {"{\"total\":2,\"waiting\":2,\"waiting_for\":[\"openai\",\"twilio\"]}",
         "0 of 2: 0 done, 2 waiting for openai, twilio", 20, "0 of 2: 0 done, 2..."},
        // 1795852800 is 2026-11-28 08:00:00 UTC.
        {"{\"total\":9,\"done\":1,\"waiting\":2,\"waiting_for\":\"openai\",\"per_minute\":2.5,"
         "\"waiting_until\":1795852800000000000}",
         "1 of 9: 1 done, 2 waiting for openai until 2026-11-28 08:00:00 UTC; 2.5 a minute", 20,
         "1 of 9: 1 done, 2..."},
        {"{\"total\":90,\"done\":30,\"running\":3,\"per_minute\":20,\"left_s\":720}",
         "30 of 90: 30 done, 3 in progress; 20 a minute, about 12 min left", 20,
         "30 of 90: 30 done..."},
        {"{\"total\":9,\"done\":1,\"waiting\":2,\"waiting_for\":\"openai\",\"state\":\"paused\"}",
         "1 of 9: 1 done, 2 waiting, paused", 20, "1 of 9: 1 done, 2..."},
        {"{\"total\":9,\"done\":1,\"new\":8,\"waiting_for\":\"\",\"behind\":\"spring\"}",
         "1 of 9: 1 done, 8 not begun, behind spring", 30, "1 of 9: 1 done, behind spring"},
        {"{\"total\":0,\"done\":3}", "3 of 0: 3 done", 40,
         "[.......................] 3 of 0: 3 done"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct cli_progress progress;
        struct rf_text line = {0}, bar = {0};
        json_t *campaign = json_of(cases[i].campaign);
        cli_progress_read(campaign, &progress);
        cli_progress_line(&progress, &line);
        assert_string_equal(line.data, cases[i].line);
        cli_progress_bar(&progress, cases[i].width, &bar);
        assert_true(strlen(bar.data) <= cases[i].width);
        assert_string_equal(bar.data, cases[i].bar);
        rf_text_fini(&line);
        rf_text_fini(&bar);
        json_decref(campaign);
    }
}

static void campaigns_are_told_in_a_table(void **state) {
    (void)state;
    struct rf_text text = {0};
    json_t *campaigns = json_of(
        "[{\"name\":\"spring\",\"state\":\"running\",\"priority\":3,\"total\":50,\"done\":20,"
        "\"set_aside\":5,\"running\":8,\"waiting\":3,\"waiting_for\":\"elevenlabs\","
        "\"per_minute\":12.0},"
        "{\"name\":\"june\\n\",\"state\":\"paused\",\"priority\":-10,\"total\":2,\"done\":1},"
        "{\"name\":\"july\",\"state\":\"loading\",\"total\":2}]");
    cli_campaign_table(campaigns, &text);
    assert_string_equal(
        text.data,
        "  campaign  state        priority  ended     set aside  in progress  rate         waiting "
        "for\n"
        "  spring    running      3         25 of 50  5          8            12 a minute  "
        "elevenlabs\n"
        "  june      paused       -10       1 of 2    0          0            -            "
        "campaign resume\n"
        "  july      not started  0         0 of 2    0          0            -            -\n");
    rf_text_fini(&text);
    json_decref(campaigns);
}

static void what_came_of_an_order_is_told(void **state) {
    (void)state;
    static const struct {
        const char *order, *result, *text;
    } cases[] = {
        {"pause",
         "{\"campaign\":\"c\",\"state\":\"paused\",\"was\":\"running\",\"running\":2,"
         "\"new\":7,\"waiting\":1}",
         "campaign c: paused; in progress: 2, in the queue: 8\n"},
        {"resume", "{\"campaign\":\"c\",\"state\":\"running\",\"was\":\"running\"}",
         "campaign c: running already; in progress: 0, in the queue: 0\n"},
        {"cancel",
         "{\"campaign\":\"c\",\"state\":\"cancelled\",\"was\":\"paused\",\"running\":2,"
         "\"new\":7,\"set_aside\":1}",
         "campaign c: cancelled; contacts that are set aside: 8, in progress, which come to their "
         "end: 2\n"},
        {"priority",
         "{\"campaign\":\"c\",\"state\":\"running\",\"was\":\"running\",\"priority\":-4}",
         "campaign c: priority -4, running; in progress: 0, in the queue: 0\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct rf_text text = {0};
        json_t *result = json_of(cases[i].result);
        cli_order_text(cases[i].order, result, &text);
        assert_string_equal(text.data, cases[i].text);
        rf_text_fini(&text);
        json_decref(result);
    }
}

static void a_priority_is_asked_for_at_the_start_alone(void **state) {
    (void)state;
    struct cli_run run;
    const char *operation;
    begin(&run);
    run.phase = CLI_RUN_STARTING;
    json_t *params = cli_run_request(&run, &operation);
    assert_null(json_object_get(params, "priority"));
    json_decref(params);
    run.priority = -3;
    params = cli_run_request(&run, &operation);
    assert_string_equal(operation, "start");
    assert_int_equal(json_integer_value(json_object_get(params, "priority")), -3);
    json_decref(params);
    run.phase = CLI_RUN_FOLLOWING;
    params = cli_run_request(&run, &operation);
    assert_null(json_object_get(params, "priority"));
    json_decref(params);
    cli_run_fini(&run);
}

static void the_summary_names_outcomes_set_aside_contacts_and_refused_lines(void **state) {
    (void)state;
    struct cli_run run;
    struct rf_text text = {0};
    begin(&run);
    run.status = json_of("{\"name\":\"spring\",\"total\":50,\"done\":48,\"set_aside\":2,"
                         "\"finished\":true,\"outcomes\":{\"completed\":45,\"busy\":3},"
                         "\"reasons\":{\"retries_exhausted\":2}}");
    run.set_aside_count = 3;
    json_array_append_new(
        run.set_aside,
        json_of("{\"line\":7,\"phone\":\"+12025550105\",\"name\":\"Ada\",\"step\":\"speech\","
                "\"reason\":\"retries_exhausted\",\"message\":\"503 again\\u001b[2J\"}"));
    cli_run_refuse(&run, "list.csv:9: phone: is empty");
    cli_summary_text(&run, &text);
    assert_string_equal(
        text.data,
        "campaign spring (finished): 50 of 50: 48 done, 2 set aside\n"
        "  outcomes: 45 completed, 3 busy\n"
        "  set aside: 2 retries_exhausted\n"
        "contacts set aside:\n"
        "  list.csv:7: +12025550105 Ada: retries_exhausted at the step speech: 503 again [2J\n"
        "  and 2 more\n"
        "lines refused:\n"
        "  list.csv:9: phone: is empty\n");
    rf_text_fini(&text);
    json_t *json = cli_summary_json(&run, NULL);
    assert_string_equal(json_string_value(json_object_get(json, "campaign")), "spring");
    assert_int_equal(json_integer_value(json_object_get(json, "refused_count")), 1);
    assert_true(json_is_false(json_object_get(json, "complete")));
    assert_int_equal(json_array_size(json_object_get(json, "set_aside")), 1);
    json_decref(json);
    cli_run_fini(&run);
}

static void refused_lines_beyond_the_bound_are_counted(void **state) {
    (void)state;
    struct cli_run run;
    begin(&run);
    for (int i = 0; i < CLI_RUN_KEPT + 5; i++)
        cli_run_refuse(&run, "list.csv:2: x");
    assert_int_equal(json_array_size(run.refused), CLI_RUN_KEPT);
    assert_int_equal(run.refused_count, CLI_RUN_KEPT + 5);
    cli_run_fini(&run);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_are_loaded_one_by_one_then_it_starts_and_follows),
        cmocka_unit_test(an_empty_last_page_is_not_loaded),
        cmocka_unit_test(a_file_without_contacts_fails),
        cmocka_unit_test(a_list_for_a_campaign_that_has_ended_is_told_that_it_has),
        cmocka_unit_test(an_orchestrator_that_is_not_there_is_asked_again_until_patience_ends),
        cmocka_unit_test(settings_that_are_wrong_are_told_as_those_of_the_option),
        cmocka_unit_test(patience_begins_anew_with_each_answer),
        cmocka_unit_test(
            who_has_answered_once_is_waited_for_longer_and_only_its_page_is_sent_again),
        cmocka_unit_test(a_refusal_that_is_not_local_fails_at_once),
        cmocka_unit_test(contacts_set_aside_are_collected_page_by_page),
        cmocka_unit_test(collecting_ends_when_no_page_brings_more),
        cmocka_unit_test(a_reply_that_says_nothing_does_no_harm),
        cmocka_unit_test(
            a_page_holds_the_contacts_and_every_refused_line_is_in_the_file_of_rejects),
        cmocka_unit_test(without_refused_lines_there_is_no_file_of_rejects_and_an_old_one_goes),
        cmocka_unit_test(
            a_list_that_was_not_read_to_its_end_leaves_an_old_file_of_rejects_as_it_was),
        cmocka_unit_test(a_file_of_rejects_that_cannot_be_written_ends_the_run),
        cmocka_unit_test(a_list_is_read_as_the_command_line_says),
        cmocka_unit_test(loading_and_starting_can_each_be_the_whole),
        cmocka_unit_test(progress_is_told_in_a_line_and_within_the_width),
        cmocka_unit_test(campaigns_are_told_in_a_table),
        cmocka_unit_test(what_came_of_an_order_is_told),
        cmocka_unit_test(a_priority_is_asked_for_at_the_start_alone),
        cmocka_unit_test(the_summary_names_outcomes_set_aside_contacts_and_refused_lines),
        cmocka_unit_test(refused_lines_beyond_the_bound_are_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
