#include "measure.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

static const char ellipsis[] = "...";

struct rf_measure rf_measure_text(const char *text, size_t limit, rf_cost_fn *cost) {
    struct rf_measure m = {0};
    size_t size = strlen(text);
    while (m.bytes < size) {
        uint32_t code = 0;
        size_t length = rf_utf8_decode(text + m.bytes, size - m.bytes, &code);
        size_t units = code > 0xFFFF ? 2 : 1;
        if (length == 0)
            length = 1;
        if (cost != NULL && length == 1)
            units += cost(text[m.bytes]);
        if (m.units + units > limit)
            break;
        m.bytes += length;
        m.units += units;
        m.characters++;
    }
    return m;
}

char *rf_measure_cut(const char *text, size_t limit, rf_cost_fn *cost) {
    size_t dots = rf_measure_text(ellipsis, SIZE_MAX, cost).units;
    struct rf_measure whole = rf_measure_text(text, limit, cost);
    if (text[whole.bytes] == '\0')
        return strdup(text);
    whole = rf_measure_text(text, limit > dots ? limit - dots : 0, cost);
    char *cut = NULL;
    return asprintf(&cut, "%.*s%s", (int)whole.bytes, text, limit > dots ? ellipsis : "") < 0 ? NULL
                                                                                              : cut;
}
