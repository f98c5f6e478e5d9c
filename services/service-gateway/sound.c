#include "sound.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "media/recording.h"

int64_t sound_rate(const char *output_format) {
    char codec[16];
    long samples = 0, kbits = 0;
    int count = sscanf(output_format, "%15[a-z0-9]_%7ld_%4ld", codec, &samples, &kbits);
    if (count == 3 && strcmp(codec, "mp3") == 0)
        return kbits * 1000 / 8;
    if (count == 2 && strcmp(codec, "pcm") == 0)
        return samples * 2;
    if (count == 2 && (strcmp(codec, "ulaw") == 0 || strcmp(codec, "alaw") == 0))
        return samples;
    return 0;
}

static int64_t characters(const char *text) {
    int64_t count = 0;
    for (; *text != '\0'; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static int64_t least_ms(const char *text) {
    int64_t count = text != NULL ? characters(text) : 0;
    int64_t ms = count * 1000 / SOUND_CHARACTERS_A_SECOND;
    if (count < SOUND_LEAST_CHARACTERS)
        return 0;
    return ms < SOUND_MOST_ASKED_MS ? ms : SOUND_MOST_ASKED_MS;
}

// Samples without a header, all of them the same: no sound. Compressed audio does not show it so.
static bool is_silent(const char *format, const char *audio, size_t size) {
    bool samples =
        strcmp(format, "pcm") == 0 || strcmp(format, "ulaw") == 0 || strcmp(format, "alaw") == 0;
    return samples && size > 1 && memcmp(audio, audio + 1, size - 1) == 0;
}

bool sound_result(const struct provider_reply *reply, const struct sound_promise *promise,
                  struct provider_result *result, struct provider_verdict *verdict) {
    char message[160];
    const char *suffix = promise->suffix;
    // Only what can be told by its first bytes is held against them: PCM and mu-law have no head.
    bool has_head = strcmp(suffix, "mp3") == 0 || strcmp(suffix, "wav") == 0;
    int64_t least = least_ms(promise->text);
    if (reply->body_size == 0) {
        provider_found(verdict, "empty_audio", "status 200 without any audio");
        return false;
    }
    const char *found = rf_recording_format(reply->body, reply->body_size);
    if (strncasecmp(reply->content_type, "audio/", 6) != 0 ||
        (has_head && (found == NULL || strcmp(found, suffix) != 0))) {
        snprintf(message, sizeof message, "audio expected, %.60s came",
                 reply->content_type[0] != '\0' ? reply->content_type : "no content type");
        provider_found(verdict, "wrong_type", message);
        return false;
    }
    if (is_silent(suffix, reply->body, reply->body_size)) {
        provider_found(verdict, "silent_audio", "the audio has no sound in it");
        return false;
    }
    if ((int64_t)reply->body_size < promise->bytes_per_second * least / 1000) {
        snprintf(message, sizeof message,
                 "%zu bytes of audio are at most %lld ms, too short for a text of %lld characters",
                 reply->body_size,
                 (long long)reply->body_size * 1000 / (long long)promise->bytes_per_second,
                 (long long)characters(promise->text));
        provider_found(verdict, "short_audio", message);
        return false;
    }
    snprintf(result->format, sizeof result->format, "%s", suffix);
    result->audio = reply->body;
    result->audio_size = reply->body_size;
    return true;
}
