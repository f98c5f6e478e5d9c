// All that the console itself reads of a request: path, query, headers, cookie, body; what is let
// in is let in for a reason that is made again here. The input is a request as text: the words
// {session}, {csrf} and {media} stand for what nobody could guess.
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "access.h"
#include "core.h"
#include "filter.h"
#include "fuzz.h"
#include "given.h"
#include "http/form.h"
#include "recent.h"
#include "told.h"

#define INPUT_MOST 4096
#define COOKIE     "ringfence_18090"
#define URL        "https://console.example.com/callback"
#define HASH       "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "line %d: not %s\n", __LINE__, #condition);                            \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

static struct rf_config_visitor visitors[] = {
    {.name = (char *)"vera", .role = RF_CONSOLE_VIEWER, .token = {.value = (char *)"a-viewer"}},
    {.name = (char *)"otto", .role = RF_CONSOLE_OPERATOR, .token = {.value = (char *)"operator"}},
};
static char *hosts[] = {(char *)"console.example.com"};
static const struct rf_utc now = {INT64_C(1800000000) * RF_NS_PER_S};

// What the words of an input stand for.
struct words {
    char session[CONSOLE_COOKIE_SIZE], csrf[CONSOLE_CSRF_SIZE], media[RF_MEDIA_PATH_SIZE];
};

struct request {
    char *method, *path, *query;
    char *headers[8]; // by the order of names
    char *body;
    size_t body_size;
};

enum { HOST, ORIGIN, SITE, AUTHORIZATION, COOKIES, CSRF, TYPE, PLACE };
static const char *const names[] = {"Host",   "Origin",       "Sec-Fetch-Site", "Authorization",
                                    "Cookie", "X-CSRF-Token", "Content-Type",   "Last-Event-ID"};

static void make_words(struct words *words) {
    struct console_session session;
    struct rf_error error;
    unsigned char nonce[CONSOLE_NONCE_BYTES] = {7};
    console_session_begin(&visitors[1], rf_utc_add(now, rf_seconds(60)), nonce, &session);
    console_session_cookie(&session, words->session);
    console_session_csrf(&session, words->csrf);
    CHECK(rf_media_path("secret", rf_utc_add(now, rf_seconds(60)), HASH, "mp3", words->media,
                        &error) == RF_OK);
}

// The input with its words replaced, and a NUL behind it; a new text.
static char *expand(const uint8_t *data, size_t size, size_t *length) {
    struct words words;
    make_words(&words);
    const struct {
        const char *word, *text;
    } pairs[] = {{"{session}", words.session}, {"{csrf}", words.csrf}, {"{media}", words.media}};
    char *out = malloc(size * 32 + 1);
    CHECK(out != NULL);
    *length = 0;
    for (size_t i = 0; i < size;) {
        const char *text = NULL;
        size_t word = 1;
        for (size_t k = 0; k < sizeof pairs / sizeof *pairs && text == NULL; k++) {
            word = strlen(pairs[k].word);
            if (word <= size - i && memcmp(data + i, pairs[k].word, word) == 0)
                text = pairs[k].text;
        }
        if (text == NULL) {
            out[(*length)++] = (char)data[i++];
            continue;
        }
        memcpy(out + *length, text, strlen(text));
        *length += strlen(text);
        i += word;
    }
    out[*length] = '\0';
    return out;
}

// Cuts the text at the first of `mark`; what stands behind it, or its end.
static char *cut(char *text, const char *mark) {
    char *at = strstr(text, mark);
    if (at == NULL)
        return text + strlen(text);
    *at = '\0';
    return at + strlen(mark);
}

static void read_request(char *text, size_t size, struct request *request) {
    char *head = text, *value;
    request->body = cut(text, "\n\n");
    request->body_size = (size_t)(text + size - request->body);
    char *lines = cut(head, "\n");
    request->method = head;
    request->path = cut(head, " ");
    request->query = cut(request->path, "?");
    (void)rf_form_unescape(request->path);
    while (*lines != '\0') {
        char *line = lines;
        lines = cut(line, "\n");
        value = cut(line, ": ");
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strcasecmp(line, names[i]) == 0)
                request->headers[i] = value;
    }
}

// ---- what is looked at ----

// Why somebody was let in, once more.
static void check_grant(const struct request *request, enum console_need need,
                        const struct console_grant *grant) {
    char value[CONSOLE_COOKIE_SIZE], made[CONSOLE_COOKIE_SIZE], csrf[CONSOLE_CSRF_SIZE];
    const char *shown = request->headers[AUTHORIZATION];
    if (need == CONSOLE_NEED_NOBODY)
        return;
    CHECK(grant->visitor != NULL);
    CHECK(need != CONSOLE_NEED_OPERATOR || grant->visitor->role == RF_CONSOLE_OPERATOR);
    CHECK(grant->by_session == (shown == NULL));
    if (!grant->by_session) {
        CHECK(strncasecmp(shown, "Bearer ", 7) == 0);
        CHECK(strcmp(shown + 7, grant->visitor->token.value) == 0);
        return;
    }
    CHECK(console_cookie_find(request->headers[COOKIES], COOKIE, value, sizeof value));
    CHECK(strcmp(value, console_session_cookie(&grant->session, made)) == 0);
    CHECK(grant->session.expires.ns > now.ns);
    if (strcmp(request->method, "GET") != 0 && strcmp(request->method, "HEAD") != 0)
        CHECK(strcmp(console_session_csrf(&grant->session, csrf), request->headers[CSRF]) == 0);
}

