// What the providers of speech share: whether what came is the audio that was promised.
#ifndef GATEWAY_SOUND_H
#define GATEWAY_SOUND_H

#include "provider.h"

// Nobody speaks faster than this: ordinary speech has some 15 characters a second. A text of a word
// or two is not judged, and no more than two seconds are asked of a long one, so that only audio
// that cannot be it is refused.
#define SOUND_CHARACTERS_A_SECOND 100
#define SOUND_LEAST_CHARACTERS    20
#define SOUND_MOST_ASKED_MS       2000

// What the audio is to be.
struct sound_promise {
    const char *suffix;       // of its format: "mp3", "wav", "pcm", "ulaw", ...
    int64_t bytes_per_second; // at least; 0: not known
    const char *text;         // that is spoken; NULL: not known
};

// sound_result: the reply's body as audio. Empty audio, another content type, bytes that are no
// such audio, audio without a sound, or shorter than its text can be spoken in (incidents 11 and
// 33): false, and the verdict says what was found.
bool sound_result(const struct provider_reply *reply, const struct sound_promise *promise,
                  struct provider_result *result, struct provider_verdict *verdict);

// sound_rate: bytes a second of an ElevenLabs output format, such as mp3_22050_32 (kbit/s) or
// pcm_16000 (samples of two bytes); 0: not known.
int64_t sound_rate(const char *output_format);

#endif
