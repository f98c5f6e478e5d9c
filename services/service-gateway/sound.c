#include "sound.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "media/recording.h"

bool sound_result(const struct provider_reply *reply, const char *suffix,
                  struct provider_result *result, struct provider_verdict *verdict) {
    // Only what can be told by its first bytes is held against them: PCM and mu-law have no head.
    bool has_head = strcmp(suffix, "mp3") == 0 || strcmp(suffix, "wav") == 0;
    if (reply->body_size == 0) { // incidents 11 and 33: status 200 and no audio
        provider_verdict_set(verdict, RF_CLASS_TRANSIENT, "empty_audio",
                             "status 200 without any audio");
        return false;
    }
    const char *found = rf_recording_format(reply->body, reply->body_size);
    if (strncasecmp(reply->content_type, "audio/", 6) != 0 ||
        (has_head && (found == NULL || strcmp(found, suffix) != 0))) {
        provider_verdict_set(verdict, RF_CLASS_TRANSIENT, "wrong_type", NULL);
        snprintf(verdict->message, sizeof verdict->message, "audio expected, %.60s came",
                 reply->content_type[0] != '\0' ? reply->content_type : "no content type");
        return false;
    }
    snprintf(result->format, sizeof result->format, "%s", suffix);
    result->audio = reply->body;
    result->audio_size = reply->body_size;
    return true;
}
