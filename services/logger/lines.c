#include "lines.h"

static bool is_same(const struct rf_lines *lines, uint64_t list,
                    const struct rf_redaction *redaction) {
    return list != 0 && lines->list == list && lines->redaction == rf_redaction_number(redaction);
}

static void make(struct rf_lines *lines, const struct rf_redaction *redaction,
                 const struct rf_event *events, size_t count, enum rf_line kind,
                 struct rf_text *out, bool both) {
    struct rf_text *other = both ? &lines->ready : NULL;
    lines->ready.size = 0;
    lines->whose = kind == RF_LINE_JSON ? RF_LINE_TEXT : RF_LINE_JSON;
    for (size_t i = 0; i < count; i++)
        if (kind == RF_LINE_JSON)
            rf_record(&lines->recorder, redaction, &events[i], out, other);
        else
            rf_record(&lines->recorder, redaction, &events[i], other, out);
    if (lines->ready.failed) // the other makes its own
        rf_text_fini(&lines->ready);
}

// Those that are ready become the reader's, and its room that of the next ones.
static void give(struct rf_lines *lines, struct rf_text *out) {
    struct rf_text room = *out;
    if (out->size > 0 || out->failed) {
        rf_text_add_bytes(out, lines->ready.data, lines->ready.size);
    } else {
        *out = lines->ready;
        lines->ready = room;
    }
    lines->ready.size = 0;
}

void rf_lines_take(struct rf_lines *lines, uint64_t list, const struct rf_redaction *redaction,
                   const struct rf_event *events, size_t count, enum rf_line kind,
                   struct rf_text *out) {
    bool same = is_same(lines, list, redaction), made = lines->ready.size > 0;
    if (same && made && lines->whose == kind) {
        give(lines, out);
        return;
    }
    if (same || made) // made for nobody: the other has gone elsewhere
        lines->side_by_side = same;
    lines->list = list;
    lines->redaction = rf_redaction_number(redaction);
    make(lines, redaction, events, count, kind, out, lines->side_by_side && !same);
}

void rf_lines_fini(struct rf_lines *lines) {
    rf_recorder_fini(&lines->recorder);
    rf_text_fini(&lines->ready);
}
