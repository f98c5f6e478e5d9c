// Who may do what at the console, and what a hostile page, name or guesser is told.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "access.h"

#define HOST   "127.0.0.1:18090"
#define VIEW   "viewer-token-of-24-chars"
#define ACT    "operator-token-of-26-chars"
#define COOKIE "ringfence_18090"

static struct rf_config_visitor visitors[] = {
    {.name = (char *)"vera", .role = RF_CONSOLE_VIEWER, .token = {.value = (char *)VIEW}},
    {.name = (char *)"otto", .role = RF_CONSOLE_OPERATOR, .token = {.value = (char *)ACT}},
};
static char *hosts[] = {(char *)"console.example.com"};
#define NOW                                                                                        \
    { 1800000000 * RF_NS_PER_S }
static const struct rf_utc now = NOW;
static const unsigned char nonce[CONSOLE_NONCE_BYTES] = {1, 2, 3};
static const struct console_door door = {visitors, 2, hosts, 1, COOKIE, NOW, {1}, NULL};

static const struct console_ask get = {.method = "GET", .host = HOST, .peer = {[15] = 1}};
static const struct console_ask post = {.method = "POST",
                                        .host = HOST,
                                        .content_type = "application/json",
                                        .has_body = true,
                                        .peer = {[15] = 1}};

// Whether it is let in; the status of the refusal else.
static unsigned asked(const struct console_ask *ask, enum console_need need) {
    struct console_refusal refusal = {0};
    struct console_guesses guesses = {0};
    struct console_grant grant;
    bool wrong;
    if (!console_access_here(ask, &door, &refusal))
        return refusal.status;
    if (!console_access_who(ask, &door, need, &guesses, &grant, &refusal, &wrong))
        return refusal.status;
    return 200;
}

static struct console_session session_of(size_t visitor) {
    struct console_session session;
    console_session_begin(&visitors[visitor], rf_utc_add(now, rf_seconds(60)), nonce, &session);
    return session;
}

static char *cookie_of(const struct console_session *session, char out[512]) {
    char value[CONSOLE_COOKIE_SIZE];
    snprintf(out, 512, "theme=dark; " COOKIE "=%s; x=y", console_session_cookie(session, value));
    return out;
}

static void a_name_that_is_not_ours_is_misdirected(void **state) {
    (void)state;
    static const char *const bad[] = {"evil.example",
                                      "evil.example:18090",
                                      "localhost.evil.example",
                                      "",
                                      "[::1",
                                      "127.0.0.1:x",
                                      "127.0.0.1.evil.example",
                                      ":80",
                                      "[localhost]",
                                      "console.example.com.",
                                      "1.2.3",
                                      "a b"};
    static const char *const good[] = {"127.0.0.1",
                                       "127.0.0.1:18090",
                                       "localhost:1",
                                       "LOCALHOST",
                                       "[::1]",
                                       "[::1]:18090",
                                       "console.example.com",
                                       "CONSOLE.example.com:443",
                                       "192.168.7.1:18090"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct console_ask ask = get;
        ask.host = bad[i];
        if (asked(&ask, CONSOLE_NEED_NOBODY) != 421)
            fail_msg("\"%s\" is taken for ours", bad[i]);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct console_ask ask = get;
        ask.host = good[i];
        if (asked(&ask, CONSOLE_NEED_NOBODY) != 200)
            fail_msg("\"%s\" is not taken for ours", good[i]);
    }
    struct console_ask none = get;
    none.host = NULL;
    assert_int_equal(asked(&none, CONSOLE_NEED_NOBODY), 421);
}

static void a_bearer_may_what_his_role_may(void **state) {
    (void)state;
    static const struct {
        const char *authorization;
        enum console_need need;
        unsigned status;
    } cases[] = {
        {NULL, CONSOLE_NEED_NOBODY, 200},
        {NULL, CONSOLE_NEED_VIEWER, 401},
        {"Bearer " VIEW, CONSOLE_NEED_VIEWER, 200},
        {"bearer " VIEW, CONSOLE_NEED_VIEWER, 200},
        {"Bearer " VIEW, CONSOLE_NEED_OPERATOR, 403},
        {"Bearer " ACT, CONSOLE_NEED_OPERATOR, 200},
        {"Bearer " ACT "x", CONSOLE_NEED_VIEWER, 401},
        {"Bearer ", CONSOLE_NEED_VIEWER, 401},
        {"Bearer", CONSOLE_NEED_VIEWER, 401},
        {"Basic " ACT, CONSOLE_NEED_VIEWER, 401},
        {ACT, CONSOLE_NEED_VIEWER, 401},
        {"", CONSOLE_NEED_VIEWER, 401},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct console_ask ask = post;
        ask.authorization = cases[i].authorization;
        unsigned status = asked(&ask, cases[i].need);
        if (status != cases[i].status)
            fail_msg("%s: %u", cases[i].authorization, status);
    }
}

