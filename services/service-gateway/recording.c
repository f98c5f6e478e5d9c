// The recording of the local link, put into the shared store under its content as any audio is.
#include <stdio.h>
#include <stdlib.h>

#include "base/digest.h"
#include "base/file.h"
#include "gateway.h"
#include "media/recording.h"

enum rf_err gateway_recording_take(struct gateway *gateway, const struct rf_config *config,
                                   struct rf_error *error) {
    struct recording recording = {0};
    const char *format;
    char path[4096], *data = NULL;
    size_t size = 0;
    enum rf_err err = RF_OK;
    if (config->gateway.recording != NULL) {
        err = rf_recording_read(config->gateway.recording, &data, &size, &format, error);
        if (err != RF_OK) {
            rf_error_prefix(error, "gateway.recording: ");
            return err;
        }
        rf_sha256_hex(data, size, recording.sha256);
        recording.size = (int64_t)size;
        snprintf(recording.format, sizeof recording.format, "%s", format);
        int length =
            snprintf(path, sizeof path, "%s/%s.%s", config->media_dir, recording.sha256, format);
        err = length > 0 && (size_t)length < sizeof path
                  ? rf_file_replace(path, data, size, error)
                  : rf_error_set(error, RF_ERR_CONFIG, "media_dir: the path is too long");
        free(data);
    }
    if (err == RF_OK)
        core_recording(&gateway->core, &recording);
    return err;
}
