// Speech without a speaker: a melody that is drawn from the text, so that each text has bytes of
// its own, always the same, and a person who plays the file hears that something is there.
#ifndef SIM_SPEECH_H
#define SIM_SPEECH_H

#include <stddef.h>

#include <ringfence/error.h>

enum sim_codec { SIM_MP3, SIM_PCM, SIM_ULAW };

struct sim_format {
    enum sim_codec codec;
    unsigned rate;  // samples a second
    unsigned kbits; // MP3 alone
};

// sim_format_parse: reads a name of ElevenLabs such as "mp3_22050_32", "pcm_16000" or "ulaw_8000",
// of those that it documents and that we can make (not: opus, alaw). False for any other.
RF_NODISCARD int sim_format_parse(const char *name, struct sim_format *format);

// sim_format_content_type: "audio/mpeg", "audio/basic" or "audio/pcm".
const char *sim_format_content_type(const struct sim_format *format);

// sim_speech_make: one to three seconds of mono audio for `text` spoken by `voice`, in a new buffer
// that the caller frees. Takes a few ms.
RF_NODISCARD enum rf_err sim_speech_make(const char *voice, const char *text,
                                         const struct sim_format *format, unsigned char **audio,
                                         size_t *size);

#endif
