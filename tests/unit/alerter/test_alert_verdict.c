#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "verdict.h"

struct row {
    enum rf_http_failure failure;
    long status;
    const char *body;
    enum rf_outcome outcome;
    int64_t wait_s;
};

static void check_shape(enum rf_channel_kind channel, enum rf_config_shape shape,
                        const struct row *rows, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct rf_http_reply reply = {.failure = rows[i].failure,
                                      .status = rows[i].status,
                                      .content_type = "",
                                      .body = rows[i].body,
                                      .body_size = strlen(rows[i].body),
                                      .error_text = "http://host/bot123:SECRET/sendMessage"};
        struct rf_verdict verdict = rf_verdict_of(channel, shape, &reply, rf_ns(0));
        if (verdict.outcome != rows[i].outcome)
            print_error("row %zu: status %ld body %s\n", i, rows[i].status, rows[i].body);
        assert_int_equal(verdict.outcome, rows[i].outcome);
        assert_int_equal(verdict.retry_after.ns, rows[i].wait_s * RF_NS_PER_S);
        assert_null(strstr(verdict.message, "SECRET"));
        assert_null(strpbrk(verdict.message, "\r\n"));
        assert_int_equal(verdict.message[0] == '\0', verdict.outcome == RF_OUTCOME_OK);
    }
}

static void check(enum rf_channel_kind channel, const struct row *rows, size_t count) {
    check_shape(channel, RF_SHAPE_GENERIC, rows, count);
}

static void smtp_codes_mean_what_rfc_5321_says(void **state) {
    (void)state;
    const struct row rows[] = {
        {RF_HTTP_NONE, 250, "", RF_OUTCOME_OK, 0},
        {RF_HTTP_OTHER, 250, "", RF_OUTCOME_TRANSIENT, 0}, // broke after a good command
        {RF_HTTP_OTHER, 421, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_OTHER, 450, "", RF_OUTCOME_TRANSIENT, 0}, // greylisting
        {RF_HTTP_NONE, 451, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_OTHER, 550, "", RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 554, "", RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_OTHER, 535, "", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_OTHER, 530, "", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_CONNECT, 0, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_RESOLVE, 0, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_RESOLVER, 0, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_TIMEOUT, 354, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_CERTIFICATE, 220, "", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_TLS, 250, "", RF_OUTCOME_BARRED, 0}, // offers none
        {RF_HTTP_TLS, 220, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_TLS, 0, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_BROKEN, 0, "", RF_OUTCOME_TRANSIENT, 0},
    };
    check(RF_CHANNEL_EMAIL, rows, sizeof rows / sizeof rows[0]);
}

static void telegram_is_read_by_its_body(void **state) {
    (void)state;
    const struct row rows[] = {
        {RF_HTTP_NONE, 200, "{\"ok\":true,\"result\":{}}", RF_OUTCOME_OK, 0},
        {RF_HTTP_NONE, 200, "<html>captive portal</html>", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 200, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 200, "{\"ok\":false}", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 200, "[1]", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_TRUNCATED, 200, "{\"ok\":true,", RF_OUTCOME_TRANSIENT, 0},
        // incident 36: told to wait, so it waits exactly that
        {RF_HTTP_NONE, 429,
         "{\"ok\":false,\"error_code\":429,\"description\":\"Too Many Requests: retry after 7\","
         "\"parameters\":{\"retry_after\":7}}",
         RF_OUTCOME_LIMITED, 7},
        {RF_HTTP_NONE, 429, "", RF_OUTCOME_LIMITED, 0},
        {RF_HTTP_NONE, 400,
         "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: message text is empty\"}",
         RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 400,
         "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: chat not found\"}",
         RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 400,
         "{\"ok\":false,\"description\":\"x\",\"parameters\":{\"migrate_to_chat_id\":-1001}}",
         RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 401, "{\"ok\":false,\"description\":\"Unauthorized\"}", RF_OUTCOME_BARRED,
         0},
        {RF_HTTP_NONE, 403,
         "{\"ok\":false,\"description\":\"Forbidden: bot was blocked by the user\\r\\nX\"}",
         RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 404, "{\"ok\":false,\"description\":\"Not Found\"}", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 302, "", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 502, "<html>", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_TIMEOUT, 0, "", RF_OUTCOME_TRANSIENT, 0},
    };
    check(RF_CHANNEL_TELEGRAM, rows, sizeof rows / sizeof rows[0]);
}

