#include "reason.h"

#include <string.h>

static const struct rf_reason_row rows[RF_REASON_COUNT] = {
#define X(id, kind, name, words, mend) [RF_REASON_##id] = {RF_REASON_##kind, name, words, mend},
    RF_REASONS(X)
#undef X
};

const struct rf_reason_row *rf_reason_row(enum rf_reason reason) {
    return &rows[reason];
}

const char *rf_reason_name(enum rf_reason reason) {
    return rows[reason].name;
}

const struct rf_reason_row *rf_reason_find(enum rf_contact_state state, const char *name) {
    enum rf_reason_kind kind = state == RF_CONTACT_SET_ASIDE ? RF_REASON_ENDS
                               : state == RF_CONTACT_ASK     ? RF_REASON_ASKS
                                                             : RF_REASON_WAITS;
    for (size_t i = 0; name && i < RF_REASON_COUNT; i++)
        if (rows[i].kind == kind && strcmp(rows[i].name, name) == 0)
            return &rows[i];
    return NULL;
}
