#include "call_request.h"

#include <stdio.h>
#include <string.h>

#include "options.h"

#define DEFAULT_DEADLINE rf_seconds(30)

// The operations of our own gateways. The first of a service is meant when none is named.
static const struct known {
    const char *service, *operation;
    uint64_t needs, may;
    bool repeatable;
} known[] = {
    {"speech", "speak", CLI_TAKES(TEXT), CLI_TAKES(OUT), true},
    {"script", "write", CLI_TAKES(PROMPT), 0, true},
    {"telephony", "", 0, 0, true}, // none is meant unless it is named
    {"telephony", "find_call", CLI_TAKES(TO), CLI_TAKES(SINCE), true},
    {"telephony", "call_status", CLI_TAKES(SID), 0, true},
    {"telephony", "dial", CLI_TAKES(TO) | CLI_TAKES(TEXT), CLI_TAKES(YES_DIAL), false},
};

#define KNOWN_COUNT (sizeof known / sizeof *known)

// Options of every call.
#define COMMON (CLI_TAKES(PARAMS) | CLI_TAKES(DEADLINE) | CLI_TAKES(EXPLAIN) | CLI_TAKES(JSON))

static const char *const option_names[CLI_OWN_COUNT] = {
#define X(id, name, has_value) [CLI_##id] = (name),
    CLI_OWN_OPTIONS(X)
#undef X
};

static bool is_service_of_ours(const char *service) {
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(known[i].service, service) == 0)
            return true;
    return false;
}

// "find_call, call_status or dial"
static void list_operations(const char *service, char *out, size_t size) {
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < KNOWN_COUNT && at < size; i++)
        if (strcmp(known[i].service, service) == 0 && known[i].operation[0] != '\0')
            at += (size_t)snprintf(out + at, size - at, "%s%s", at > 0 ? ", " : "",
                                   known[i].operation);
}

// find-call is find_call: people write the one, the bus has the other.
static void name_operation(const char *word, char *out, size_t size) {
    snprintf(out, size, "%s", word);
    for (char *at = out; *at != '\0'; at++)
        if (*at == '-')
            *at = '_';
}

static const struct known *find_known(const char *service, const char *operation) {
    for (size_t i = 0; i < KNOWN_COUNT; i++)
        if (strcmp(known[i].service, service) == 0 &&
            (operation == NULL || strcmp(known[i].operation, operation) == 0))
            return &known[i];
    return NULL;
}

static enum rf_err choose(const struct cli_options *options, struct cli_call *call,
                          const struct known **which, struct rf_error *error) {
    const char *word = options->count > 1 ? options->arguments[1] : NULL;
    char operations[128];
    call->service = options->arguments[0];
    *which = NULL;
    if (word != NULL && (word[0] == '\0' || strlen(word) >= sizeof call->operation))
        return rf_error_set(error, RF_ERR_INVALID, "OPERATION: 1 to %zu characters expected",
                            sizeof call->operation - 1);
    if (!is_service_of_ours(call->service)) {
        if (word == NULL)
            return rf_error_set(error, RF_ERR_INVALID,
                                "%s is none of speech, script and telephony: name its operation "
                                "too, as in: call %s OPERATION --params JSON",
                                call->service, call->service);
        snprintf(call->operation, sizeof call->operation, "%s", word);
        return RF_OK;
    }
    if (word != NULL)
        name_operation(word, call->operation, sizeof call->operation);
    *which = find_known(call->service, word != NULL ? call->operation : NULL);
    list_operations(call->service, operations, sizeof operations);
    if (*which == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "%s has no operation %s; it has: %s",
                            call->service, word, operations);
    if ((*which)->operation[0] == '\0')
        return rf_error_set(error, RF_ERR_INVALID, "which operation of %s? It has: %s",
                            call->service, operations);
    snprintf(call->operation, sizeof call->operation, "%s", (*which)->operation);
    return RF_OK;
}