static struct rf_verdict telegram_verdict(long status, const char *body) {
    struct rf_http_reply reply = {.status = status,
                                  .content_type = "",
                                  .body = body,
                                  .body_size = strlen(body),
                                  .error_text = ""};
    return rf_verdict_of(RF_CHANNEL_TELEGRAM, RF_SHAPE_GENERIC, &reply, rf_ns(0));
}

#define BAD_REQUEST(words)                                                                         \
    "{\"ok\":false,\"error_code\":400,\"description\":\"Bad Request: " words "\"}"

static void what_telegram_took_has_its_number(void **state) {
    (void)state;
    struct rf_verdict verdict =
        telegram_verdict(200, "{\"ok\":true,\"result\":{\"message_id\":9007199254740993}}");
    assert_int_equal(verdict.outcome, RF_OUTCOME_OK);
    assert_string_equal(verdict.remote, "9007199254740993");
    verdict = telegram_verdict(200, "{\"ok\":true,\"result\":true}");
    assert_string_equal(verdict.remote, "");
    verdict = telegram_verdict(400, BAD_REQUEST("message is not modified: specified new message "
                                                "content and reply markup are exactly the same"));
    assert_int_equal(verdict.outcome, RF_OUTCOME_OK);
    assert_string_equal(verdict.message, "");
}

