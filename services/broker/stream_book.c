#include "stream_book.h"

#include <stdlib.h>
#include <string.h>

void rf_stream_book_init(struct rf_stream_book *book, struct rf_duration idle, int64_t numbers,
                         rf_stream_forgotten_fn *on_forget, void *arg) {
    *book = (struct rf_stream_book){
        .idle = idle, .numbers = numbers, .on_forget = on_forget, .arg = arg};
    TAILQ_INIT(&book->ages);
}

// ---- owners ----

static struct rf_stream_owner *owner_of(struct rf_stream_book *book, const char *name) {
    struct rf_map_node *node = rf_map_find_text(&book->owners, name);
    if (node != NULL)
        return RF_OWNER(node, struct rf_stream_owner, by_name);
    size_t size = strlen(name) + 1;
    struct rf_stream_owner *owner = calloc(1, sizeof *owner + size);
    if (owner == NULL)
        return NULL;
    memcpy(owner->name, name, size);
    TAILQ_INIT(&owner->rows);
    if (!rf_map_add_text(&book->owners, &owner->by_name, owner->name)) {
        free(owner);
        return NULL;
    }
    return owner;
}

static void forget_owner(struct rf_stream_book *book, struct rf_stream_owner *owner) {
    if (owner->count > 0)
        return;
    rf_map_remove(&book->owners, &owner->by_name);
    free(owner);
}

static void leave(struct rf_stream_book *book, struct rf_stream_row *row) {
    TAILQ_REMOVE(&row->owner->rows, row, in_owner);
    row->owner->count--;
    forget_owner(book, row->owner);
}

static void join(struct rf_stream_owner *owner, struct rf_stream_row *row) {
    row->owner = owner;
    owner->count++;
    TAILQ_INSERT_TAIL(&owner->rows, row, in_owner);
}

static bool is(const struct rf_stream_owner *owner, const char *name) {
    return strcmp(owner->name, name) == 0;
}

static bool has_key(const struct rf_stream_owner *owner) {
    return !is(owner, RF_STREAM_KEYLESS) && !is(owner, RF_STREAM_ANYBODYS);
}

// ---- rows ----

static void free_row(struct rf_stream_book *book, struct rf_stream_row *row) {
    leave(book, row);
    free(row->name);
    free(row);
}

static void forget(struct rf_stream_book *book, struct rf_stream_row *row) {
    if (book->on_forget != NULL)
        book->on_forget(book->arg, row);
    book->forgotten++;
    TAILQ_REMOVE(&book->ages, row, by_age);
    rf_map_remove(&book->rows, &row->by_name);
    free_row(book, row);
}

void rf_stream_book_fini(struct rf_stream_book *book) {
    struct rf_stream_row *row, *next;
    for (row = TAILQ_FIRST(&book->ages); row != NULL; row = next) {
        next = TAILQ_NEXT(row, by_age);
        free_row(book, row);
    }
    rf_map_fini(&book->rows);
    rf_map_fini(&book->owners);
    TAILQ_INIT(&book->ages);
}

struct rf_stream_row *rf_stream_book_find(const struct rf_stream_book *book, const char *name) {
    struct rf_map_node *node = rf_map_find_text(&book->rows, name);
    return node == NULL ? NULL : RF_OWNER(node, struct rf_stream_row, by_name);
}

void rf_stream_book_hear(struct rf_stream_book *book, struct rf_stream_row *row,
                         struct rf_instant now) {
    row->heard = now;
    TAILQ_REMOVE(&book->ages, row, by_age);
    TAILQ_INSERT_TAIL(&book->ages, row, by_age);
    TAILQ_REMOVE(&row->owner->rows, row, in_owner);
    TAILQ_INSERT_TAIL(&row->owner->rows, row, in_owner);
}

static struct rf_stream_row *make_row(struct rf_stream_book *book, const char *name) {
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

// What one key opens pushes nobody else's streams out. The owner's count has the new one already.
static void keep_bound(struct rf_stream_book *book, const struct rf_stream_owner *owner) {
    if (has_key(owner) && owner->count > RF_STREAM_BOOK_OF_ONE)
        forget(book, TAILQ_FIRST(&owner->rows));
    else if (book->rows.count >= RF_STREAM_BOOK_MAX)
        forget(book, TAILQ_FIRST(&book->ages));
}

static struct rf_stream_row *add(struct rf_stream_book *book, const char *name,
                                 const char *owner_name, bool bounded) {
    struct rf_stream_owner *owner = owner_of(book, owner_name);
    if (owner == NULL)
        return NULL;
    owner->count++; // so that it stays, whatever is forgotten
    if (bounded)
        keep_bound(book, owner);
    struct rf_stream_row *row = make_row(book, name);
    owner->count--;
    if (row == NULL)
        forget_owner(book, owner);
    else
        join(owner, row);
    return row;
}

static enum rf_err take_over(struct rf_stream_book *book, struct rf_stream_row *row,
                             const struct rf_stream_claim *claim) {
    if (!claim->takes && !is(row->owner, RF_STREAM_ANYBODYS))
        return RF_ERR_CONFLICT;
    struct rf_stream_owner *owner = owner_of(book, claim->owner);
    if (owner == NULL)
        return RF_ERR_NOMEM;
    leave(book, row);
    join(owner, row);
    if (has_key(owner) && owner->count > RF_STREAM_BOOK_OF_ONE)
        forget(book, TAILQ_FIRST(&owner->rows)); // another: this one is the last
    return RF_OK;
}

static enum rf_err make(struct rf_stream_book *book, const char *name, int64_t next,
                        const char *owner, struct rf_stream_row **out) {
    struct rf_stream_row *row = *out = add(book, name, owner, true);
    if (row == NULL)
        return RF_ERR_NOMEM;
    row->number = ++book->numbers;
    row->last = row->written = next - 1;
    return RF_OK;
}

enum rf_err rf_stream_book_open(struct rf_stream_book *book, const char *name, int64_t next,
                                const struct rf_stream_claim *claim, struct rf_instant now,
                                struct rf_stream_row **row, bool *moved) {
    size_t length = strlen(name);
    *moved = false;
    if (length == 0 || length > RF_STREAM_NAME_BYTES || next < 1)
        return RF_ERR_INVALID;
    enum rf_err err = RF_OK;
    *row = rf_stream_book_find(book, name);
    if (*row == NULL)
        err = make(book, name, next, claim->owner, row);
    else if ((*moved = !is((*row)->owner, claim->owner)))
        err = take_over(book, *row, claim);
    if (err == RF_OK)
        rf_stream_book_hear(book, *row, now);
    return err;
}

enum rf_err rf_stream_book_restore(struct rf_stream_book *book, int64_t number, const char *name,
                                   int64_t last, const char *owner, struct rf_instant heard) {
    // Nothing can be written yet, so nothing is forgotten.
    struct rf_stream_row *row = add(book, name, owner, false);
    if (row == NULL)
        return RF_ERR_NOMEM;
    row->number = number;
    row->last = row->written = last;
    row->heard = heard;
    row->on_disk = true;
    return RF_OK;
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
