#include "open_trace.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void unlink_from(struct rf_open_trace_list *list, struct rf_open_trace *trace) {
    *(trace->before != NULL ? &trace->before->behind : &list->first) = trace->behind;
    *(trace->behind != NULL ? &trace->behind->before : &list->last) = trace->before;
}

static void append(struct rf_open_trace_list *list, struct rf_open_trace *trace) {
    trace->before = list->last;
    trace->behind = NULL;
    *(list->last != NULL ? &list->last->behind : &list->first) = trace;
    list->last = trace;
}

static struct rf_open_trace_list *list_of(struct rf_open_traces *traces, bool ended) {
    return ended ? &traces->ended : &traces->open;
}

static void trace_free(struct rf_open_trace *trace) {
    free(trace->contact);
    free(trace->campaign);
    free(trace->origin);
    free(trace);
}

static void list_free(struct rf_open_trace_list *list) {
    for (struct rf_open_trace *trace = list->first, *next; trace != NULL; trace = next) {
        next = trace->behind;
        trace_free(trace);
    }
}

void rf_open_traces_fini(struct rf_open_traces *traces) {
    list_free(&traces->open);
    list_free(&traces->ended);
    rf_map_fini(&traces->map);
    free(traces->gone);
    *traces = (struct rf_open_traces){0};
}

struct rf_open_trace *rf_open_traces_find(const struct rf_open_traces *traces, const char *id) {
    struct rf_map_node *node = rf_map_find_text(&traces->map, id);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_open_trace, node);
}

static bool copy(char **out, const char *text) {
    if (text == NULL || (*out != NULL && strcmp(*out, text) == 0))
        return true;
    char *fresh = strdup(text);
    if (fresh == NULL)
        return false;
    free(*out);
    *out = fresh;
    return true;
}

bool rf_open_traces_tell(struct rf_open_trace *trace, const char *contact, const char *campaign,
                         const char *origin) {
    return copy(&trace->contact, contact) && copy(&trace->campaign, campaign) &&
           copy(&trace->origin, origin);
}

struct rf_open_trace *rf_open_traces_add(struct rf_open_traces *traces, const char *id) {
    struct rf_open_trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL)
        return NULL;
    snprintf(trace->id, sizeof trace->id, "%s", id);
    if (!rf_open_traces_tell(trace, "", "", "") ||
        !rf_map_add_text(&traces->map, &trace->node, trace->id)) {
        trace_free(trace);
        return NULL;
    }
    trace->touched = true;
    append(&traces->open, trace);
    return trace;
}

void rf_open_traces_touch(struct rf_open_traces *traces, struct rf_open_trace *trace, bool ended) {
    unlink_from(list_of(traces, trace->ended), trace);
    trace->ended = ended;
    trace->touched = true;
    append(list_of(traces, ended), trace);
}

struct rf_open_trace *rf_open_traces_over(const struct rf_open_traces *traces, size_t most) {
    if (traces->map.count <= most)
        return NULL;
    return traces->ended.first != NULL ? traces->ended.first : traces->open.first;
}

static bool remember_gone(struct rf_open_traces *traces, const char *id) {
    if (traces->gone_count == traces->gone_room) {
        size_t room = traces->gone_room > 0 ? traces->gone_room * 2 : 64;
        void *gone = reallocarray(traces->gone, room, sizeof *traces->gone);
        if (gone == NULL)
            return false;
        traces->gone = gone;
        traces->gone_room = room;
    }
    memcpy(traces->gone[traces->gone_count++], id, RF_TRACE_ID_SIZE);
    return true;
}

bool rf_open_traces_remove(struct rf_open_traces *traces, struct rf_open_trace *trace) {
    if (trace->stored && !remember_gone(traces, trace->id))
        return false;
    rf_map_remove(&traces->map, &trace->node);
    unlink_from(list_of(traces, trace->ended), trace);
    trace_free(trace);
    return true;
}

// The touched ones stand at the end of their list, one beside the other.
struct rf_open_trace *rf_open_traces_touched(const struct rf_open_traces *traces,
                                             const struct rf_open_trace *behind) {
    struct rf_open_trace *next = behind == NULL ? traces->open.last : behind->before;
    if (next != NULL && next->touched)
        return next;
    next = behind == NULL || !behind->ended ? traces->ended.last : NULL;
    return next != NULL && next->touched ? next : NULL;
}

void rf_open_traces_clean(struct rf_open_traces *traces) {
    struct rf_open_trace *trace = NULL, *last[] = {traces->open.last, traces->ended.last};
    for (size_t i = 0; i < 2; i++)
        for (trace = last[i]; trace != NULL && trace->touched; trace = trace->before) {
            trace->touched = false;
            trace->stored = true;
        }
    traces->gone_count = 0;
}
