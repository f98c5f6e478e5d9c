#include <stdlib.h>
#include <string.h>

#include "gateway.h"

struct state_request *state_request_new(struct gateway *gateway, enum rf_provider provider,
                                        const char *about, const char *why) {
    struct state_request *request = calloc(1, sizeof *request);
    if (request == NULL || (about != NULL && (request->about = strdup(about)) == NULL))
        abort(); // the core would wait for ever
    request->gateway = gateway;
    request->provider = provider;
    request->why = why;
    request->next = gateway->state_requests;
    gateway->state_requests = request;
    return request;
}

static void destroy(struct state_request *request) {
    free(request->about);
    free(request);
}

void state_request_free(struct state_request *request) {
    struct state_request **at = &request->gateway->state_requests;
    while (*at != request)
        at = &(*at)->next;
    *at = request->next;
    destroy(request);
}

void state_requests_fini(struct gateway *gateway) {
    for (struct state_request *request; (request = gateway->state_requests) != NULL;) {
        gateway->state_requests = request->next;
        destroy(request);
    }
}
