#include "keeper.h"

#include "base/log.h"

void rf_keeper_init(struct rf_keeper *keeper, struct rf_loop *loop, struct rf_store *store,
                    const char *what) {
    *keeper =
        (struct rf_keeper){.loop = loop, .store = store, .what = what, .wait = RF_KEEPER_WAIT};
}

static void submit(void *arg) {
    struct rf_kept *kept = arg;
    rf_store_submit(kept->keeper->store, &kept->job);
}

static void take_out(struct rf_kept *kept) {
    rf_timer_stop(&kept->timer);
    *kept->link = kept->next;
    if (kept->next != NULL)
        kept->next->link = kept->link;
}

static void say_failing(struct rf_keeper *keeper, const struct rf_error *error) {
    if (!keeper->failing)
        rf_log(RF_LOG_ERROR, "cannot keep %s, goes on trying: %s", keeper->what, error->message);
    keeper->failing = true;
}

static void say_working(struct rf_keeper *keeper) {
    if (keeper->failing)
        rf_log(RF_LOG_INFO, "%s can be kept again", keeper->what);
    keeper->failing = false;
}

static enum rf_err run(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_kept *kept = (struct rf_kept *)job;
    return kept->run(kept, db, error);
}

static void done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_kept *kept = (struct rf_kept *)job;
    struct rf_keeper *keeper = kept->keeper;
    kept->failing = result != RF_OK;
    if (kept->failing) {
        say_failing(keeper, error);
        if (!keeper->closing)
            rf_timer_after(&kept->timer, keeper->wait);
        return;
    }
    say_working(keeper);
    take_out(kept);
    if (keeper->closing)
        kept->drop(kept);
    else
        kept->stored(kept);
}

void rf_keeper_keep(struct rf_keeper *keeper, struct rf_kept *kept) {
    kept->keeper = keeper;
    kept->job = (struct rf_store_job){.run = run, .done = done};
    kept->failing = false;
    rf_timer_init(&kept->timer, keeper->loop, submit, kept);
    kept->link = &keeper->first;
    kept->next = keeper->first;
    if (kept->next != NULL)
        kept->next->link = &kept->next;
    keeper->first = kept;
    submit(kept);
}

bool rf_keeper_idle(const struct rf_keeper *keeper) {
    return keeper->first == NULL;
}

void rf_keeper_close(struct rf_keeper *keeper) {
    keeper->closing = true;
    for (struct rf_kept *kept = keeper->first; kept != NULL; kept = kept->next)
        rf_timer_stop(&kept->timer);
}

void rf_keeper_fini(struct rf_keeper *keeper) {
    while (keeper->first != NULL) {
        struct rf_kept *kept = keeper->first;
        take_out(kept);
        kept->drop(kept);
    }
}
