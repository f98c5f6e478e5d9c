// A recording: an audio file that is played when no provider can speak.
#ifndef RF_MEDIA_RECORDING_H
#define RF_MEDIA_RECORDING_H

#include <stddef.h>

#include <ringfence/error.h>

// Some four minutes of MP3 at 128 kbit/s: a telephone greeting is far below.
#define RF_RECORDING_MAX_BYTES ((size_t)4 * 1024 * 1024)

// rf_recording_format: "mp3" or "wav" by the first bytes of `data`, which is what the telephone
// providers play; NULL for anything else.
const char *rf_recording_format(const void *data, size_t size);

// rf_recording_read: the file at `path` in a new buffer, which the caller frees, and its format.
// RF_ERR_CONFIG, with the path and what is wrong: it cannot be read, is empty, is longer than
// RF_RECORDING_MAX_BYTES, or is no audio that can be played. Blocks on the disk.
RF_NODISCARD enum rf_err rf_recording_read(const char *path, char **data, size_t *size,
                                           const char **format, struct rf_error *error);

#endif
