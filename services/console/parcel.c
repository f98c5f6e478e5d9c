#include "parcel.h"

#include <stdlib.h>
#include <string.h>

#include "events/json_line.h"
#include "events/text.h"

struct console_parcel *console_parcel_new(const char *kind, const char *id, json_t *json) {
    struct rf_text text = {0};
    rf_text_add(&text, "event: %s\n", kind);
    if (id != NULL)
        rf_text_add(&text, "id: %s\n", id);
    rf_text_add(&text, "data: ");
    if (json == NULL)
        text.failed = true;
    else
        rf_json_line_tree(&text, json);
    rf_text_add(&text, "\n\n");
    json_decref(json);
    struct console_parcel *parcel = text.failed ? NULL : malloc(sizeof *parcel + text.size);
    if (parcel != NULL) {
        parcel->holders = 1;
        parcel->size = text.size;
        memcpy(parcel->data, text.data, text.size);
    }
    rf_text_fini(&text);
    return parcel;
}

struct console_parcel *console_parcel_hold(struct console_parcel *parcel) {
    if (parcel != NULL)
        parcel->holders++;
    return parcel;
}

void console_parcel_drop(struct console_parcel **parcel) {
    if (*parcel != NULL && --(*parcel)->holders == 0)
        free(*parcel);
    *parcel = NULL;
}