static enum rf_err check_options(const struct cli_options *options, const struct cli_call *call,
                                 const struct known *which, struct rf_error *error) {
    uint64_t needs = which != NULL ? which->needs : 0;
    uint64_t takes = COMMON | needs | (which != NULL ? which->may : 0);
    for (int i = 0; i < CLI_OWN_COUNT; i++) {
        uint64_t bit = UINT64_C(1) << i;
        if (options->own[i] != NULL && (takes & bit) == 0)
            return rf_error_set(error, RF_ERR_INVALID, "call %s %s: there is no option --%s",
                                call->service, call->operation, option_names[i]);
        if (options->own[i] == NULL && (needs & bit) != 0)
            return rf_error_set(error, RF_ERR_INVALID, "call %s %s: --%s is missing", call->service,
                                call->operation, option_names[i]);
    }
    if (which != NULL && !which->repeatable && options->own[CLI_YES_DIAL] == NULL)
        return rf_error_set(error, RF_ERR_INVALID,
                            "call %s %s: a real telephone would ring at %s, and the call is paid "
                            "for; if that is meant, add --yes-dial",
                            call->service, call->operation, options->own[CLI_TO]);
    return RF_OK;
}

// ---- parameters ----

static bool put_text(json_t *params, const char *name, const char *value) {
    return value == NULL || json_object_set_new(params, name, json_string(value)) == 0;
}

// Only what XML gives a meaning to needs another form (XML 1.0, section 2.4).
static bool put_twiml(json_t *params, const char *text) {
    char twiml[8192];
    size_t at = (size_t)snprintf(twiml, sizeof twiml, "<Response><Say>");
    for (; *text != '\0' && at + 32 < sizeof twiml; text++) {
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                                            : NULL;
        if (entity != NULL)
            at += (size_t)snprintf(twiml + at, sizeof twiml - at, "%s", entity);
        else
            twiml[at++] = *text;
    }
    snprintf(twiml + at, sizeof twiml - at, "</Say></Response>");
    return *text == '\0' && put_text(params, "twiml", twiml);
}

static enum rf_err put_since(json_t *params, const char *text, struct rf_utc now,
                             struct rf_error *error) {
    struct rf_duration ago;
    if (text == NULL)
        return RF_OK;
    enum rf_err err = cli_duration_read("--since", text, &ago, error);
    if (err != RF_OK)
        return err;
    json_t *after = json_integer(rf_utc_add(now, rf_ns(-ago.ns)).ns);
    return json_object_set_new(params, "created_after", after) == 0
               ? RF_OK
               : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}

static enum rf_err read_params(const char *text, json_t **params, struct rf_error *error) {
    json_error_t where;
    *params = text != NULL ? json_loads(text, JSON_REJECT_DUPLICATES, &where) : json_object();
    if (text != NULL && *params == NULL)
        return rf_error_set(error, RF_ERR_INVALID, "--params: column %d: %s", where.column,
                            where.text);
    if (text != NULL && !json_is_object(*params))
        return rf_error_set(error, RF_ERR_INVALID,
                            "--params: a JSON object expected, such as {\"name\": \"value\"}");
    return *params != NULL ? RF_OK : rf_error_set(error, RF_ERR_NOMEM, "out of memory");
}

static enum rf_err fill_params(const struct cli_options *options, struct rf_utc now,
                               struct cli_call *call, struct rf_error *error) {
    const char *const *own = options->own;
    enum rf_err err = read_params(own[CLI_PARAMS], &call->params, error);
    if (err == RF_OK)
        err = put_since(call->params, own[CLI_SINCE], now, error);
    if (err != RF_OK)
        return err;
    bool said = call->rings ? put_twiml(call->params, own[CLI_TEXT])
                            : put_text(call->params, "text", own[CLI_TEXT]);
    if (!said || !put_text(call->params, "prompt", own[CLI_PROMPT]) ||
        !put_text(call->params, "to", own[CLI_TO]) || !put_text(call->params, "sid", own[CLI_SID]))
        return rf_error_set(error, RF_ERR_INVALID,
                            "a text is too long, or is not UTF-8, or memory has run out");
    return RF_OK;
}

enum rf_err cli_call_read(const struct cli_options *options, struct rf_utc now,
                          struct cli_call *call, struct rf_error *error) {
    const struct known *which;
    const char *deadline = options->own[CLI_DEADLINE];
    *call = (struct cli_call){.deadline = DEFAULT_DEADLINE};
    enum rf_err err = choose(options, call, &which, error);
    if (err == RF_OK)
        err = check_options(options, call, which, error);
    if (err == RF_OK && deadline != NULL)
        err = cli_duration_read("--deadline", deadline, &call->deadline, error);
    if (err != RF_OK)
        return err;
    call->repeatable = which != NULL && which->repeatable;
    call->rings = which != NULL && !which->repeatable;
    return fill_params(options, now, call, error);
}

void cli_call_fini(struct cli_call *call) {
    json_decref(call->params);
    call->params = NULL;
}
