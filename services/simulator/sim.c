#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "http/form.h"

#define CHARACTERS_LIMIT 10000000
#define BALANCE_CENTS    1000000
#define DRIP_PIECES      20
#define DRIP_PAUSE_MS    100

static const struct sim_face *const faces[] = {
    &sim_elevenlabs, &sim_openai, &sim_anthropic, &sim_twilio,
    &sim_telegram,   &sim_sheets, &sim_google,    &sim_webhook,
};

void sim_init(struct sim *sim, const struct sim_options *options) {
    *sim = (struct sim){
        .options = *options, .characters_limit = CHARACTERS_LIMIT, .balance_cents = BALANCE_CENTS};
    sim->calls.options = options->calls;
}

void sim_fini(struct sim *sim) {
    sim_faults_fini(&sim->faults);
    sim_keys_fini(&sim->keys);
    sim_ledger_fini(&sim->ledger);
    sim_calls_fini(&sim->calls);
    sim_grids_fini(&sim->grids);
    sim_tokens_fini(&sim->tokens);
    json_decref(sim->chats);
    json_decref(sim->clocks);
    sim->chats = sim->clocks = NULL;
}

void sim_request_id(const struct sim *sim, const char *prefix, char out[64]) {
    struct rf_rng rng = {sim->options.seed ^ sim->requests << 20};
    snprintf(out, 64, "%s%016llx", prefix, (unsigned long long)rf_rng_next(&rng));
}

// "/twilio/2010-04-01/..." is of the face "twilio", and its own path begins with the second slash.
static const char *path_under(const char *path, const char *name) {
    size_t length = strlen(name);
    if (path[0] != '/' || strncmp(path + 1, name, length) != 0)
        return NULL;
    const char *rest = path + 1 + length;
    if (rest[0] == '\0')
        return "/";
    return rest[0] == '/' ? rest : NULL;
}

static const struct sim_face *find_face(const char *path, const char **face_path) {
    for (size_t i = 0; i < sizeof faces / sizeof faces[0]; i++) {
        *face_path = path_under(path, faces[i]->name);
        if (*face_path != NULL)
            return faces[i];
    }
    return NULL;
}

// ---- what the faults are matched against ----

struct description {
    struct sim_facts facts;
    struct rf_form form;
    char *decoded;
    char key[SIM_KEY_SIZE];
};

// The telephone number that the request is about, as To or by the call's sid.
static const char *number_of(const struct sim *sim, const struct sim_request *request,
                             const struct rf_form *form, const char *path) {
    const char *to = rf_form_get(form, "To");
    if (to == NULL)
        to = sim_request_query(request, "To");
    const char *calls = to == NULL ? strstr(path, "/Calls/") : NULL;
    if (calls == NULL)
        return to;
    char sid[SIM_SID_SIZE];
    snprintf(sid, sizeof sid, "%.34s", calls + strlen("/Calls/"));
    const struct sim_call *call = sim_calls_find(&sim->calls, sid);
    return call == NULL ? NULL : call->to;
}

static enum rf_err describe(const struct sim *sim, const struct sim_face *face,
                            const struct sim_request *request, const char *path,
                            struct description *out) {
    *out = (struct description){0};
    enum rf_err result = sim_request_form(request, &out->form);
    if (result != RF_OK)
        return result;
    out->facts = (struct sim_facts){
        .provider = face->name,
        .method = request->method,
        .path = request->path,
        .face_path = path,
        .number = number_of(sim, request, &out->form, path),
        .key = face->key == NULL ? NULL : face->key(sim, request, path, out->key),
        .body = request->body,
    };
    if (out->form.count > 0) {
        out->decoded = strdup(request->body);
        if (out->decoded != NULL)
            rf_form_decode(out->decoded);
        out->facts.decoded_body = out->decoded;
    }
    return RF_OK;
}

static void description_fini(struct description *description) {
    rf_form_fini(&description->form);
    free(description->decoded);
}

// ---- what a fault makes of the reply ----

static void add_headers(const struct sim_fault *fault, struct sim_reply *reply) {
    const char *name;
    json_t *value;
    json_object_foreach(fault->headers, name, value) {
        if (strcasecmp(name, "content-type") == 0)
            snprintf(reply->content_type, sizeof reply->content_type, "%s",
                     json_string_value(value));
        else
            sim_reply_header(reply, name, "%s", json_string_value(value));
    }
}

static void replace(struct sim *sim, const struct sim_face *face, const struct sim_fault *fault,
                    struct sim_reply *reply) {
    static const char page[] = "<!DOCTYPE html>\n<html><head><title>Welcome</title></head>"
                               "<body><h1>Sign in to the network</h1></body></html>\n";
    unsigned status = fault->status != 0 ? fault->status : reply->status != 0 ? reply->status : 200;
    if (fault->kind == SIM_FAULT_EMPTY)
        sim_reply_text(reply, status, reply->content_type[0] != '\0' ? "application/json" : NULL,
                       "");
    else if (fault->body != NULL)
        sim_reply_text(reply, status,
                       fault->body_json                      ? "application/json"
                       : fault->kind == SIM_FAULT_WRONG_TYPE ? "text/html"
                                                             : "text/plain",
                       fault->body);
    else if (fault->kind == SIM_FAULT_WRONG_TYPE)
        sim_reply_text(reply, status, "text/html", page);
    else if (fault->kind == SIM_FAULT_STATUS && face->fail != NULL)
        face->fail(sim, status, reply);
    else if (fault->kind == SIM_FAULT_STATUS)
        sim_reply_text(reply, status, "text/plain", "simulated failure\n");
    else if (fault->status != 0)
        reply->status = fault->status;
}

