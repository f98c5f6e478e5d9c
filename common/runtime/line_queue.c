#include "runtime/line_queue.h"

#include <stdlib.h>
#include <string.h>

static struct rf_rate_limit_policy policy_of(double rate, int64_t burst) {
    return (struct rf_rate_limit_policy){.rate = rate, .burst = burst};
}

void rf_line_queue_init(struct rf_line_queue *queue, double rate, int64_t burst,
                        struct rf_instant now) {
    struct rf_rate_limit_policy policy = policy_of(rate, burst);
    *queue = (struct rf_line_queue){0};
    queue->end = &queue->first;
    rf_rate_limit_init(&queue->rate, &policy, now);
}

void rf_line_queue_fini(struct rf_line_queue *queue) {
    struct rf_line *line;
    while ((line = rf_line_queue_take(queue)) != NULL)
        free(line);
}

void rf_line_queue_limit(struct rf_line_queue *queue, double rate, int64_t burst,
                         struct rf_instant now) {
    struct rf_rate_limit_policy policy = policy_of(rate, burst);
    if (queue->rate.policy.rate != rate || queue->rate.policy.burst != burst)
        rf_rate_limit_init(&queue->rate, &policy, now);
}

bool rf_line_queue_put(struct rf_line_queue *queue, struct rf_instant now, struct rf_utc at,
                       enum rf_log_level level, const char *text) {
    size_t size = strlen(text);
    struct rf_instant when;
    struct rf_line *line = NULL;
    if (queue->count < RF_LINE_QUEUE_LINES && queue->bytes + size <= RF_LINE_QUEUE_BYTES &&
        rf_rate_limit_take(&queue->rate, now, &when))
        line = malloc(sizeof *line + size + 1);
    if (line == NULL) {
        queue->left_out++;
        return false;
    }
    *line = (struct rf_line){.at = at, .level = level, .left_out = queue->left_out, .size = size};
    memcpy(line->text, text, size + 1);
    queue->left_out = 0;
    *queue->end = line;
    queue->end = &line->next;
    queue->count++;
    queue->bytes += size;
    return true;
}

struct rf_line *rf_line_queue_take(struct rf_line_queue *queue) {
    struct rf_line *line = queue->first;
    if (line == NULL)
        return NULL;
    queue->first = line->next;
    if (queue->first == NULL)
        queue->end = &queue->first;
    queue->count--;
    queue->bytes -= line->size;
    line->next = NULL;
    return line;
}

void rf_line_queue_lose(struct rf_line_queue *queue, int64_t lines) {
    queue->left_out += lines;
}

int64_t rf_line_queue_told(struct rf_line_queue *queue) {
    int64_t left_out = queue->left_out;
    queue->left_out = 0;
    return left_out;
}
