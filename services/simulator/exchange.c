#include "exchange.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const char *sim_request_header(const struct sim_request *request, const char *name) {
    for (size_t i = 0; i < request->header_count; i++)
        if (strcasecmp(request->headers[i].name, name) == 0)
            return request->headers[i].value;
    return NULL;
}

const char *sim_request_query(const struct sim_request *request, const char *name) {
    for (size_t i = 0; i < request->query_count; i++)
        if (strcmp(request->queries[i].name, name) == 0)
            return request->queries[i].value;
    return NULL;
}

const char *sim_request_bearer(const struct sim_request *request) {
    static const char scheme[] = "Bearer ";
    const char *value = sim_request_header(request, "authorization");
    if (value == NULL || strncasecmp(value, scheme, sizeof scheme - 1) != 0)
        return NULL;
    value += sizeof scheme - 1;
    return value[0] == '\0' ? NULL : value;
}

bool sim_request_is(const struct sim_request *request, const char *method) {
    return strcmp(request->method, method) == 0 ||
           (strcmp(method, "GET") == 0 && strcmp(request->method, "HEAD") == 0);
}

enum rf_err sim_request_form(const struct sim_request *request, struct rf_form *form) {
    static const char type[] = "application/x-www-form-urlencoded";
    const char *content_type = sim_request_header(request, "content-type");
    *form = (struct rf_form){0};
    if (content_type == NULL || strncasecmp(content_type, type, sizeof type - 1) != 0)
        return RF_OK;
    return rf_form_parse(form, request->body);
}

json_t *sim_request_json(const struct sim_request *request) {
    json_t *value = json_loadb(request->body, request->body_size, 0, NULL);
    if (value != NULL && !json_is_object(value)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

void sim_reply_bytes(struct sim_reply *reply, unsigned status, const char *content_type, void *body,
                     size_t size) {
    free(reply->body);
    reply->status = status;
    snprintf(reply->content_type, sizeof reply->content_type, "%s",
             content_type == NULL ? "" : content_type);
    reply->body = body;
    reply->size = body == NULL ? 0 : size;
}

void sim_reply_text(struct sim_reply *reply, unsigned status, const char *content_type,
                    const char *text) {
    char *copy = strdup(text);
    sim_reply_bytes(reply, copy == NULL ? 500 : status, content_type, copy, strlen(text));
}

void sim_reply_json(struct sim_reply *reply, unsigned status, json_t *value) {
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT);
    json_decref(value);
    if (text == NULL)
        sim_reply_text(reply, 500, "text/plain", "the simulator is out of memory\n");
    else
        sim_reply_bytes(reply, status, "application/json", text, strlen(text));
}

void sim_reply_header(struct sim_reply *reply, const char *name, const char *format, ...) {
    size_t place = 0;
    while (place < reply->header_count && strcasecmp(reply->headers[place].name, name) != 0)
        place++;
    if (place == SIM_REPLY_HEADERS)
        return;
    struct sim_header *header = &reply->headers[place];
    if (place == reply->header_count)
        reply->header_count++;
    snprintf(header->name, sizeof header->name, "%s", name);
    va_list args;
    va_start(args, format);
    vsnprintf(header->value, sizeof header->value, format, args);
    va_end(args);
}

void sim_reply_fini(struct sim_reply *reply) {
    free(reply->body);
    reply->body = NULL;
    reply->size = 0;
}
