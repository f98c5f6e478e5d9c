#include "stream_book.h"

#include <stdlib.h>
#include <string.h>

void rf_stream_book_init(struct rf_stream_book *book, struct rf_duration idle, int64_t numbers,
                         rf_stream_forgotten_fn *on_forget, void *arg) {
    *book = (struct rf_stream_book){
        .idle = idle, .numbers = numbers, .on_forget = on_forget, .arg = arg};
    TAILQ_INIT(&book->ages);
}

static void forget(struct rf_stream_book *book, struct rf_stream_row *row) {
    if (book->on_forget != NULL)
        book->on_forget(book->arg, row);
    book->forgotten++;
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

static void keep_bound(struct rf_stream_book *book) {
    if (book->rows.count >= RF_STREAM_BOOK_MAX)
        forget(book, TAILQ_FIRST(&book->ages));
}

enum rf_err rf_stream_book_open(struct rf_stream_book *book, const char *name, int64_t next,
                                struct rf_instant now, struct rf_stream_row **out) {
    size_t length = strlen(name);
    if (length == 0 || length > RF_STREAM_NAME_BYTES || next < 1)
        return RF_ERR_INVALID;
    struct rf_stream_row *row = find(book, name);
    if (row == NULL) {
        keep_bound(book);
        row = add(book, name);
        if (row == NULL)
            return RF_ERR_NOMEM;
        row->number = ++book->numbers;
        row->last = row->written = next - 1;
    }
    hear(book, row, now);
    *out = row;
    return RF_OK;
}

enum rf_err rf_stream_book_restore(struct rf_stream_book *book, int64_t number, const char *name,
                                   int64_t last, struct rf_instant heard) {
    keep_bound(book);
    struct rf_stream_row *row = add(book, name);
    if (row == NULL)
        return RF_ERR_NOMEM;
    row->number = number;
    row->last = row->written = last;
    row->heard = heard;
    row->on_disk = true;
    return RF_OK;
}

struct rf_stream_row *rf_stream_book_find(struct rf_stream_book *book, const char *name,
                                          struct rf_instant now) {
    struct rf_stream_row *row = find(book, name);
    if (row != NULL)
        hear(book, row, now);
    return row;
}

enum rf_stream_verdict rf_stream_row_check(const struct rf_stream_row *row, int64_t seq) {
    if (seq <= row->last)
        return RF_STREAM_DUPLICATE;
    return seq == row->last + 1 ? RF_STREAM_NEW : RF_STREAM_GAP;
}

void rf_stream_row_advance(struct rf_stream_row *row, int64_t seq) {
    if (seq > row->last)
        row->last = seq;
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
    while (rf_stream_book_wake(book, &when) && !rf_instant_before(now, when))
        forget(book, TAILQ_FIRST(&book->ages));
}