static void a_session_acts_only_with_its_csrf_token_and_from_its_own_page(void **state) {
    (void)state;
    char cookie[512], csrf[CONSOLE_CSRF_SIZE], other[CONSOLE_CSRF_SIZE];
    struct console_session session = session_of(1), vera = session_of(0);
    struct console_ask ask = post;
    ask.cookie = cookie_of(&session, cookie);
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 403);
    ask.csrf = console_session_csrf(&vera, other);
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 403);
    ask.csrf = console_session_csrf(&session, csrf);
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 200);
    ask.fetch_site = "same-origin";
    ask.origin = "http://" HOST;
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 200);
    ask.fetch_site = "same-site"; // another port of this host
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 403);
    ask.fetch_site = NULL;
    static const char *const origins[] = {"http://127.0.0.1:3000",
                                          "https://evil.example",
                                          "null",
                                          "http://" HOST ".evil.example",
                                          "",
                                          "file://"};
    for (size_t i = 0; i < sizeof origins / sizeof *origins; i++) {
        ask.origin = origins[i];
        assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 403);
    }
    // Reading needs no CSRF token, as no other page gets to see the answer, but no foreign page's
    // request is answered by a cookie either.
    struct console_ask look = get;
    look.cookie = cookie;
    assert_int_equal(asked(&look, CONSOLE_NEED_VIEWER), 200);
    look.fetch_site = "cross-site";
    assert_int_equal(asked(&look, CONSOLE_NEED_VIEWER), 403);
    look.fetch_site = "none";
    assert_int_equal(asked(&look, CONSOLE_NEED_VIEWER), 200);
}

static void a_body_is_json_or_refused(void **state) {
    (void)state;
    static const char *const bad[] = {NULL, "text/plain", "application/x-www-form-urlencoded",
                                      "application/jsonx", ""};
    struct console_ask ask = post;
    ask.authorization = "Bearer " ACT;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ask.content_type = bad[i];
        assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 415);
    }
    ask.content_type = "Application/JSON; charset=utf-8";
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 200);
    ask.content_type = NULL;
    ask.has_body = false;
    assert_int_equal(asked(&ask, CONSOLE_NEED_OPERATOR), 200);
}

