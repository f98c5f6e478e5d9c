// The breakers' states as the authority told them last.
#include <stdlib.h>
#include <string.h>

#include "bus/serving.h"

static void view_clear(struct rf_breaker_view *view) {
    free((void *)view->service);
    free((void *)view->state);
    free((void *)view->cause);
    free((void *)view->mode);
    free((void *)view->force);
    free((void *)view->force_who);
    free((void *)view->force_why);
    *view = (struct rf_breaker_view){.service = NULL};
}

static bool text_copy(const char **copy, const char *text) {
    *copy = text == NULL ? NULL : strdup(text);
    return *copy != NULL || text == NULL;
}

static bool view_copy(struct rf_breaker_view *copy, const struct rf_breaker_view *view) {
    *copy = *view;
    bool all = text_copy(&copy->service, view->service);
    all &= text_copy(&copy->state, view->state);
    all &= text_copy(&copy->cause, view->cause);
    all &= text_copy(&copy->mode, view->mode);
    all &= text_copy(&copy->force, view->force);
    all &= text_copy(&copy->force_who, view->force_who);
    all &= text_copy(&copy->force_why, view->force_why);
    if (all)
        return true;
    view_clear(copy);
    return false;
}

static struct rf_breaker_view *place_of(struct rf_worker *worker, const char *service) {
    for (size_t i = 0; i < worker->view_count; i++)
        if (strcmp(worker->views[i].service, service) == 0)
            return &worker->views[i];
    struct rf_breaker_view *views =
        realloc(worker->views, (worker->view_count + 1) * sizeof *views);
    if (views == NULL)
        return NULL;
    worker->views = views;
    views[worker->view_count] = (struct rf_breaker_view){.service = NULL};
    return &views[worker->view_count];
}

// Without memory the old view stays, or the service has none: the broker only learns less from us.
static void view_keep(struct rf_worker *worker, const struct rf_breaker_view *view) {
    struct rf_breaker_view copy;
    struct rf_breaker_view *place = place_of(worker, view->service);
    if (place == NULL || !view_copy(&copy, view))
        return;
    if (place == &worker->views[worker->view_count])
        worker->view_count++;
    view_clear(place);
    *place = copy;
}

void rf_views_take(struct rf_worker *worker, const struct rf_breaker_states *states) {
    for (size_t i = 0; i < states->breakers.count; i++) {
        view_keep(worker, &states->breakers.items[i]);
        if (worker->handlers->breaker != NULL)
            worker->handlers->breaker(worker->arg, &states->breakers.items[i]);
    }
}

void rf_views_fini(struct rf_worker *worker) {
    for (size_t i = 0; i < worker->view_count; i++)
        view_clear(&worker->views[i]);
    free(worker->views);
    worker->views = NULL;
    worker->view_count = 0;
}
