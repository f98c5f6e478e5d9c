#include "media/recording.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"

// An MP3 stream begins with an ID3 tag or with the eleven set bits of a frame header (ISO 11172-3),
// a WAV file with a RIFF chunk of the form type WAVE.
const char *rf_recording_format(const void *data, size_t size) {
    const unsigned char *bytes = data;
    if (size >= 3 && memcmp(bytes, "ID3", 3) == 0)
        return "mp3";
    if (size >= 2 && bytes[0] == 0xff && (bytes[1] & 0xe0) == 0xe0)
        return "mp3";
    if (size >= 12 && memcmp(bytes, "RIFF", 4) == 0 && memcmp(bytes + 8, "WAVE", 4) == 0)
        return "wav";
    return NULL;
}

enum rf_err rf_recording_read(const char *path, char **data, size_t *size, const char **format,
                              struct rf_error *error) {
    struct rf_error cause = {0};
    enum rf_err err = rf_file_read(path, RF_RECORDING_MAX_BYTES, data, size, &cause);
    if (err == RF_ERR_NOMEM)
        return rf_error_set(error, err, "%s", cause.message);
    if (err != RF_OK)
        return rf_error_set(error, RF_ERR_CONFIG, "%s", cause.message);
    *format = rf_recording_format(*data, *size);
    if (*format != NULL)
        return RF_OK;
    free(*data);
    *data = NULL;
    return rf_error_set(error, RF_ERR_CONFIG, "%s: neither MP3 nor WAV", path);
}
