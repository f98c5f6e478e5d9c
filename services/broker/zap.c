#include "zap.h"

#include <string.h>

enum { VERSION, ID, DOMAIN, ADDRESS, IDENTITY, MECHANISM, CREDENTIALS };

static bool frame_is(const struct rf_bytes *frame, const char *text) {
    return frame->size == strlen(text) && memcmp(frame->data, text, frame->size) == 0;
}

// Cut, if it must be: nobody is let in for a longer one.
static void copy(const struct rf_bytes *frame, char *out, size_t size) {
    size_t length = frame->size < size ? frame->size : size - 1;
    if (length > 0)
        memcpy(out, frame->data, length);
    out[length] = '\0';
}

bool rf_zap_parse(const struct rf_bytes *frames, size_t count, struct rf_zap_request *request) {
    if (count <= MECHANISM || !frame_is(&frames[VERSION], RF_ZAP_VERSION))
        return false;
    *request = (struct rf_zap_request){.id = frames[ID]};
    copy(&frames[DOMAIN], request->domain, sizeof request->domain);
    copy(&frames[ADDRESS], request->address, sizeof request->address);
    if (frame_is(&frames[MECHANISM], "CURVE") && count == CREDENTIALS + 1)
        rf_curve_key_text(frames[CREDENTIALS].data, frames[CREDENTIALS].size, request->key);
    return true;
}

struct rf_zap_answer rf_zap_decide(const struct rf_zap_request *request,
                                   const struct rf_keyring *ring) {
    if (request->key[0] == '\0')
        return (struct rf_zap_answer){"400", "it does not speak CURVE", ""};
    const struct rf_principal *principal = rf_keyring_find(ring, request->key);
    if (principal == NULL || principal->roles == 0)
        return (struct rf_zap_answer){"400", "its key is not in the list", ""};
    if (strcmp(request->domain, RF_ZAP_EVENTS) == 0 && (principal->roles & RF_ROLE_SUBSCRIBER) == 0)
        return (struct rf_zap_answer){"400", "its key has not the role subscriber", ""};
    return (struct rf_zap_answer){"200", "", principal->key};
}
