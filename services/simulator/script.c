#include "script.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"

#define SUBJECT_BYTES 400

static const char *const openings[] = {
    "Hello, this is a short call for you.",
    "Good day, thank you for taking this call.",
    "Hello, I am calling with a quick reminder.",
    "Hi, this will only take a moment.",
};

static const char *const closings[] = {
    "Thank you, and have a good day.",
    "Please call us back if anything has changed.",
    "We look forward to hearing from you.",
    "Goodbye, and take care.",
};

struct span {
    const char *start;
    size_t size;
};

static struct span quoted(const char *prompt) {
    const char *end = strrchr(prompt, '"');
    const char *start = end;
    while (start > prompt && start[-1] != '"')
        start--;
    if (end == NULL || start == prompt || start == end)
        return (struct span){NULL, 0};
    return (struct span){start, (size_t)(end - start)};
}

static struct span last_line(const char *prompt) {
    const char *end = prompt + strlen(prompt);
    while (end > prompt && isspace((unsigned char)end[-1]))
        end--;
    const char *start = end;
    while (start > prompt && start[-1] != '\n')
        start--;
    return (struct span){start, (size_t)(end - start)};
}

// Cuts to the bound without cutting a UTF-8 character in two.
static size_t bounded(struct span text) {
    if (text.size <= SUBJECT_BYTES)
        return text.size;
    size_t size = SUBJECT_BYTES;
    while (size > 0 && ((unsigned char)text.start[size] & 0xc0) == 0x80)
        size--;
    return size;
}

char *sim_script_write(const char *prompt) {
    char digest[RF_SHA256_HEX_SIZE];
    rf_sha256_hex(prompt, strlen(prompt), digest);
    struct span subject = quoted(prompt);
    if (subject.start == NULL)
        subject = last_line(prompt);
    unsigned first = (unsigned char)digest[0], second = (unsigned char)digest[1];
    char *text;
    if (asprintf(&text, "%s %.*s %s Reference %.8s.", openings[first % 4], (int)bounded(subject),
                 subject.start, closings[second % 4], digest) < 0)
        return NULL;
    return text;
}
