#include "rotated/unpack.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#define PIECE_BYTES 65536

// inflateInit2's window, with a gzip header around it.
#define GZIP_WINDOW (15 + 16)

struct rf_unpack {
    int fd;
    enum rf_pack pack;
    z_stream gzip;
    ZSTD_DCtx *zstd;
    size_t got, used;   // of `from`
    bool inside, ended; // more of what was compressed is to come; the file is read
    unsigned char from[PIECE_BYTES];
};

enum rf_err rf_unpack_new(int fd, enum rf_pack pack, struct rf_unpack **out,
                          struct rf_error *error) {
    struct rf_unpack *unpack = calloc(1, sizeof *unpack);
    *out = unpack;
    if (unpack == NULL) {
        close(fd);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to read a file");
    }
    unpack->fd = fd;
    unpack->pack = RF_PACK_NONE;
    bool ready = true;
    if (pack == RF_PACK_GZIP)
        ready = inflateInit2(&unpack->gzip, GZIP_WINDOW) == Z_OK;
    else if (pack == RF_PACK_ZSTD)
        ready = (unpack->zstd = ZSTD_createDCtx()) != NULL;
    if (ready) {
        unpack->pack = pack;
        unpack->inside = true; // not even its header was read
        return RF_OK;
    }
    rf_unpack_destroy(out);
    return rf_error_set(error, RF_ERR_NOMEM, "no memory to read a compressed file");
}

void rf_unpack_destroy(struct rf_unpack **pointer) {
    struct rf_unpack *unpack = *pointer;
    if (unpack == NULL)
        return;
    if (unpack->pack == RF_PACK_GZIP)
        inflateEnd(&unpack->gzip);
    ZSTD_freeDCtx(unpack->zstd);
    close(unpack->fd);
    free(unpack);
    *pointer = NULL;
}

static enum rf_err read_some(const struct rf_unpack *unpack, void *data, size_t size, size_t *got,
                             struct rf_error *error) {
    ssize_t n;
    do
        n = read(unpack->fd, data, size);
    while (n < 0 && errno == EINTR);
    *got = n < 0 ? 0 : (size_t)n;
    return n < 0 ? rf_error_set(error, RF_ERR_IO, "cannot read: %s", strerror(errno)) : RF_OK;
}

static enum rf_err gzip_step(struct rf_unpack *unpack, void *data, size_t size, size_t *got,
                             struct rf_error *error) {
    z_stream *stream = &unpack->gzip;
    stream->next_in = unpack->from + unpack->used;
    stream->avail_in = (uInt)(unpack->got - unpack->used);
    stream->next_out = data;
    stream->avail_out = (uInt)size;
    unpack->inside = true;
    int code = inflate(stream, Z_NO_FLUSH);
    unpack->used = unpack->got - stream->avail_in;
    *got = size - stream->avail_out;
    if (code == Z_STREAM_END) { // another may follow, as gzip(1) allows
        unpack->inside = false;
        code = inflateReset(stream);
    }
    return code == Z_OK || code == Z_BUF_ERROR
               ? RF_OK
               : rf_error_set(error, RF_ERR_DAMAGED, "is no whole gzip file");
}

static enum rf_err zstd_step(struct rf_unpack *unpack, void *data, size_t size, size_t *got,
                             struct rf_error *error) {
    ZSTD_inBuffer in = {unpack->from, unpack->got, unpack->used};
    ZSTD_outBuffer out = {data, size, 0};
    size_t code = ZSTD_decompressStream(unpack->zstd, &out, &in);
    unpack->used = in.pos;
    *got = out.pos;
    if (ZSTD_isError(code))
        return rf_error_set(error, RF_ERR_DAMAGED, "is no whole zstd file: %s",
                            ZSTD_getErrorName(code));
    unpack->inside = code != 0;
    return RF_OK;
}

// What has been read may still hold output when all of it was consumed, so that a step comes before
// the next read.
enum rf_err rf_unpack_read(struct rf_unpack *unpack, void *data, size_t size, size_t *got,
                           struct rf_error *error) {
    if (unpack->pack == RF_PACK_NONE)
        return read_some(unpack, data, size, got, error);
    *got = 0;
    for (;;) {
        enum rf_err result = RF_OK;
        if (unpack->inside || unpack->used < unpack->got)
            result = unpack->pack == RF_PACK_GZIP ? gzip_step(unpack, data, size, got, error)
                                                  : zstd_step(unpack, data, size, got, error);
        if (result != RF_OK || *got > 0)
            return result;
        if (unpack->ended)
            break;
        if (unpack->used < unpack->got)
            continue;
        unpack->used = 0;
        result = read_some(unpack, unpack->from, sizeof unpack->from, &unpack->got, error);
        if (result != RF_OK)
            return result;
        unpack->ended = unpack->got == 0;
        if (unpack->ended)
            break;
    }
    return unpack->inside
               ? rf_error_set(error, RF_ERR_DAMAGED, "ends in the middle of what was compressed")
               : RF_OK;
}
