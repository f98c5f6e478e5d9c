// Paths under which the console serves audio to the telephony provider. The orchestrator signs a
// path, the console checks it: `/media/<expiry>/<hmac>/<sha256>.<format>`, where expiry is a date
// in Unix seconds and hmac the first 32 hex digits of HMAC-SHA256(secret,
// "<expiry>/<sha256>.<format>"). Such a path cannot be guessed, names one file and ends by itself.
// Pure; thread-safe.
#ifndef RF_MEDIA_MEDIA_H
#define RF_MEDIA_MEDIA_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#define RF_MEDIA_PATH_SIZE   160
#define RF_MEDIA_FILE_SIZE   80 // "<sha256>.<format>" and the NUL
#define RF_MEDIA_FORMAT_SIZE 9  // at most 8 characters and the NUL

// rf_media_path: writes the path of the audio `sha256` (64 lower-case hex digits) in `format` (the
// file's suffix without the dot, such as "mp3": 1 to 8 lower-case letters and digits) that is valid
// until `expiry`, rounded down to the second. RF_ERR_INVALID if the hash, the format, the secret
// ("" or NULL) or the expiry (before 1970) breaks these rules.
RF_NODISCARD enum rf_err rf_media_path(const char *secret, struct rf_utc expiry, const char *sha256,
                                       const char *format, char out[RF_MEDIA_PATH_SIZE],
                                       struct rf_error *error);

// rf_media_check: whether `path` (decoded, without query) has the form above, a true signature
// under `secret`, and an expiry not before `now`. If so, `file` gets "<sha256>.<format>", a bare
// file name. The signature is compared in constant time; why a path is refused is not told.
RF_NODISCARD bool rf_media_check(const char *secret, const char *path, struct rf_utc now,
                                 char file[RF_MEDIA_FILE_SIZE]);

// rf_media_content_type: the content type by the suffix of `file`: "audio/mpeg" for mp3,
// "audio/wav" for wav, "audio/basic" for ulaw; NULL for any other.
const char *rf_media_content_type(const char *file);

#endif
