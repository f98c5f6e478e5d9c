#include "speech.h"

#include <lame/lame.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/sha.h>

#define NOTES_LEAST 5
#define NOTES_MOST  14
#define NOTE_S      0.2
#define EDGE_S      0.01 // rise and fall of a note, against clicks
#define LOUDNESS    9000.0
#define LOWEST_HZ   220.0

int sim_format_parse(const char *name, struct sim_format *format) {
    static const struct {
        const char *name;
        struct sim_format format;
    } known[] = {
        {"mp3_22050_32", {SIM_MP3, 22050, 32}},   {"mp3_24000_48", {SIM_MP3, 24000, 48}},
        {"mp3_44100_32", {SIM_MP3, 44100, 32}},   {"mp3_44100_64", {SIM_MP3, 44100, 64}},
        {"mp3_44100_96", {SIM_MP3, 44100, 96}},   {"mp3_44100_128", {SIM_MP3, 44100, 128}},
        {"mp3_44100_192", {SIM_MP3, 44100, 192}}, {"pcm_8000", {SIM_PCM, 8000, 0}},
        {"pcm_16000", {SIM_PCM, 16000, 0}},       {"pcm_22050", {SIM_PCM, 22050, 0}},
        {"pcm_24000", {SIM_PCM, 24000, 0}},       {"pcm_32000", {SIM_PCM, 32000, 0}},
        {"pcm_44100", {SIM_PCM, 44100, 0}},       {"pcm_48000", {SIM_PCM, 48000, 0}},
        {"ulaw_8000", {SIM_ULAW, 8000, 0}},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(known[i].name, name) == 0) {
            *format = known[i].format;
            return 1;
        }
    }
    return 0;
}

const char *sim_format_content_type(const struct sim_format *format) {
    static const char *const types[] = {"audio/mpeg", "audio/pcm", "audio/basic"};
    return types[format->codec];
}

static void draw(const char *voice, const char *text, unsigned char digest[SHA256_DIGEST_LENGTH]) {
    size_t size = strlen(voice) + 1 + strlen(text);
    char *both = malloc(size + 1);
    memset(digest, 0, SHA256_DIGEST_LENGTH);
    if (both == NULL)
        return;
    snprintf(both, size + 1, "%s\n%s", voice, text);
    SHA256((const unsigned char *)both, size, digest);
    free(both);
}

// Longer texts are longer to speak, within the bounds.
static size_t note_count(const char *text) {
    size_t count = NOTES_LEAST + strlen(text) / 25;
    return count < NOTES_MOST ? count : NOTES_MOST;
}

// One note of the pentatonic scale with its octave above, into `out`.
static void play(unsigned char choice, unsigned rate, int16_t *out, size_t samples) {
    static const double steps[] = {0, 2, 4, 7, 9};
    double semitones = steps[choice % 5] + 12.0 * (choice / 5 % 3);
    double hertz = LOWEST_HZ * pow(2.0, semitones / 12.0);
    double overtone = 0.15 + 0.05 * (choice / 15 % 6);
    double edge = EDGE_S * rate;
    for (size_t i = 0; i < samples; i++) {
        double angle = 2.0 * M_PI * hertz * (double)i / rate;
        double rise = fmin(1.0, (double)i / edge);
        double fall = fmin(1.0, (double)(samples - i) / edge);
        out[i] = (int16_t)lrint(LOUDNESS * rise * fall * (sin(angle) + overtone * sin(2 * angle)));
    }
}

static int16_t *melody(const char *voice, const char *text, unsigned rate, size_t *samples) {
    unsigned char digest[SHA256_DIGEST_LENGTH];
    draw(voice, text, digest);
    size_t notes = note_count(text);
    size_t note_samples = (size_t)(NOTE_S * rate);
    int16_t *out = calloc(notes * note_samples, sizeof *out);
    if (out == NULL)
        return NULL;
    for (size_t i = 0; i < notes; i++)
        play(digest[i], rate, out + i * note_samples, note_samples);
    *samples = notes * note_samples;
    return out;
}

// G.711, as in the reference of Sun Microsystems that ITU-T G.191 keeps: sign, three bits of
// exponent, four of mantissa, all inverted.
static unsigned char to_ulaw(int16_t sample) {
    int value = sample < 0 ? -(int)sample : sample;
    int sign = sample < 0 ? 0x80 : 0;
    if (value > 32635)
        value = 32635;
    value += 132;
    int exponent = 7;
    for (int mask = 0x4000; exponent > 0 && (value & mask) == 0; mask >>= 1)
        exponent--;
    int mantissa = value >> (exponent + 3) & 15;
    return (unsigned char)~(sign | exponent << 4 | mantissa);
}

static enum rf_err encode_mp3(const int16_t *samples, size_t count, const struct sim_format *format,
                              unsigned char **audio, size_t *size) {
    enum rf_err result = RF_ERR_NOMEM;
    int room = (int)(count + count / 4 + 7200); // the bound that lame.h states
    unsigned char *out = malloc((size_t)room);
    lame_t lame = lame_init();
    if (out == NULL || lame == NULL)
        goto cleanup;
    lame_set_num_channels(lame, 1);
    lame_set_mode(lame, MONO);
    lame_set_in_samplerate(lame, (int)format->rate);
    lame_set_out_samplerate(lame, (int)format->rate);
    lame_set_brate(lame, (int)format->kbits);
    lame_set_quality(lame, 9); // the fastest: these are only tones
    lame_set_bWriteVbrTag(lame, 0);
    if (lame_init_params(lame) != 0)
        goto cleanup;
    int first = lame_encode_buffer(lame, samples, NULL, (int)count, out, room);
    int last = first < 0 ? -1 : lame_encode_flush(lame, out + first, room - first);
    if (last < 0)
        goto cleanup;
    *size = (size_t)first + (size_t)last;
    *audio = out;
    out = NULL;
    result = RF_OK;
cleanup:
    if (lame != NULL)
        lame_close(lame);
    free(out);
    return result;
}

static enum rf_err encode_plain(const int16_t *samples, size_t count,
                                const struct sim_format *format, unsigned char **audio,
                                size_t *size) {
    size_t width = format->codec == SIM_ULAW ? 1 : 2;
    unsigned char *out = malloc(count * width);
    if (out == NULL)
        return RF_ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (format->codec == SIM_ULAW) {
            out[i] = to_ulaw(samples[i]);
        } else {
            out[2 * i] = (unsigned char)((uint16_t)samples[i] & 255);
            out[2 * i + 1] = (unsigned char)((uint16_t)samples[i] >> 8);
        }
    }
    *audio = out;
    *size = count * width;
    return RF_OK;
}

enum rf_err sim_speech_make(const char *voice, const char *text, const struct sim_format *format,
                            unsigned char **audio, size_t *size) {
    size_t count = 0;
    int16_t *samples = melody(voice, text, format->rate, &count);
    if (samples == NULL)
        return RF_ERR_NOMEM;
    enum rf_err result = format->codec == SIM_MP3
                             ? encode_mp3(samples, count, format, audio, size)
                             : encode_plain(samples, count, format, audio, size);
    free(samples);
    return result;
}
