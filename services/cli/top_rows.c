#include "top_rows.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "screen.h"

const char *cli_top_order_name(enum cli_top_order order) {
    static const char *const names[] = {"as told", "name", "state", "load", "memory", "time"};
    return names[order];
}

bool cli_top_fits(const struct cli_top_view *view, const char *line) {
    return view->filter[0] == '\0' || strcasestr(line, view->filter) != NULL;
}

struct cli_top_row *cli_top_rows_add(struct cli_top_rows *rows, const char *name) {
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity == 0 ? 16 : 2 * rows->capacity;
        struct cli_top_row *larger = realloc(rows->items, capacity * sizeof *larger);
        if (larger == NULL) {
            rows->failed = true;
            return NULL;
        }
        rows->items = larger;
        rows->capacity = capacity;
    }
    struct cli_top_row *row = &rows->items[rows->count];
    *row = (struct cli_top_row){.name = name, .place = rows->count};
    rows->count++;
    return row;
}

static int compare(const void *a, const void *b, void *arg) {
    const struct cli_top_row *left = a, *right = b;
    const struct cli_top_view *view = arg;
    double difference = right->figure[view->order] - left->figure[view->order];
    int result = view->order == CLI_TOP_BY_NAME ? strcasecmp(left->name, right->name)
                 : difference > 0               ? 1
                 : difference < 0               ? -1
                                                : 0;
    if (result == 0) // equal ones do not change places from one picture to the next
        result = left->place < right->place ? -1 : 1;
    return view->inverted ? -result : result;
}

void cli_top_rows_tell(struct cli_top_rows *rows, const char *title, struct rf_text *text) {
    struct rf_text lines = {0};
    size_t shown = 0;
    if (rows->count > 0)
        qsort_r(rows->items, rows->count, sizeof *rows->items, compare,
                (void *)(uintptr_t)rows->view);
    for (size_t i = 0; i < rows->count; i++) {
        struct rf_text *line = &rows->items[i].text;
        lines.failed = lines.failed || line->failed;
        if (line->data != NULL && cli_top_fits(rows->view, line->data)) {
            rf_text_add_bytes(&lines, line->data, line->size);
            rf_text_add(&lines, "\n");
            shown++;
        }
        rf_text_fini(line);
    }
    rf_text_add(text, "%s" CLI_SCREEN_BOLD "%s (", text->size > 0 ? "\n" : "", title);
    if (rows->view->filter[0] != '\0')
        rf_text_add(text, "%zu of ", shown);
    rf_text_add(text, "%zu)\n", rows->count);
    if (lines.data != NULL)
        rf_text_add_bytes(text, lines.data, lines.size);
    text->failed = text->failed || lines.failed || rows->failed;
    rf_text_fini(&lines);
    free(rows->items);
    *rows = (struct cli_top_rows){.view = rows->view};
}