static void look_at_access(const struct request *request) {
    static struct console_guesses guesses;
    struct console_door door = {visitors, 2, hosts, 1, COOKIE, now, {1}, NULL};
    struct console_ask ask = {
        .method = request->method,
        .host = request->headers[HOST],
        .origin = request->headers[ORIGIN],
        .fetch_site = request->headers[SITE],
        .authorization = request->headers[AUTHORIZATION],
        .cookie = request->headers[COOKIES],
        .csrf = request->headers[CSRF],
        .content_type = request->headers[TYPE],
        .has_body = request->body_size > 0,
    };
    struct console_match match;
    struct console_grant grant;
    struct console_refusal refusal = {0};
    bool wrong;
    if (!console_access_here(&ask, &door, &refusal)) {
        CHECK(refusal.status >= 400 && refusal.text != NULL && refusal.code != NULL);
        return;
    }
    CHECK(request->headers[HOST] != NULL);
    if (console_route_find(request->method, request->path, &match) != CONSOLE_FOUND)
        return;
    CHECK(strlen(match.subject) < strlen(request->path));
    if (console_access_who(&ask, &door, match.need, &guesses, &grant, &refusal, &wrong))
        check_grant(request, match.need, &grant);
    else
        CHECK(refusal.status >= 400 && refusal.text != NULL && refusal.code != NULL);
}

static void look_at_path(const struct request *request) {
    struct console_request plain = {request->method, request->path};
    struct console_view view = {true, true, "secret", now};
    struct console_answer answer;
    char attempt[RF_ULID_SIZE];
    if (console_decide(&plain, &view, &answer) && answer.text == NULL)
        CHECK(strcmp(answer.file, HASH ".mp3") == 0);
    if (rf_callback_attempt(request->path, attempt))
        CHECK(strlen(attempt) == RF_ULID_SIZE - 1);
}

static void look_at_place(const char *text) {
    struct rf_journal_place place, again;
    char id[CONSOLE_ID_SIZE];
    if (text == NULL || !console_id_read(text, &place))
        return;
    CHECK(place.n >= 0 && console_id_read(console_id(&place, id), &again));
    CHECK(again.n == place.n && strcmp(again.journal, place.journal) == 0);
}

static void look_at_query(const struct request *request) {
    struct rf_form form;
    struct rf_error error;
    struct console_filter filter;
    int64_t number = -1;
    CHECK(rf_form_parse(&form, request->query) == RF_OK);
    struct console_filter_words words = {
        rf_form_get(&form, "type"), rf_form_get(&form, "severity"), rf_form_get(&form, "campaign"),
        rf_form_get(&form, "contact"), rf_form_get(&form, "service")};
    struct console_facts facts = {.topic = "breaker.opened/elevenlabs", .severity = 2};
    if (console_filter_read(&words, &filter, &error) == RF_OK) {
        for (size_t i = 0; i < filter.prefix_count; i++)
            CHECK(filter.prefixes[i][0] != '\0' && strchr(filter.prefixes[i], ',') == NULL);
        (void)console_filter_passes(&filter, &facts);
    } else {
        CHECK(error.message[0] != '\0');
    }
    look_at_place(rf_form_get(&form, "after"));
    look_at_place(request->headers[PLACE]);
    const char *limit = rf_form_get(&form, "limit");
    if (limit != NULL && console_given_number("limit", limit, 1, 1000, &number, &error) == RF_OK)
        CHECK(number >= 1 && number <= 1000);
    rf_form_fini(&form);
}

static bool is_plain(const char *text) {
    return strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_") ==
           strlen(text);
}

static void look_at_body(const struct request *request) {
    struct rf_error error;
    struct rf_form form;
    struct console_told told;
    const char *name;
    json_t *value, *data,
        *body = console_given_body(request->body, request->body_size, "why for match", &error);
    json_object_foreach(body, name, value)
        CHECK(strcmp(name, "why") == 0 || strcmp(name, "for") == 0 || strcmp(name, "match") == 0);
    CHECK(body != NULL || error.message[0] != '\0');
    json_decref(body);
    // As a callback: signed by whoever has the token, so that what it says is read at all.
    struct rf_secret token = {.value = (char *)"token"};
    CHECK(rf_form_parse(&form, request->body) == RF_OK);
    char *signature = rf_callback_sign("token", URL, form.fields, form.count);
    struct console_post post = {URL, "application/x-www-form-urlencoded", signature, request->body};
    if (console_told_read(&post, &token, 1, &told) == CONSOLE_SIGNED) {
        CHECK(is_plain(told.sid) && is_plain(told.status) && is_plain(told.answered_by));
        data = console_told_data(&told, "01M8JSGFCE06PQAQXMFNT4F85G");
        CHECK(data != NULL);
        json_decref(data);
    }
    post.signature = request->headers[AUTHORIZATION];
    if (post.signature == NULL || strcmp(post.signature, signature) != 0)
        CHECK(console_told_read(&post, &token, 1, &told) == CONSOLE_FORGED);
    rf_form_fini(&form);
    free(signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct request request = {0};
    size_t length;
    if (size > INPUT_MOST)
        return 0;
    char *text = expand(data, size, &length);
    read_request(text, length, &request);
    look_at_access(&request);
    look_at_path(&request);
    look_at_query(&request);
    look_at_body(&request);
    free(text);
    return 0;
}
