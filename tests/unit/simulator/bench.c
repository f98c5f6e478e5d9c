#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "bench.h"

int bench_setup(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    struct sim_options options = {
        .calls = {.cps = 10,
                  .ring = rf_seconds(2),
                  .talk = rf_seconds(5),
                  .fetch_media = true,
                  .seed = 1},
        .list_lag = rf_seconds(1),
        .latency = rf_ms(20),
        .seed = 1,
    };
    sim_init(&bench->sim, &options);
    bench->now.ns = SIM_START_NS;
    *state = bench;
    return 0;
}

static void forget_reply(struct bench *bench) {
    sim_reply_fini(&bench->outcome.reply);
    json_decref(bench->json);
    bench->json = NULL;
}

int bench_teardown(void **state) {
    struct bench *bench = *state;
    forget_reply(bench);
    sim_fini(&bench->sim);
    free(bench);
    return 0;
}

void bench_wait(struct bench *bench, struct rf_duration wait) {
    bench->now = rf_utc_add(bench->now, wait);
}

// Splits "name<separator>value<end>..." in place.
static size_t split(char *text, const char *separator, const char *end, struct sim_pair *pairs) {
    size_t count = 0;
    for (char *item; (item = strsep(&text, end)) != NULL && count < 32;) {
        char *value = strstr(item, separator);
        if (value == NULL)
            continue;
        *value = '\0';
        pairs[count++] = (struct sim_pair){item, value + strlen(separator)};
    }
    return count;
}

unsigned bench_ask(struct bench *bench, const char *method, const char *target, const char *headers,
                   const char *body) {
    struct sim_pair header_pairs[32], query_pairs[32];
    char *path = strdup(target), *lines = strdup(headers == NULL ? "" : headers);
    assert_non_null(path);
    assert_non_null(lines);
    char *query = strchr(path, '?');
    if (query != NULL)
        *query++ = '\0';
    struct sim_request request = {.method = method,
                                  .path = path,
                                  .headers = header_pairs,
                                  .queries = query_pairs,
                                  .body = body == NULL ? "" : body,
                                  .waited = bench->waited};
    request.body_size = strlen(request.body);
    request.header_count = split(lines, ": ", "\n", header_pairs);
    request.query_count = query == NULL ? 0 : split(query, "=", "&", query_pairs);
    const char *basic = sim_request_header(&request, "authorization");
    if (basic != NULL && strncmp(basic, "Basic ", 6) == 0) {
        char *user = (char *)basic + 6, *password = strchr(user, ':');
        *password++ = '\0';
        request.user = user;
        request.password = password;
    }
    forget_reply(bench);
    sim_handle(&bench->sim, &request, bench->now, &bench->outcome);
    const struct sim_reply *reply = &bench->outcome.reply;
    if (reply->body != NULL)
        bench->json = json_loadb(reply->body, reply->size, 0, NULL);
    free(path);
    free(lines);
    return reply->status;
}

static const json_t *value_at(const struct bench *bench, const char *path) {
    const json_t *value = bench->json;
    char *copy = strdup(path), *rest = copy;
    for (char *step; value != NULL && (step = strsep(&rest, ".")) != NULL;)
        value = json_is_array(value) ? json_array_get(value, strtoul(step, NULL, 10))
                                     : json_object_get(value, step);
    free(copy);
    return value;
}

const char *bench_text(const struct bench *bench, const char *path) {
    const json_t *value = value_at(bench, path);
    return json_is_string(value) ? json_string_value(value) : "";
}

long bench_number(const struct bench *bench, const char *path) {
    const json_t *value = value_at(bench, path);
    if (json_is_array(value))
        return (long)json_array_size(value);
    return json_is_integer(value) ? (long)json_integer_value(value) : -1;
}

const char *bench_header(const struct bench *bench, const char *name) {
    const struct sim_reply *reply = &bench->outcome.reply;
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcasecmp(reply->headers[i].name, name) == 0)
            return reply->headers[i].value;
    return NULL;
}

long bench_count(struct bench *bench, const char *list) {
    assert_int_equal(bench_ask(bench, "GET", "/admin/ledger", NULL, NULL), 200);
    return bench_number(bench, list);
}

void bench_faults(struct bench *bench, const char *faults) {
    char *body;
    assert_true(asprintf(&body, "{\"faults\": [%s]}", faults) > 0);
    if (bench_ask(bench, "PUT", "/admin/faults", NULL, body) != 200)
        fail_msg("%s", bench_text(bench, "error"));
    free(body);
}