static void apply(struct sim *sim, const struct sim_face *face, const struct sim_fault *fault,
                  struct sim_outcome *outcome) {
    static const enum sim_manner manners[] = {
        [SIM_FAULT_STATUS] = SIM_REPLY,      [SIM_FAULT_LATENCY] = SIM_REPLY,
        [SIM_FAULT_NO_REPLY] = SIM_SILENCE,  [SIM_FAULT_RESET_BEFORE] = SIM_RESET,
        [SIM_FAULT_RESET_AFTER] = SIM_RESET, [SIM_FAULT_HALF_REPLY] = SIM_HALF,
        [SIM_FAULT_WRONG_TYPE] = SIM_REPLY,  [SIM_FAULT_EMPTY] = SIM_REPLY,
        [SIM_FAULT_DRIP] = SIM_DRIP,
    };
    outcome->manner = manners[fault->kind];
    outcome->held = fault->hold;
    replace(sim, face, fault, &outcome->reply);
    add_headers(fault, &outcome->reply);
    if (fault->kind != SIM_FAULT_DRIP) {
        outcome->delay.ns = rf_ns_add(outcome->delay.ns, fault->delay.ns);
        return;
    }
    size_t share = outcome->reply.size / DRIP_PIECES;
    outcome->piece = fault->piece != 0 ? fault->piece : share != 0 ? share : 1;
    outcome->pause = fault->delay_given ? fault->delay : rf_ms(DRIP_PAUSE_MS);
}

// ---- requests ----

// The token in Telegram's path is a secret; nobody needs it in the ledger.
static json_t *path_json(const struct sim_face *face, const char *path) {
    const char *method = face == &sim_telegram ? strchr(path + 1, '/') : NULL;
    return method == NULL ? json_string(path) : json_sprintf("/bot.../%s", method + 1);
}

// `number` is NULL where there is none.
static void note(struct sim *sim, const struct sim_face *face, const struct sim_request *request,
                 const char *path, const char *number, const struct sim_fault *fault,
                 unsigned status, struct rf_utc now) {
    sim_ledger_add(&sim->ledger, SIM_LEDGER_REQUESTS, now,
                   json_pack("{s:s, s:s, s:o, s:s?, s:i, s:s?, s:o, s:s?}", "provider", face->name,
                             "method", request->method, "path", path_json(face, path), "number",
                             number, "status", (int)status, "fault",
                             fault == NULL ? NULL : fault->id, "came",
                             sim_at(rf_utc_add(now, rf_ns(-request->waited.ns))), "traceparent",
                             sim_request_header(request, "traceparent")));
}

static void work(struct sim *sim, const struct sim_face *face, const struct sim_request *request,
                 const char *path, const char *key, struct rf_utc now, struct sim_reply *reply) {
    if (face->refuse != NULL && !sim_keys_accept(&sim->keys, face->name, key))
        face->refuse(sim, key, reply);
    else
        face->handle(sim, request, path, now, reply);
}

// libmicrohttpd dates what has no date of its own.
static void date_reply(const struct sim *sim, const struct sim_face *face, struct rf_utc now,
                       struct sim_reply *reply) {
    const json_t *ahead = json_object_get(sim->clocks, face->name);
    time_t seconds = (time_t)(now.ns / RF_NS_PER_S + json_integer_value(ahead));
    struct tm utc;
    char date[64];
    if (ahead != NULL && gmtime_r(&seconds, &utc) != NULL &&
        strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", &utc) > 0)
        sim_reply_header(reply, "Date", "%s", date);
}

static void handle_face(struct sim *sim, const struct sim_face *face,
                        const struct sim_request *request, const char *path, struct rf_utc now,
                        struct sim_outcome *outcome) {
    struct description description;
    if (describe(sim, face, request, path, &description) != RF_OK) {
        sim_reply_text(&outcome->reply, 500, "text/plain", "the simulator is out of memory\n");
        return;
    }
    struct sim_fault *fault = sim_faults_decide(&sim->faults, &description.facts, now);
    sim->requests++;
    outcome->delay = sim->options.latency;
    if (fault == NULL || fault->carry_out)
        work(sim, face, request, path, description.facts.key, now, &outcome->reply);
    date_reply(sim, face, now, &outcome->reply);
    if (fault != NULL)
        apply(sim, face, fault, outcome);
    bool spoken = outcome->manner != SIM_SILENCE && outcome->manner != SIM_RESET;
    note(sim, face, request, path, description.facts.number, fault,
         spoken ? outcome->reply.status : 0, now);
    description_fini(&description);
}

void sim_handle(struct sim *sim, const struct sim_request *request, struct rf_utc now,
                struct sim_outcome *outcome) {
    *outcome = (struct sim_outcome){.manner = SIM_REPLY};
    sim_calls_advance(&sim->calls, now);
    const char *path = path_under(request->path, "admin");
    if (path != NULL) {
        sim_admin_handle(sim, request, path, now, &outcome->reply);
        return;
    }
    const struct sim_face *face = find_face(request->path, &path);
    if (face != NULL)
        handle_face(sim, face, request, path, now, outcome);
    else
        sim_reply_text(&outcome->reply, 404, "text/plain",
                       "no such face; there are /elevenlabs /openai /anthropic /twilio /telegram "
                       "/sheets /google /webhook /admin\n");
}

bool sim_handle_early(struct sim *sim, const struct sim_request *request, struct rf_utc now) {
    const char *path;
    const struct sim_face *face = find_face(request->path, &path);
    if (face == NULL)
        return false;
    struct sim_facts facts = {.provider = face->name,
                              .method = request->method,
                              .path = request->path,
                              .face_path = path};
    struct sim_fault *fault = sim_faults_decide_early(&sim->faults, &facts, now);
    if (fault == NULL)
        return false;
    note(sim, face, request, path, NULL, fault, 0, now);
    return true;
}
