// A reply that is made while it is sent. libmicrohttpd asks for more whenever the socket takes
// more; while there is nothing the connection is suspended, as it would ask without a pause else.
#include <stdint.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "http/exchange.h"

// What is asked for at once, for peers that do not know chunks; those that do have libmicrohttpd's
// own buffer. Each pass over all peers gives one to each: with 4 KiB whoever reads needs four times
// as many of them.
#define BLOCK ((size_t)16 * 1024)

// What the kernel may hold for one peer (it takes twice that, with what it keeps about it). By
// itself it goes up to megabytes for a peer that reads nothing: a thousand of those are gigabytes,
// and whoever reads waits for its share until all of them are filled.
#define KERNEL_BUFFER (32 * 1024)

struct stream {
    struct rf_http_exchange *exchange;
    rf_http_more_fn *more;
    rf_http_ended_fn *ended;
    void *arg;
};

static ssize_t stream_read(void *arg, uint64_t position, char *out, size_t room) {
    const struct stream *stream = arg;
    (void)position;
    if (stream->exchange->state == RF_HTTP_DEAD)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    size_t count = stream->more(stream->arg, out, room);
    if (count == RF_HTTP_STREAM_END)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (count == 0)
        rf_http_exchange_suspend(stream->exchange);
    return (ssize_t)count;
}

static void stream_free(void *arg) {
    struct stream *stream = arg;
    stream->ended(stream->arg);
    free(stream);
}

static void bound_buffer(const struct rf_http_exchange *exchange) {
    int fd = rf_http_exchange_fd(exchange), size = KERNEL_BUFFER;
    if (fd >= 0) // where it fails, a slow peer costs more: no reason to refuse it
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
}

void rf_http_exchange_stream(struct rf_http_exchange *exchange, unsigned status,
                             const char *content_type, rf_http_more_fn *more,
                             rf_http_ended_fn *ended, void *arg) {
    struct stream *stream = calloc(1, sizeof *stream);
    struct MHD_Response *response = NULL;
    if (stream == NULL) {
        ended(arg);
    } else {
        *stream = (struct stream){exchange, more, ended, arg};
        response = MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, BLOCK, stream_read, stream,
                                                     stream_free);
        if (response == NULL)
            stream_free(stream);
        else
            bound_buffer(exchange);
    }
    rf_http_exchange_finish(exchange, status, content_type, response);
}

void rf_http_exchange_wake(struct rf_http_exchange *exchange) {
    // One that waits for its handler's reply has nothing to go on with.
    if (exchange->state == RF_HTTP_REPLIED)
        rf_http_exchange_resume(exchange);
}
