#include "stream_book.h"

#include <stdlib.h>
#include <string.h>

void rf_stream_book_init(struct rf_stream_book *book, struct rf_duration idle) {
    *book = (struct rf_stream_book){.idle = idle};
    TAILQ_INIT(&book->ages);
}

static void forget(struct rf_stream_book *book, struct rf_stream_row *row) {
    TAILQ_REMOVE(&book->ages, row, by_age);
    rf_map_remove(&book->rows, &row->by_name);
    free(row->name);
    free(row);
}

void rf_stream_book_fini(struct rf_stream_book *book) {
    struct rf_stream_row *row, *next;
    for (row = TAILQ_FIRST(&book->ages); row != NULL; row = next) {
        next = TAILQ_NEXT(row, by_age);
        free(row->name);
        free(row);
    }
    rf_map_fini(&book->rows);
    TAILQ_INIT(&book->ages);
}

static struct rf_stream_row *find(const struct rf_stream_book *book, const char *name) {
    struct rf_map_node *node = rf_map_find_text(&book->rows, name);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_stream_row, by_name);
}

static void hear(struct rf_stream_book *book, struct rf_stream_row *row, struct rf_instant now) {
    row->heard = now;
    TAILQ_REMOVE(&book->ages, row, by_age);
    TAILQ_INSERT_TAIL(&book->ages, row, by_age);
}

static struct rf_stream_row *add(struct rf_stream_book *book, const char *name) {
    struct rf_stream_row *row = calloc(1, sizeof *row);
    if (row == NULL)
        return NULL;
    row->name = strdup(name);
    if (row->name == NULL || !rf_map_add_text(&book->rows, &row->by_name, row->name)) {
        free(row->name);
        free(row);
        return NULL;
    }
    TAILQ_INSERT_TAIL(&book->ages, row, by_age);
    return row;
}

enum rf_err rf_stream_book_open(struct rf_stream_book *book, const char *name, int64_t next,
                                struct rf_instant now, int64_t *last) {
    size_t length = strlen(name);
    if (length == 0 || length > RF_STREAM_NAME_BYTES || next < 1)
        return RF_ERR_INVALID;
    struct rf_stream_row *row = find(book, name);
    if (row == NULL) {
        if (book->rows.count >= RF_STREAM_BOOK_MAX) {
            forget(book, TAILQ_FIRST(&book->ages));
            book->forgotten++;
        }
        row = add(book, name);
        if (row == NULL)
            return RF_ERR_NOMEM;
        row->last = next - 1;
    }
    hear(book, row, now);
    *last = row->last;
    return RF_OK;
}

enum rf_stream_verdict rf_stream_book_check(struct rf_stream_book *book, const char *name,
                                            int64_t seq, struct rf_instant now, int64_t *last) {
    struct rf_stream_row *row = find(book, name);
    *last = 0;
    if (row == NULL)
        return RF_STREAM_CLOSED;
    hear(book, row, now);
    *last = row->last;
    if (seq <= row->last)
        return RF_STREAM_DUPLICATE;
    return seq == row->last + 1 ? RF_STREAM_NEW : RF_STREAM_GAP;
}

bool rf_stream_book_advance(struct rf_stream_book *book, const char *name, int64_t seq,
                            struct rf_instant now) {
    struct rf_stream_row *row = find(book, name);
    if (row == NULL)
        return false;
    hear(book, row, now);
    if (seq > row->last)
        row->last = seq;
    return true;
}

bool rf_stream_book_wake(const struct rf_stream_book *book, struct rf_instant *when) {
    const struct rf_stream_row *oldest = TAILQ_FIRST(&book->ages);
    if (oldest == NULL)
        return false;
    *when = rf_instant_add(oldest->heard, book->idle);
    return true;
}

void rf_stream_book_expire(struct rf_stream_book *book, struct rf_instant now) {
    struct rf_instant when;
    while (rf_stream_book_wake(book, &when) && !rf_instant_before(now, when)) {
        forget(book, TAILQ_FIRST(&book->ages));
        book->forgotten++;
    }
}
