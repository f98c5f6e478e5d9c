// A webhook's receiving end: takes everything under /webhook and keeps headers and body. What is
// under /webhook/slack, /webhook/discord and /webhook/pagerduty is checked and answered as these
// do.

#include <string.h>

#include "sim.h"

// False: answered already.
static bool check_body(const struct sim_request *request, const char *path,
                       struct sim_reply *reply) {
    static const struct {
        const char *path, *needs, *or_else; // a member of the body: one of these
        const char *refusal;
    } services[] = {
        {"/slack", "blocks", "text", "no_text"},
        {"/discord", "embeds", "content",
         "{\"message\": \"Cannot send an empty message\", \"code\": 50006}"},
        {"/pagerduty", "routing_key", "routing_key",
         "{\"status\": \"invalid event\", \"message\": \"Event object is invalid\", \"errors\": "
         "[\"'routing_key' is missing or blank\"]}"},
    };
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        if (strcmp(path, services[i].path) != 0)
            continue;
        json_t *body = sim_request_json(request);
        bool taken = json_object_get(body, services[i].needs) != NULL ||
                     json_object_get(body, services[i].or_else) != NULL;
        json_decref(body);
        if (!taken)
            sim_reply_text(reply, 400, i == 0 ? "text/plain" : "application/json",
                           services[i].refusal);
        return taken;
    }
    return true;
}

static void answer(const struct sim *sim, const struct sim_request *request, const char *path,
                   struct sim_reply *reply) {
    const char *wait = sim_request_query(request, "wait");
    size_t number = json_array_size(sim->ledger.lists[SIM_LEDGER_WEBHOOKS]);
    if (strcmp(path, "/pagerduty") == 0)
        sim_reply_json(reply, 202,
                       json_pack("{s:s, s:s}", "status", "success", "message", "Event processed"));
    else if (strcmp(path, "/discord") != 0)
        sim_reply_text(reply, 200, "text/plain", "ok");
    else if (wait != NULL && strcmp(wait, "true") == 0)
        sim_reply_json(reply, 200,
                       json_pack("{s:o}", "id", json_sprintf("9000000000000%05zu", number)));
    else
        sim_reply_text(reply, 204, "", "");
}

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    if (!sim_request_is(request, "POST") && !sim_request_is(request, "PUT")) {
        sim_reply_text(reply, 405, "text/plain", "POST here\n");
        return;
    }
    if (!check_body(request, path, reply))
        return;
    json_t *headers = json_object();
    for (size_t i = 0; i < request->header_count; i++)
        json_object_set_new(headers, request->headers[i].name,
                            json_string(request->headers[i].value));
    json_t *body = json_stringn(request->body, request->body_size);
    if (body == NULL) {
        json_decref(headers);
        sim_reply_text(reply, 400, "text/plain", "the body is not UTF-8\n");
        return;
    }
    sim_ledger_add(&sim->ledger, SIM_LEDGER_WEBHOOKS, now,
                   json_pack("{s:s, s:s?, s:o, s:o}", "path", path, "id",
                             sim_request_header(request, "webhook-id"), "headers", headers, "body",
                             body));
    answer(sim, request, path, reply);
}

const struct sim_face sim_webhook = {"webhook", handle, NULL, NULL, NULL};