static void a_cookie_that_was_altered_is_none(void **state) {
    (void)state;
    char value[CONSOLE_COOKIE_SIZE];
    struct console_session session = session_of(0), read;
    console_session_cookie(&session, value);
    assert_true(console_session_read(value, visitors, 2, now, &read));
    assert_ptr_equal(read.visitor, &visitors[0]);
    assert_int_equal(read.expires.ns, session.expires.ns);
    assert_string_equal(read.nonce, session.nonce);
    for (size_t i = 0; value[i] != '\0'; i++) { // each character, one after the other
        char altered[CONSOLE_COOKIE_SIZE];
        memcpy(altered, value, sizeof altered);
        altered[i] = altered[i] == '1' ? '2' : '1';
        if (console_session_read(altered, visitors, 2, now, &read))
            fail_msg("altered at %zu: %s", i, altered);
        altered[i] = '\0';
        assert_false(console_session_read(altered, visitors, 2, now, &read));
    }
    static const char *const bad[] = {"", "~", "~~~", "vera~~~", "vera~1900000000~00~00", "vera"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(console_session_read(bad[i], visitors, 2, now, &read));
}

static void a_session_ends_with_its_time_its_token_and_its_role(void **state) {
    (void)state;
    char value[CONSOLE_COOKIE_SIZE];
    struct console_session session = session_of(0), read;
    console_session_cookie(&session, value);
    struct rf_utc last = rf_utc_add(session.expires, rf_ns(-1));
    assert_true(console_session_read(value, visitors, 2, last, &read));
    assert_false(console_session_read(value, visitors, 2, session.expires, &read));
    struct rf_config_visitor changed = visitors[0];
    assert_true(console_session_read(value, &changed, 1, now, &read));
    changed.role = RF_CONSOLE_OPERATOR;
    assert_false(console_session_read(value, &changed, 1, now, &read));
    changed.role = RF_CONSOLE_VIEWER;
    changed.token.value = (char *)"another-token-of-24-chars";
    assert_false(console_session_read(value, &changed, 1, now, &read));
    assert_false(console_session_read(value, visitors + 1, 1, now, &read));
}

static void a_cookie_is_found_among_others_by_its_whole_name(void **state) {
    (void)state;
    static const struct {
        const char *header, *value;
    } cases[] = {{"a=1; n=2", "2"},    {"n=2;a=1", "2"},  {"nn=1; n=2", "2"}, {"n=", ""},
                 {"xn=1", NULL},       {"n", NULL},       {"", NULL},         {NULL, NULL},
                 {"n=12345678", NULL}, {"n=1; n=2", "1"}, {";;; n=3;", "3"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char out[8];
        bool found = console_cookie_find(cases[i].header, "n", out, sizeof out);
        assert_int_equal(found, cases[i].value != NULL);
        if (found)
            assert_string_equal(out, cases[i].value);
    }
}

static void who_guesses_is_not_looked_at_for_a_while(void **state) {
    (void)state;
    struct console_guesses guesses = {0};
    struct rf_instant at = {1};
    struct console_door of = door;
    struct console_refusal refusal = {0};
    unsigned char peer[16] = {[10] = 0xff, 0xff, 10, 0, 0, 1};
    unsigned char other[16] = {[10] = 0xff, 0xff, 10, 0, 0, 2};
    bool wrong;
    of.at = at;
    for (int i = 0; i < CONSOLE_GUESSES_AT_ONCE; i++) {
        assert_null(console_access_token(&of, "guess", peer, &guesses, &refusal, &wrong));
        assert_true(wrong);
        assert_int_equal(refusal.status, 401);
        console_guesses_wrong(&guesses, peer, at);
    }
    // Now the right one neither, and it is not counted any more.
    assert_null(console_access_token(&of, ACT, peer, &guesses, &refusal, &wrong));
    assert_false(wrong);
    assert_int_equal(refusal.status, 429);
    assert_int_equal(refusal.wait.ns, CONSOLE_GUESS_EVERY.ns);
    assert_non_null(console_access_token(&of, ACT, other, &guesses, &refusal, &wrong));
    of.at = rf_instant_add(at, rf_ns(CONSOLE_GUESS_EVERY.ns - 1));
    assert_null(console_access_token(&of, ACT, peer, &guesses, &refusal, &wrong));
    of.at = rf_instant_add(at, CONSOLE_GUESS_EVERY);
    assert_non_null(console_access_token(&of, ACT, peer, &guesses, &refusal, &wrong));
    // A session that was begun before goes on all the while.
    char cookie[512];
    struct console_session session = session_of(1);
    struct console_ask look = get;
    struct console_grant grant;
    look.cookie = cookie_of(&session, cookie);
    memcpy(look.peer, peer, sizeof peer);
    assert_true(
        console_access_who(&look, &door, CONSOLE_NEED_VIEWER, &guesses, &grant, &refusal, &wrong));
}

static void addresses_of_one_network_are_one_and_too_many_are_forgotten(void **state) {
    (void)state;
    struct console_guesses guesses = {0};
    struct rf_instant at = {1};
    unsigned char one[16] = {0x20, 1, 0xd, 0xb8, [15] = 1},
                  two[16] = {0x20, 1, 0xd, 0xb8, [15] = 2};
    for (int i = 0; i < CONSOLE_GUESSES_AT_ONCE; i++)
        console_guesses_wrong(&guesses, i % 2 == 0 ? one : two, at);
    assert_true(console_guesses_wait(&guesses, one, at).ns > 0);
    assert_true(console_guesses_wait(&guesses, two, at).ns > 0);
    // Each of these guesses once: whoever guessed most is remembered longest.
    for (unsigned i = 0; i < 3 * CONSOLE_GUESSERS; i++) {
        unsigned char peer[16] = {[10] = 0xff,     0xff, 10, 0, (unsigned char)(i >> 8),
                                  (unsigned char)i};
        console_guesses_wrong(&guesses, peer, at);
    }
    assert_true(console_guesses_wait(&guesses, one, at).ns > 0);
}

static void paths_lead_where_they_should(void **state) {
    (void)state;
    static const struct {
        const char *method, *path;
        enum console_found found;
        int route;
        const char *subject;
        enum console_need need;
    } cases[] = {
        {"GET", "/api/v1/overview", CONSOLE_FOUND, CONSOLE_ROUTE_OVERVIEW, "", CONSOLE_NEED_VIEWER},
        {"HEAD", "/metrics", CONSOLE_FOUND, CONSOLE_ROUTE_METRICS, "", CONSOLE_NEED_VIEWER},
        {"POST", "/api/v1/session", CONSOLE_FOUND, CONSOLE_ROUTE_LOGIN, "", CONSOLE_NEED_NOBODY},
        {"POST", "/api/v1/campaigns/spring/pause", CONSOLE_FOUND, CONSOLE_ROUTE_PAUSE, "spring",
         CONSOLE_NEED_OPERATOR},
        {"POST", "/api/v1/campaigns/a/b/pause", CONSOLE_FOUND, CONSOLE_ROUTE_PAUSE, "a/b",
         CONSOLE_NEED_OPERATOR},
        {"POST", "/api/v1/campaigns/pause/resume", CONSOLE_FOUND, CONSOLE_ROUTE_RESUME, "pause",
         CONSOLE_NEED_OPERATOR},
        {"DELETE", "/api/v1/silences/01X", CONSOLE_FOUND, CONSOLE_ROUTE_UNSILENCE, "01X",
         CONSOLE_NEED_OPERATOR},
        {"GET", "/api/v1/contacts/+12025550100/timeline", CONSOLE_FOUND, CONSOLE_ROUTE_TIMELINE,
         "+12025550100", CONSOLE_NEED_VIEWER},
        {"POST", "/api/v1/breakers/twilio/force-open", CONSOLE_FOUND, CONSOLE_ROUTE_FORCE_OPEN,
         "twilio", CONSOLE_NEED_OPERATOR},
        {"GET", "/api/v1/campaigns/spring/pause", CONSOLE_NO_METHOD, -1, "", 0},
        {"PUT", "/api/v1/overview", CONSOLE_NO_METHOD, -1, "", 0},
        {"HEAD", "/api/v1/silences/01X", CONSOLE_NO_METHOD, -1, "", 0},
        {"POST", "/api/v1/campaigns//pause", CONSOLE_NO_PATH, -1, "", 0},
        {"POST", "/api/v1/campaigns/pause", CONSOLE_NO_PATH, -1, "", 0},
        {"GET", "/api/v1/overview/", CONSOLE_NO_PATH, -1, "", 0},
        {"GET", "/API/v1/overview", CONSOLE_NO_PATH, -1, "", 0},
        {"GET", "/api/v1/../v1/overview", CONSOLE_NO_PATH, -1, "", 0},
        {"GET", "", CONSOLE_NO_PATH, -1, "", 0},
        {"GET", "/", CONSOLE_NO_PATH, -1, "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct console_match match;
        enum console_found found = console_route_find(cases[i].method, cases[i].path, &match);
        if (found != cases[i].found || strcmp(match.subject, cases[i].subject) != 0 ||
            (found == CONSOLE_FOUND &&
             ((int)match.route != cases[i].route || match.need != cases[i].need)))
            fail_msg("%s %s", cases[i].method, cases[i].path);
    }
    char path[600] = "/api/v1/alerts/";
    memset(path + strlen(path), 'a', 500);
    struct console_match match;
    assert_int_equal(console_route_find("GET", path, &match), CONSOLE_NO_PATH);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_that_is_not_ours_is_misdirected),
        cmocka_unit_test(a_bearer_may_what_his_role_may),
        cmocka_unit_test(a_session_acts_only_with_its_csrf_token_and_from_its_own_page),
        cmocka_unit_test(a_body_is_json_or_refused),
        cmocka_unit_test(a_cookie_that_was_altered_is_none),
        cmocka_unit_test(a_session_ends_with_its_time_its_token_and_its_role),
        cmocka_unit_test(a_cookie_is_found_among_others_by_its_whole_name),
        cmocka_unit_test(who_guesses_is_not_looked_at_for_a_while),
        cmocka_unit_test(addresses_of_one_network_are_one_and_too_many_are_forgotten),
        cmocka_unit_test(paths_lead_where_they_should),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
