// Twilio's list of calls: newest first, in pages, behind by list_lag; a call that is still queued
// has no start time and so is missing from every list that is bounded by one.

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "twilio.h"

#define PAGE_DEFAULT 50
#define PAGE_MOST    1000

struct filter {
    const char *account, *to, *from, *status;
    bool from_start, until_start;
    int64_t start_least_ns, start_most_ns;
    int64_t created_most_ns; // what is younger is not in the list yet
};

// "2026-11-24" (the whole day) or "2026-11-24T10:00:00Z". False if it is neither.
static bool parse_date(const char *text, int64_t *first_ns, int64_t *last_ns) {
    struct tm utc = {0};
    const char *end = strptime(text, "%Y-%m-%d", &utc);
    int64_t length_s = INT64_C(24) * 3600;
    if (end != NULL && *end == 'T') {
        end = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
        length_s = 1;
        if (end != NULL && *end == 'Z')
            end++;
    }
    if (end == NULL || *end != '\0')
        return false;
    *first_ns = (int64_t)timegm(&utc) * RF_NS_PER_S;
    *last_ns = *first_ns + length_s * RF_NS_PER_S - 1;
    return true;
}

// StartTime=D, StartTime>=D (name "StartTime>") and StartTime<=D (name "StartTime<").
static bool read_start_time(const struct sim_request *request, struct filter *filter) {
    const char *on = sim_request_query(request, "StartTime");
    const char *least = sim_request_query(request, "StartTime>");
    const char *most = sim_request_query(request, "StartTime<");
    int64_t ignored;
    if (on != NULL) {
        filter->from_start = filter->until_start = true;
        return parse_date(on, &filter->start_least_ns, &filter->start_most_ns);
    }
    filter->from_start = least != NULL;
    filter->until_start = most != NULL;
    return (least == NULL || parse_date(least, &filter->start_least_ns, &ignored)) &&
           (most == NULL || parse_date(most, &ignored, &filter->start_most_ns));
}

static bool shows(const struct filter *filter, const struct sim_call *call) {
    if (call->created_ns > filter->created_most_ns || strcmp(call->account, filter->account) != 0)
        return false;
    if (filter->to != NULL && strcmp(call->to, filter->to) != 0)
        return false;
    if (filter->from != NULL && strcmp(call->from, filter->from) != 0)
        return false;
    if (filter->status != NULL && strcmp(sim_call_status_name(call->status), filter->status) != 0)
        return false;
    if ((filter->from_start || filter->until_start) && call->started_ns == 0)
        return false;
    return (!filter->from_start || call->started_ns >= filter->start_least_ns) &&
           (!filter->until_start || call->started_ns <= filter->start_most_ns);
}

// A page begins behind the call that ended the page before (its token), so that calls which come in
// between shift nothing.
static size_t first_place(const struct sim *sim, const struct sim_request *request) {
    const char *token = sim_request_query(request, "PageToken");
    const json_t *place = token != NULL && strncmp(token, "PA", 2) == 0
                              ? json_object_get(sim->calls.by_sid, token + 2)
                              : NULL;
    return place == NULL ? sim->calls.count : (size_t)json_integer_value(place);
}

// Appends name=value, percent-encoded, to a query that is being built.
static bool add_query(char **query, const char *name, const char *value) {
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    size_t length = strlen(*query);
    char *longer = realloc(*query, length + strlen(name) + 3 * strlen(value) + 3);
    if (longer == NULL)
        return false;
    *query = longer;
    char *out = longer + length;
    out += sprintf(out, "%s%s=", length == 0 ? "?" : "&", name);
    for (const char *c = value; *c != '\0'; c++)
        out += strchr(plain, *c) != NULL ? sprintf(out, "%c", *c)
                                         : sprintf(out, "%%%02X", (unsigned char)*c);
    *out = '\0';
    return true;
}

static json_t *next_page_uri(const struct sim_request *request, const char *account, size_t page,
                             const char *last_sid) {
    char number[32], token[SIM_SID_SIZE + 2];
    snprintf(number, sizeof number, "%zu", page);
    snprintf(token, sizeof token, "PA%s", last_sid);
    char *query = strdup("");
    bool whole = query != NULL;
    for (size_t i = 0; i < request->query_count && whole; i++)
        if (strcmp(request->queries[i].name, "Page") != 0 &&
            strcmp(request->queries[i].name, "PageToken") != 0)
            whole = add_query(&query, request->queries[i].name, request->queries[i].value);
    whole = whole && add_query(&query, "Page", number) && add_query(&query, "PageToken", token);
    json_t *uri =
        whole ? json_sprintf(SIM_TWILIO_VERSION "/Accounts/%s/Calls.json%s", account, query) : NULL;
    free(query);
    return uri;
}

static size_t number_of(const struct sim_request *request, const char *name, size_t absent) {
    const char *text = sim_request_query(request, name);
    return text == NULL ? absent : (size_t)strtoul(text, NULL, 10);
}

void sim_twilio_list(struct sim *sim, const struct sim_request *request, const char *account,
                     struct rf_utc now, struct sim_reply *reply) {
    struct filter filter = {.account = account,
                            .to = sim_request_query(request, "To"),
                            .from = sim_request_query(request, "From"),
                            .status = sim_request_query(request, "Status"),
                            .created_most_ns = now.ns - sim->options.list_lag.ns};
    size_t page_size = number_of(request, "PageSize", PAGE_DEFAULT);
    size_t page = number_of(request, "Page", 0);
    if (page_size < 1 || page_size > PAGE_MOST) {
        sim_twilio_fail(400, 20006, "Page size must be 1 to 1000", reply);
        return;
    }
    if (!read_start_time(request, &filter)) {
        sim_twilio_fail(400, 20001, "StartTime is not a date", reply);
        return;
    }
    json_t *calls = json_array();
    const struct sim_call *last = NULL;
    bool more = false;
    for (size_t i = first_place(sim, request); i-- > 0 && !more;) {
        const struct sim_call *call = sim->calls.items[i];
        if (!shows(&filter, call))
            continue;
        if (json_array_size(calls) == page_size) {
            more = true;
            break;
        }
        json_array_append_new(calls, sim_twilio_call(call));
        last = call;
    }
    json_t *next = more ? next_page_uri(request, account, page + 1, last->sid) : json_null();
    size_t shown = json_array_size(calls), start = page * page_size;
    sim_reply_json(reply, 200,
                   json_pack("{s:o, s:I, s:I, s:I, s:I, s:o, s:n, s:o}", "calls", calls, "page",
                             (json_int_t)page, "page_size", (json_int_t)page_size, "start",
                             (json_int_t)start, "end",
                             (json_int_t)(shown == 0 ? start : start + shown - 1), "next_page_uri",
                             next, "previous_page_uri", "uri",
                             json_sprintf(SIM_TWILIO_VERSION "/Accounts/%s/Calls.json", account)));
}
