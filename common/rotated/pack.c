#include "rotated/pack.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include "base/crash_point.h"

#define PIECE_BYTES 65536
#define GZIP_LEVEL  6
#define ZSTD_LEVEL  3

// deflateInit2's window with a gzip header around it.
#define GZIP_WINDOW (15 + 16)

struct job {
    int in, out;
    const atomic_bool *stop;
    struct rf_error *error;
    size_t got; // bytes in `from`
    unsigned char from[PIECE_BYTES], to[PIECE_BYTES];
};

static enum rf_err read_piece(struct job *job) {
    ssize_t n;
    if (atomic_load(job->stop))
        return rf_error_set(job->error, RF_ERR_CLOSED, "stopped");
    do
        n = read(job->in, job->from, sizeof job->from);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return rf_error_set(job->error, RF_ERR_IO, "cannot read: %s", strerror(errno));
    job->got = (size_t)n;
    return RF_OK;
}

static enum rf_err write_piece(const struct job *job, size_t size) {
    const unsigned char *at = job->to;
    while (size > 0) {
        ssize_t n = write(job->out, at, size);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return rf_error_set(job->error, RF_ERR_IO, "cannot write: %s", strerror(errno));
        at += n;
        size -= (size_t)n;
    }
    RF_CRASH_POINT(logger, packing);
    return RF_OK;
}

static enum rf_err gzip_piece(struct job *job, z_stream *stream) {
    int flush = job->got == 0 ? Z_FINISH : Z_NO_FLUSH;
    stream->next_in = job->from;
    stream->avail_in = (uInt)job->got;
    do {
        stream->next_out = job->to;
        stream->avail_out = sizeof job->to;
        deflate(stream, flush); // fails only for a stream that is not valid
        enum rf_err result = write_piece(job, sizeof job->to - stream->avail_out);
        if (result != RF_OK)
            return result;
    } while (stream->avail_out == 0);
    return RF_OK;
}

static enum rf_err gzip_file(struct job *job) {
    z_stream stream = {0};
    enum rf_err result;
    if (deflateInit2(&stream, GZIP_LEVEL, Z_DEFLATED, GZIP_WINDOW, 8, Z_DEFAULT_STRATEGY) != Z_OK)
        return rf_error_set(job->error, RF_ERR_NOMEM, "no memory to compress it");
    do {
        result = read_piece(job);
        if (result == RF_OK)
            result = gzip_piece(job, &stream);
    } while (result == RF_OK && job->got > 0);
    deflateEnd(&stream);
    return result;
}

static enum rf_err zstd_piece(struct job *job, ZSTD_CCtx *stream) {
    ZSTD_inBuffer in = {job->from, job->got, 0};
    size_t left;
    do {
        ZSTD_outBuffer out = {job->to, sizeof job->to, 0};
        left =
            ZSTD_compressStream2(stream, &out, &in, job->got == 0 ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left))
            return rf_error_set(job->error, RF_ERR_NOMEM, "cannot compress it: %s",
                                ZSTD_getErrorName(left));
        enum rf_err result = write_piece(job, out.pos);
        if (result != RF_OK)
            return result;
    } while (job->got == 0 ? left > 0 : in.pos < in.size);
    return RF_OK;
}

static enum rf_err zstd_file(struct job *job) {
    ZSTD_CCtx *stream = ZSTD_createCCtx();
    enum rf_err result = RF_OK;
    if (stream == NULL ||
        ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_compressionLevel, ZSTD_LEVEL)) ||
        ZSTD_isError(ZSTD_CCtx_setParameter(stream, ZSTD_c_checksumFlag, 1)))
        result = rf_error_set(job->error, RF_ERR_NOMEM, "no memory to compress it");
    do {
        if (result == RF_OK)
            result = read_piece(job);
        if (result == RF_OK)
            result = zstd_piece(job, stream);
    } while (result == RF_OK && job->got > 0);
    ZSTD_freeCCtx(stream);
    return result;
}

enum rf_err rf_pack_file(int in, int out, enum rf_pack pack, const atomic_bool *stop,
                         struct rf_error *error) {
    struct job *job = malloc(sizeof *job);
    if (job == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to compress it");
    job->in = in;
    job->out = out;
    job->stop = stop;
    job->error = error;
    job->got = 0;
    enum rf_err result = pack == RF_PACK_GZIP ? gzip_file(job) : zstd_file(job);
    free(job);
    return result;
}
