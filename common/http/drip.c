// A body that is sent in pieces, or not to its end: faults for the simulator.
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "http/exchange.h"

struct stream {
    struct rf_http_exchange *exchange;
    char *body;
    size_t size;  // what will be sent
    size_t piece; // at once
    struct rf_duration pause;
    struct rf_instant next; // the next piece goes not before
    struct rf_timer timer;
};

static void stream_resume(void *arg) {
    struct stream *stream = arg;
    rf_http_exchange_resume(stream->exchange);
}

static ssize_t stream_read(void *arg, uint64_t position, char *out, size_t room) {
    struct stream *stream = arg;
    if (stream->exchange->state == RF_HTTP_DEAD || position >= stream->size)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    struct rf_loop *loop = rf_http_server_loop(stream->exchange->server);
    if (rf_instant_before(rf_loop_now(loop), stream->next)) {
        rf_timer_at(&stream->timer, stream->next);
        rf_http_exchange_suspend(stream->exchange);
        return 0;
    }
    size_t count = stream->size - (size_t)position;
    count = count < stream->piece ? count : stream->piece;
    count = count < room ? count : room;
    memcpy(out, stream->body + position, count);
    stream->next = rf_instant_add(rf_loop_now(loop), stream->pause);
    return (ssize_t)count;
}

static void stream_free(void *arg) {
    struct stream *stream = arg;
    rf_timer_stop(&stream->timer);
    free(stream->body);
    free(stream);
}

// Announces `announced` bytes and sends `size` of them.
static struct MHD_Response *stream_response(struct rf_http_exchange *exchange, const void *body,
                                            size_t size, size_t announced, size_t piece,
                                            struct rf_duration pause) {
    struct stream *stream = calloc(1, sizeof *stream);
    char *copy = malloc(size + 1);
    if (stream == NULL || copy == NULL) {
        free(stream);
        free(copy);
        return NULL;
    }
    if (size > 0)
        memcpy(copy, body, size);
    stream->exchange = exchange;
    stream->body = copy;
    stream->size = size;
    stream->piece = piece > 0 ? piece : 1;
    stream->pause = pause;
    rf_timer_init(&stream->timer, rf_http_server_loop(exchange->server), stream_resume, stream);
    struct MHD_Response *response =
        MHD_create_response_from_callback(announced, 4096, stream_read, stream, stream_free);
    if (response == NULL)
        stream_free(stream);
    return response;
}

void rf_http_exchange_half(struct rf_http_exchange *exchange, unsigned status,
                           const char *content_type, const void *body, size_t size) {
    size_t announced = size < 2 ? 2 : size;
    rf_http_exchange_finish(
        exchange, status, content_type,
        stream_response(exchange, body, size / 2, announced, size + 1, rf_ns(0)));
}

void rf_http_exchange_drip(struct rf_http_exchange *exchange, unsigned status,
                           const char *content_type, const void *body, size_t size, size_t piece,
                           struct rf_duration pause) {
    rf_http_exchange_finish(exchange, status, content_type,
                            stream_response(exchange, body, size, size, piece, pause));
}
