// A webhook's receiving end: takes everything under /webhook and keeps headers and body.

#include <string.h>

#include "sim.h"

static void handle(struct sim *sim, const struct sim_request *request, const char *path,
                   struct rf_utc now, struct sim_reply *reply) {
    if (!sim_request_is(request, "POST") && !sim_request_is(request, "PUT")) {
        sim_reply_text(reply, 405, "text/plain", "POST here\n");
        return;
    }
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
    sim_reply_text(reply, 200, "text/plain", "ok");
}

const struct sim_face sim_webhook = {"webhook", handle, NULL, NULL, NULL};