static void each_manner_is_tried_once(void **state) {
    (void)state;
    const struct {
        const char *body;
        enum rf_remedy remedy;
        enum rf_outcome outcome; // when it does not help
    } rows[] = {
        {BAD_REQUEST("can't parse entities: Character '.' is reserved"), RF_REMEDY_PLAIN,
         RF_OUTCOME_REFUSED},
        {BAD_REQUEST("message to edit not found"), RF_REMEDY_ANEW, RF_OUTCOME_REFUSED},
        {BAD_REQUEST("message can't be edited"), RF_REMEDY_ANEW, RF_OUTCOME_REFUSED},
        {"{\"ok\":false,\"description\":\"Bad Request: group chat was upgraded to a supergroup "
         "chat\",\"parameters\":{\"migrate_to_chat_id\":-1001234567890}}",
         RF_REMEDY_CHAT, RF_OUTCOME_BARRED},
        {BAD_REQUEST("message text is empty"), RF_REMEDY_NONE, RF_OUTCOME_REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct rf_manner manner = {0};
        struct rf_verdict verdict = telegram_verdict(400, rows[i].body);
        assert_int_equal(verdict.remedy, rows[i].remedy);
        assert_int_equal(verdict.outcome, rows[i].outcome);
        assert_int_equal(rf_manner_adapt(&manner, &verdict), rows[i].remedy != RF_REMEDY_NONE);
        assert_int_equal(manner.plain, rows[i].remedy == RF_REMEDY_PLAIN);
        assert_int_equal(manner.anew, rows[i].remedy == RF_REMEDY_ANEW);
        assert_string_equal(manner.chat, rows[i].remedy == RF_REMEDY_CHAT ? "-1001234567890" : "");
        assert_false(rf_manner_adapt(&manner, &verdict));
        // Another notice goes to the new chat at once, and in the usual manner.
        rf_manner_reset(&manner);
        assert_false(manner.plain || manner.anew || manner.moved);
        assert_string_equal(manner.chat, rows[i].remedy == RF_REMEDY_CHAT ? "-1001234567890" : "");
    }
}

static void a_webhook_is_taken_by_2xx_only(void **state) {
    (void)state;
    const struct row rows[] = {
        {RF_HTTP_NONE, 200, "", RF_OUTCOME_OK, 0},
        {RF_HTTP_NONE, 204, "", RF_OUTCOME_OK, 0},
        {RF_HTTP_TOO_LARGE, 200, "", RF_OUTCOME_OK, 0}, // it said so in its status line
        {RF_HTTP_NONE, 301, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 400, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 404, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 410, "", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 429, "", RF_OUTCOME_LIMITED, 0},
        {RF_HTTP_NONE, 500, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 502, "", RF_OUTCOME_LIMITED, 0},
        {RF_HTTP_NONE, 503, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_CONNECT, 0, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_CERTIFICATE, 0, "", RF_OUTCOME_BARRED, 0},
    };
    check(RF_CHANNEL_WEBHOOK, rows, sizeof rows / sizeof rows[0]);
}

static void each_service_is_read_by_its_own_words(void **state) {
    (void)state;
    const struct row slack[] = {
        {RF_HTTP_NONE, 200, "ok", RF_OUTCOME_OK, 0},
        {RF_HTTP_NONE, 200, "<html>captive portal</html>", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_NONE, 400, "invalid_payload", RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 400, "invalid_blocks", RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 400, "user_not_found", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 403, "action_prohibited", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 404, "channel_not_found", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 404, "no_service", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 410, "channel_is_archived", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 429, "rate_limited", RF_OUTCOME_LIMITED, 0},
        {RF_HTTP_NONE, 500, "rollup_error", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_TOO_LARGE, 200, "ok", RF_OUTCOME_TRANSIENT, 0},
    };
    const struct row discord[] = {
        {RF_HTTP_NONE, 200, "{\"id\":\"123456789012345678\"}", RF_OUTCOME_OK, 0},
        {RF_HTTP_NONE, 204, "", RF_OUTCOME_OK, 0},
        {RF_HTTP_NONE, 400, "{\"code\":50035,\"message\":\"Invalid Form Body\"}",
         RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 401, "{\"message\":\"Invalid Webhook Token\"}", RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 404, "{\"code\":10015,\"message\":\"Unknown Webhook\"}", RF_OUTCOME_BARRED,
         0},
        {RF_HTTP_NONE, 429, "{\"retry_after\":3.0,\"global\":false}", RF_OUTCOME_LIMITED, 3},
        {RF_HTTP_NONE, 429, "{\"retry_after\":1e300}", RF_OUTCOME_LIMITED, 86400},
        {RF_HTTP_NONE, 429, "error code: 1015", RF_OUTCOME_LIMITED, 0},
        {RF_HTTP_NONE, 502, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_RESOLVE, 0, "", RF_OUTCOME_TRANSIENT, 0},
    };
    const struct row pagerduty[] = {
        {RF_HTTP_NONE, 202, "{\"status\":\"success\",\"dedup_key\":\"k\"}", RF_OUTCOME_OK, 0},
        {RF_HTTP_NONE, 400,
         "{\"status\":\"invalid event\",\"message\":\"Event object is invalid\",\"errors\":"
         "[\"Length of 'routing_key' is incorrect (should be 32 characters)\"]}",
         RF_OUTCOME_BARRED, 0},
        {RF_HTTP_NONE, 400, "{\"errors\":[\"'payload.summary' is missing or blank\"]}",
         RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 400, "", RF_OUTCOME_REFUSED, 0},
        {RF_HTTP_NONE, 429, "", RF_OUTCOME_LIMITED, 0},
        {RF_HTTP_NONE, 500, "", RF_OUTCOME_TRANSIENT, 0},
        {RF_HTTP_CERTIFICATE, 0, "", RF_OUTCOME_BARRED, 0},
    };
    check_shape(RF_CHANNEL_WEBHOOK, RF_SHAPE_SLACK, slack, sizeof slack / sizeof slack[0]);
    check_shape(RF_CHANNEL_WEBHOOK, RF_SHAPE_DISCORD, discord, sizeof discord / sizeof discord[0]);
    check_shape(RF_CHANNEL_WEBHOOK, RF_SHAPE_PAGERDUTY, pagerduty,
                sizeof pagerduty / sizeof pagerduty[0]);
    struct rf_http_reply reply = {
        .status = 200, .body = discord[0].body, .body_size = strlen(discord[0].body)};
    assert_string_equal(
        rf_verdict_of(RF_CHANNEL_WEBHOOK, RF_SHAPE_DISCORD, &reply, rf_ns(0)).remote,
        "123456789012345678");
}

static void the_header_retry_after_is_kept(void **state) {
    (void)state;
    struct rf_http_reply reply = {.status = 503, .content_type = "", .body = "", .error_text = ""};
    struct rf_verdict verdict =
        rf_verdict_of(RF_CHANNEL_WEBHOOK, RF_SHAPE_GENERIC, &reply, rf_seconds(30));
    assert_int_equal(verdict.outcome, RF_OUTCOME_TRANSIENT);
    assert_int_equal(verdict.retry_after.ns, 30 * RF_NS_PER_S);
}

static void says(enum rf_channel_kind kind, enum rf_http_failure failure, long status,
                 const char *body, const char *mend) {
    struct rf_http_reply reply = {.failure = failure,
                                  .status = status,
                                  .content_type = "",
                                  .body = body,
                                  .body_size = strlen(body),
                                  .error_text = ""};
    struct rf_verdict verdict = rf_verdict_of(kind, RF_SHAPE_GENERIC, &reply, rf_ns(0));
    assert_int_equal(verdict.outcome, RF_OUTCOME_BARRED);
    if (strstr(verdict.message, mend) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", verdict.message, mend);
    assert_true(strlen(verdict.message) < RF_VERDICT_MESSAGE_SIZE - 1); // nothing is cut off
}

static void what_bars_a_channel_says_what_to_do(void **state) {
    static const struct {
        int status;
        const char *description, *mend;
    } telegram[] = {
        {400, "Bad Request: not enough rights to send text messages to the chat",
         "chat: let the bot write there"},
        {400, "Bad Request: have no rights to send a message", "let the bot write there"},
        {400, "Bad Request: CHAT_WRITE_FORBIDDEN", "let the bot write there"},
        {400, "Bad Request: need administrator rights in the channel chat",
         "make the bot an administrator there who may post messages"},
        {400, "Bad Request: chat not found", "chat_id is wrong"},
        {400, "Bad Request: TOPIC_CLOSED", "open the topic again"},
        {403, "Forbidden: bot was kicked from the supergroup chat", "add the bot to that group"},
        {403, "Forbidden: bot was blocked by the user", "has to unblock the bot"},
        {403, "Forbidden: bot can't initiate conversation with a user", "write to the bot first"},
        {403, "Forbidden: bot is not a member of the channel chat", "add the bot to that chat"},
        {403, "Forbidden: user is deactivated", "set another chat_id"},
        {401, "Unauthorized", "@BotFather has the right one"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof telegram / sizeof telegram[0]; i++) {
        char body[256];
        snprintf(body, sizeof body, "{\"ok\":false,\"error_code\":%d,\"description\":\"%s\"}",
                 telegram[i].status, telegram[i].description);
        says(RF_CHANNEL_TELEGRAM, RF_HTTP_NONE, telegram[i].status, body, telegram[i].mend);
    }
    says(RF_CHANNEL_EMAIL, RF_HTTP_LOGIN, 250, "", "take out user and password");
    says(RF_CHANNEL_EMAIL, RF_HTTP_NONE, 530, "", "530: it wants a login: set user and password");
    says(RF_CHANNEL_EMAIL, RF_HTTP_NONE, 534, "", "made for one application");
    says(RF_CHANNEL_EMAIL, RF_HTTP_NONE, 535, "", "user or password is wrong");
    says(RF_CHANNEL_EMAIL, RF_HTTP_NONE, 538, "", "set require_tls");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bars_a_channel_says_what_to_do),
        cmocka_unit_test(smtp_codes_mean_what_rfc_5321_says),
        cmocka_unit_test(telegram_is_read_by_its_body),
        cmocka_unit_test(what_telegram_took_has_its_number),
        cmocka_unit_test(each_manner_is_tried_once),
        cmocka_unit_test(a_webhook_is_taken_by_2xx_only),
        cmocka_unit_test(each_service_is_read_by_its_own_words),
        cmocka_unit_test(the_header_retry_after_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
