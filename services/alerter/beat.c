#include "heartbeat.h"

bool rf_beat_due(struct rf_beat *beat, const char *trouble, enum rf_beat_news *news) {
    bool silent = trouble != NULL;
    *news = silent == beat->silent ? RF_BEAT_SAME : silent ? RF_BEAT_FAILS : RF_BEAT_WORKS;
    beat->silent = silent;
    return !silent;
}

enum rf_beat_news rf_beat_heard(struct rf_beat *beat, bool taken) {
    bool changed = taken == beat->unheard;
    beat->unheard = !taken;
    if (!changed)
        return RF_BEAT_SAME;
    return taken ? RF_BEAT_WORKS : RF_BEAT_FAILS;
}
